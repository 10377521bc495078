import { isReachable } from "../http/links.ts"
import type { Settings } from "./Options.ts"

export interface NewCharge {
  readonly valueCents: number
  readonly description: string | null
  readonly webhookUrl: string | null
  readonly client: Readonly<Record<string, unknown>> | null
}

/** An answer that is no charge. */
export interface Refusal {
  readonly status: number
  readonly body: { readonly message: string; readonly errors?: Readonly<Record<string, ReadonlyArray<string>>> }
}

type Params = Readonly<Record<string, unknown>>

/** Checks the body of a creation. The sentence for accounts without a limit is the literal one; the others are Laravel's. */
export const validate = (body: Params, settings: Settings): NewCharge | Refusal => {
  const { amount } = body
  if (typeof amount !== "number" || !(amount > 0))
    return invalid("amount", "O campo amount deve ser um número positivo.")
  const valueCents = Math.round(amount * 100)
  if (amount !== valueCents / 100) return invalid("amount", "O campo amount deve ter no máximo 2 casas decimais.")
  if (valueCents > settings.maxCents) {
    return { status: 400, body: { message: "Cashin exceeds max_cashin_without_fee" } }
  }
  const description = body["description"] ?? null
  if (description !== null && typeof description !== "string") {
    return invalid("description", "O campo description deve ser um texto.")
  }
  const webhookUrl = body["webhook_url"] ?? null
  if (webhookUrl !== null && !isReachable(webhookUrl)) {
    return invalid("webhook_url", "O campo webhook_url deve ser uma URL válida.")
  }
  const client = body["client"] ?? null
  if (client !== null) {
    const wrong = wrongField(client)
    if (wrong !== undefined) return invalid(`client.${wrong}`, `O campo client.${wrong} não é válido.`)
  }
  const split = body["split"]
  if (split !== undefined && !isSplit(split, settings.clientId)) {
    return invalid("split", "O campo split não é válido.")
  }
  return { valueCents, description, webhookUrl, client: client as NewCharge["client"] }
}

const invalid = (field: string, message: string): Refusal => ({
  status: 422,
  body: { message, errors: { [field]: [message] } }
})

const wrongField = (client: unknown): string | undefined => {
  const fields = (client ?? {}) as Record<string, unknown>
  const rules: Record<string, (value: string) => boolean> = {
    name: (value) => value.trim() !== "",
    cpf: isCpf,
    email: (value) => /^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(value),
    phone: (value) => /^(\+\d{10,15}|\d{10,11})$/.test(value)
  }
  return Object.keys(rules).find((name) => typeof fields[name] !== "string" || !rules[name]!(fields[name]))
}

const isCpf = (text: string): boolean => {
  const digits = Array.from(text.replace(/\D/g, ""), Number)
  if (digits.length !== 11 || digits.every((digit) => digit === digits[0])) return false
  const check = (length: number) => {
    const sum = digits.slice(0, length).reduce((total, digit, at) => total + digit * (length + 1 - at), 0)
    return ((sum * 10) % 11) % 10
  }
  return check(9) === digits[9] && check(10) === digits[10]
}

const isSplit = (value: unknown, own: string): boolean => {
  if (!Array.isArray(value) || value.length > 3) return false
  let sum = 0
  for (const item of value as ReadonlyArray<Record<string, unknown> | null>) {
    const percentage = item?.["percentage"]
    const user = item?.["user_id"]
    if (typeof percentage !== "number" || !Number.isInteger(percentage) || percentage < 1) return false
    if (typeof user !== "string" || user === own) return false
    sum += percentage
  }
  return sum <= 100
}
