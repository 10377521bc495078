import { Predicate } from "effect"
import { GrammyError, HttpError } from "grammy"
import { HeldBack } from "./HeldBack.ts"
import { refusals } from "./refusals.ts"
import { Ambiguous, BotUnusable, RateLimited, Rejected, Unreachable, type TelegramReason } from "./reasons.ts"
import { sanitiseDescription } from "./secrets.ts"

/**
 * What a failed call means for the caller (facts/telegram, section 3). Pure and total; `token` is only there to be
 * taken out of the text, whatever its shape.
 */
export const classify = (error: unknown, method: string, token?: string): TelegramReason => {
  if (error instanceof GrammyError) return fromAnswer(error, method, token)
  if (error instanceof HttpError) return fromNetwork(error.error, method)
  // Neither answered nor lost on the way: the call was never built (a payload that is not JSON).
  return new Rejected({ code: 0, description: `o pedido não pôde ser montado (${nameOf(error)})` })
}

const fromAnswer = (error: GrammyError, method: string, token: string | undefined): TelegramReason => {
  const code = error.error_code
  const description = sanitiseDescription(String(error.description ?? ""), token)
  if (code === 429) return new RateLimited({ retryAfterSeconds: retryAfter(error), description })
  if (code >= 500 || code === 408) return new Ambiguous({ harmless: isHarmless(method), description })
  if (code === 401) return new BotUnusable({ why: "unauthorized", description })
  if (code === 421) return new BotUnusable({ why: "misdirected", description })
  // An unknown method says "Not Found: method not found"; a token nobody knows says just this.
  if (code === 404 && /^not found$/i.test(description)) return new BotUnusable({ why: "not_found", description })
  const text = description.toLowerCase()
  for (const refusal of refusals) {
    if (refusal.contains.some((part) => text.includes(part))) {
      const reason = refusal.reason(description, error.parameters)
      if (reason !== undefined) return reason
    }
  }
  return new Rejected({ code, description })
}

const fallbackRetrySeconds = 5

const retryAfter = (error: GrammyError): number => {
  const said = Number(error.parameters?.retry_after ?? /retry after (\d+)/i.exec(error.description)?.[1])
  return Number.isFinite(said) && said > 0 ? said : fallbackRetrySeconds
}

const fromNetwork = (error: unknown, method: string): TelegramReason => {
  const code = codeOf(error)
  const description = `rede: ${code}`
  return neverLeft(error, code)
    ? new Unreachable({ description })
    : new Ambiguous({ harmless: isHarmless(method), description })
}

const connectCodes = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EAI_FAIL",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "EPROTO",
  "UND_ERR_CONNECT_TIMEOUT"
])

const neverLeft = (error: unknown, code: string): boolean => {
  if (error instanceof HeldBack) return true
  if (connectCodes.has(code)) return true
  // A certificate is judged before the first byte of HTTP.
  if (/^(ERR_TLS|ERR_SSL|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_)/.test(code)) return true
  if (!Predicate.isObject(error)) return false
  if ("syscall" in error && (error.syscall === "connect" || error.syscall === "getaddrinfo")) return true
  return code === "ECONNRESET" && "message" in error && String(error.message).includes("before secure TLS connection")
}

/** Only a code or a class name: the message of a network error contains the URL, and the URL the token. */
const codeOf = (error: unknown): string => {
  if (
    Predicate.isObject(error) &&
    "code" in error &&
    Predicate.isString(error.code) &&
    /^[A-Z0-9_]{3,60}$/.test(error.code)
  ) {
    return error.code
  }
  if (error instanceof Error && / timed out after \d+(\.\d+)? seconds$/.test(error.message)) return "tempo esgotado"
  return nameOf(error)
}

const nameOf = (error: unknown): string => {
  const name = error instanceof Error ? error.name : typeof error
  return /^[A-Za-z]{1,40}$/.test(name) ? name : "Error"
}

const harmless =
  /^(get|set|delete|edit|approve|decline|ban|unban|revoke|leave)|^answer(Callback|Inline|Shipping|PreCheckout)Query$|^sendChatAction$/

/** Methods whose repetition nobody sees. Everything else might duplicate a message or a link. */
export const isHarmless = (method: string): boolean => harmless.test(method)
