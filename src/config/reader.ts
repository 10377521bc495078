import { Option, Redacted } from "effect"

export type Environment = Readonly<Record<string, string | undefined>>

/** Reads variables one by one and collects a PT-BR sentence for each one that does not fit. Empty counts as missing. */
export class Reader {
  readonly problems: Array<string> = []
  private readonly env: Environment

  constructor(env: Environment) {
    this.env = env
  }

  optional(name: string, valid: (value: string) => boolean, rule: string): Option.Option<string> {
    const value = this.raw(name)
    if (value === undefined) return Option.none()
    if (valid(value)) return Option.some(value)
    this.problems.push(`A variável ${name} está errada: ${rule}.`)
    return Option.none()
  }

  text(name: string, fallback: string): string {
    return this.raw(name) ?? fallback
  }

  secret(name: string): Option.Option<Redacted.Redacted<string>> {
    return Option.map(Option.fromUndefinedOr(this.raw(name)), (value) => Redacted.make(value, { label: name }))
  }

  url(name: string, fallback: string): string {
    const valid = (v: string) => URL.canParse(v) && /^https?:$/.test(new URL(v).protocol)
    const value = this.optional(name, valid, "deve ser um endereço http(s) completo")
    return Option.getOrElse(value, () => fallback).replace(/\/+$/, "")
  }

  port(name: string, fallback: number): number {
    const valid = (v: string) => /^\d{1,5}$/.test(v) && Number(v) <= 65535
    return Number(
      Option.getOrElse(this.optional(name, valid, "deve ser um número de porta entre 0 e 65535"), () => fallback)
    )
  }

  oneOf<const A extends string>(name: string, choices: ReadonlyArray<A>, fallback: NoInfer<A>): A {
    const value = this.raw(name)?.toLowerCase()
    if (value === undefined) return fallback
    const found = choices.find((choice) => choice === value)
    if (found === undefined) this.problems.push(`A variável ${name} está errada: deve ser ${choices.join(", ")}.`)
    return found ?? fallback
  }

  prefixed(prefix: string, valid: (value: string) => boolean, rule: string) {
    const found = new Map<string, Redacted.Redacted<string>>()
    for (const name of Object.keys(this.env)) {
      if (!name.startsWith(prefix) || name.length === prefix.length) continue
      Option.map(this.optional(name, valid, rule), (v) => found.set(name.slice(prefix.length), Redacted.make(v)))
    }
    return found
  }

  /** Variables that only make sense all together. */
  together(names: ReadonlyArray<string>): void {
    const missing = names.filter((name) => this.raw(name) === undefined)
    if (missing.length === 0 || missing.length === names.length) return
    for (const name of missing) {
      this.problems.push(
        `Falta a variável ${name}: ela é necessária junto com ${names.filter((n) => n !== name).join(", ")}.`
      )
    }
  }

  private raw(name: string): string | undefined {
    const value = this.env[name]?.trim()
    return value === undefined || value === "" ? undefined : value
  }
}
