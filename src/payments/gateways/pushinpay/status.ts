import type { GatewayStatus } from "../../../domain/payment.ts"

/** The documented words and those that other integrations have met (facts/gateways, 1.5). */
const words: ReadonlyMap<string, GatewayStatus> = new Map([
  ["created", "pending"],
  ["pending", "pending"],
  ["paid", "paid"],
  ["approved", "paid"],
  ["completed", "paid"],
  ["pago", "paid"],
  ["canceled", "canceled"],
  ["cancelled", "canceled"],
  ["expired", "expired"],
  ["refunded", "refunded"],
  ["chargeback", "charged_back"],
  ["charged_back", "charged_back"]
])

export const isKnownStatus = (word: string): boolean => words.has(word.toLowerCase())

/**
 * What PushinPay's word means. It has no word of its own for a refund: a charge that is `canceled` and carries the
 * identifier of a PIX transfer was paid and given back.
 */
export const statusOf = (word: string, endToEndId: string | undefined): GatewayStatus => {
  const status = words.get(word.toLowerCase()) ?? "pending"
  return status === "canceled" && endToEndId !== undefined ? "refunded" : status
}
