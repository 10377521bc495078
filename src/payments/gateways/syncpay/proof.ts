import { Redacted } from "effect"
import { createHmac } from "node:crypto"
import type { WebhookReading, WebhookRequest } from "../../PaymentGateway.ts"
import { sameSecret } from "../fields.ts"

/** A signature older than this, or from further in the future, may be a recording. */
const windowSeconds = 300

type Secret = Redacted.Redacted<string>

export type Proof = { readonly proof: WebhookReading["proof"] } | { readonly refused: string }

/**
 * What a webhook proves of itself: the newest contract signs its bytes, the one before it carries the webhook's token,
 * the oldest proves nothing. Without a token of our own to compare with, nothing is proven and nothing is wrong.
 */
export const proofOf = ({ body, headers }: WebhookRequest, tokens: ReadonlyArray<Secret>, nowMs: number): Proof => {
  if (tokens.length === 0) return { proof: "none" }
  const signature = headers["x-syncpay-signature"]
  if (signature !== undefined) return bySignature(signature, body, tokens, nowMs)
  const bearer = bearerOf(headers)
  if (bearer === undefined) return { proof: "none" }
  return tokens.some((token) => sameSecret(Redacted.value(token), bearer))
    ? { proof: "signed" }
    : { refused: "o token do cabeçalho authorization não confere" }
}

/** Whether it carries anything that a token could be compared with. */
export const claimsProof = ({ headers }: WebhookRequest): boolean =>
  headers["x-syncpay-signature"] !== undefined || bearerOf(headers) !== undefined

const bearerOf = (headers: WebhookRequest["headers"]): string | undefined =>
  /^bearer\s+(\S+)\s*$/i.exec(headers["authorization"] ?? "")?.[1]

/** `t=<unix seconds>,v1=<64 hex>`; signed are `t`, a dot and the raw body. */
const bySignature = (header: string, body: Uint8Array, tokens: ReadonlyArray<Secret>, nowMs: number): Proof => {
  const t = /(?:^|,)\s*t=(\d{1,12})\s*(?:,|$)/.exec(header)?.[1]
  const v1 = /(?:^|,)\s*v1=([0-9a-f]{64})\s*(?:,|$)/i.exec(header)?.[1]?.toLowerCase()
  if (t === undefined || v1 === undefined) return { refused: "a assinatura não tem a forma esperada" }
  if (!tokens.some((token) => sameSecret(hmac(token, t, body), v1))) return { refused: "a assinatura não confere" }
  return Math.abs(nowMs / 1000 - Number(t)) <= windowSeconds
    ? { proof: "signed" }
    : { refused: "a assinatura é de outra hora" }
}

const hmac = (token: Secret, t: string, body: Uint8Array): string =>
  createHmac("sha256", Redacted.value(token)).update(`${t}.`).update(body).digest("hex")
