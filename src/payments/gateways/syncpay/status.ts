import type { GatewayStatus } from "../../../domain/payment.ts"

/** The words of all generations of its API and of other integrations (facts/gateways, 2.6). */
const words: ReadonlyMap<string, GatewayStatus> = new Map([
  ["pending", "pending"],
  ["created", "pending"],
  ["processing", "pending"],
  ["waiting_for_approval", "pending"],
  ["waiting_for_aproval", "pending"],
  ["completed", "paid"],
  ["paid_out", "paid"],
  ["paid", "paid"],
  ["approved", "paid"],
  ["success", "paid"],
  ["succeeded", "paid"],
  ["failed", "failed"],
  ["refused", "failed"],
  ["declined", "failed"],
  ["rejected", "failed"],
  ["expired", "expired"],
  ["canceled", "canceled"],
  ["cancelled", "canceled"],
  ["refunded", "refunded"],
  // The Central Bank's special return procedure: the money is blocked from here on, whatever comes of it.
  ["med", "charged_back"],
  ["mediation", "charged_back"],
  ["infraction", "charged_back"],
  ["chargeback", "charged_back"],
  ["chargedback", "charged_back"]
])

export const isKnownStatus = (word: string): boolean => words.has(word.toLowerCase())

/** What SyncPay's word means; its dates of payment and refund say more than a word that lags behind them. */
export const statusOf = (word: string, paid: boolean, refunded: boolean): GatewayStatus => {
  const status = words.get(word.toLowerCase()) ?? "pending"
  if (refunded && (status === "pending" || status === "paid")) return "refunded"
  return paid && status === "pending" ? "paid" : status
}
