import type { WebhookInfo } from "grammy/types"
import { maskSecrets } from "../log/mask.ts"

/** What makes Telegram deaf for a bot until its address is registered again; the words of a metric's label. */
export type Found = "no_address" | "other_address" | "missing_updates" | "wrong_secret" | "not_found"

export interface Drift {
  readonly found: Found
  /** PT-BR, without a capital: stands behind a colon. */
  readonly sentence: string
}

export interface Inspection {
  readonly drift: Drift | undefined
  /** What Telegram complains about now, for the seller. */
  readonly error: string | null
  readonly pending: number
}

/** A delivery that fails is tried again within two minutes: an error that is older than this is over. */
const freshMs = 15 * 60_000

/** Without a list of its own a bot hears of everything but these and reactions (facts/telegram, section 1). */
const notByDefault: ReadonlySet<string> = new Set(["chat_member"])

/**
 * What an answer of getWebhookInfo is worth. Errors from before our registration are of the past: Telegram forgets
 * them when an address is set, unless it was set already.
 */
export const inspect = (
  info: WebhookInfo,
  ours: { readonly url: string; readonly registeredAtMs: number; readonly updates: ReadonlyArray<string> },
  nowMs: number
): Inspection => {
  const error = currentError(info, ours.registeredAtMs, nowMs)
  const drift = addressDrift(info.url ?? "", ours.url) ?? updatesDrift(info, ours.updates) ?? answerDrift(error)
  return { drift, error: drift?.sentence ?? sentenceOf(error), pending: info.pending_update_count }
}

const currentError = (info: WebhookInfo, registeredAtMs: number, nowMs: number): string | undefined => {
  const atMs = (info.last_error_date ?? 0) * 1000
  return atMs > registeredAtMs && atMs > nowMs - freshMs ? info.last_error_message : undefined
}

const addressDrift = (url: string, ours: string): Drift | undefined => {
  if (url === ours) return undefined
  if (url === "") return { found: "no_address", sentence: "o Telegram não tem nenhum endereço para este bot" }
  return { found: "other_address", sentence: `o Telegram tem outro endereço, em ${hostOf(url)}` }
}

// Other systems put tokens into their addresses.
const hostOf = (url: string): string => URL.parse(url)?.host ?? "um lugar desconhecido"

const updatesDrift = (info: WebhookInfo, wanted: ReadonlyArray<string>): Drift | undefined => {
  const allowed: ReadonlyArray<string> | undefined = info.allowed_updates
  const missing = wanted.filter((name) => (allowed === undefined ? notByDefault.has(name) : !allowed.includes(name)))
  return missing.length === 0
    ? undefined
    : { found: "missing_updates", sentence: `o Telegram não avisa mais sobre ${missing.join(", ")}` }
}

const wrongResponse = /^Wrong response from the webhook: (\d{3})/

const answerDrift = (error: string | undefined): Drift | undefined => {
  switch (wrongResponse.exec(error ?? "")?.[1]) {
    case "401":
      return { found: "wrong_secret", sentence: "o Telegram usa uma senha que não é a deste bot (resposta 401)" }
    case "404":
      return { found: "not_found", sentence: "o endereço registrado respondeu que o bot não existe (resposta 404)" }
    default:
      return undefined
  }
}

const sentenceOf = (error: string | undefined): string | null => {
  if (error === undefined) return null
  const status = wrongResponse.exec(error)?.[1]
  if (status !== undefined) return `o nosso endereço respondeu ${status} ao Telegram`
  if (/timeout|timed out/i.test(error)) return "o nosso endereço não respondeu a tempo ao Telegram"
  if (/connect|closed|refused|unreachable/i.test(error)) return "o Telegram não conseguiu se conectar ao nosso endereço"
  return `o Telegram não conseguiu entregar: ${maskSecrets(error).slice(0, 200)}`
}
