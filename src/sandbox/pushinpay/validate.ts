import { isReachable } from "../http/links.ts"
import type { SplitRule } from "./Charge.ts"
import type { Settings } from "./Options.ts"

export interface Request {
  readonly valueCents: number
  readonly webhookUrl: string | null
  readonly splitRules: ReadonlyArray<SplitRule>
}

/** A 422 in Laravel's form. */
export interface Invalid {
  readonly message: string
  readonly errors: Readonly<Record<string, ReadonlyArray<string>>>
}

const MIN_CENTS = 50

/** Checks the body of a creation; only the sentence for values under the minimum is known word by word. */
export const validate = (body: Record<string, unknown>, settings: Settings): Request | Invalid => {
  const { value, webhook_url: webhookUrl, split_rules: splitRules } = body
  if (value === undefined || value === null || value === "") return invalid("value", "O campo value é obrigatório.")
  const cents = typeof value === "string" ? Number(value) : value
  if (typeof cents !== "number" || !Number.isInteger(cents)) {
    return invalid("value", "O campo value deve ser um número inteiro.")
  }
  if (cents < MIN_CENTS) return invalid("value", `O campo value deve ser no mínimo ${MIN_CENTS}.`)
  if (cents > settings.maxCents)
    return invalid("value", `O valor máximo permitido por transação é ${settings.maxCents}.`)
  const url = webhookUrl === undefined || webhookUrl === null ? null : webhookUrl
  if (url !== null && !isReachable(url)) return invalid("webhook_url", "O campo webhook_url deve ser uma URL válida.")
  const splits = splitRules === undefined || splitRules === null ? [] : splitRules
  if (!Array.isArray(splits) || !splits.every(isSplit)) {
    return invalid("split_rules", "O campo split_rules deve ser uma lista de valores e contas.")
  }
  const total = splits.reduce((sum, split) => sum + split.value, 0)
  if (total > cents) return invalid("split_rules", "A soma dos splits é maior que o valor da transação.")
  if (total > cents / 2) return invalid("split_rules", "A soma dos splits passa de 50% do valor da transação.")
  return { valueCents: cents, webhookUrl: url, splitRules: splits }
}

const invalid = (field: string, message: string): Invalid => ({ message, errors: { [field]: [message] } })

const isSplit = (value: unknown): value is SplitRule => {
  const { value: cents, account_id: account } = (value ?? {}) as Partial<Record<keyof SplitRule, unknown>>
  return Number.isInteger(cents) && Number(cents) > 0 && typeof account === "string" && account !== ""
}
