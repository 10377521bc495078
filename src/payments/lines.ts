import type { PaymentStatus } from "../domain/payment.ts"
import type { Payment } from "../repo/PaymentsRepo.ts"

const words: Record<PaymentStatus, string> = {
  creating: "PIX_CREATING",
  pending: "PIX_CREATED",
  unknown: "PIX_UNKNOWN",
  paid: "PIX_PAID",
  expired: "PIX_EXPIRED",
  canceled: "PIX_CANCELED",
  failed: "PIX_FAILED",
  refunded: "PIX_REFUNDED",
  charged_back: "PIX_CHARGED_BACK"
}

/** `[PAYMENT][PIX_PAID] bot=vip user=7205343917 valor=9.90 status=paid` (contract, section 6). */
export const statusLine = (payment: Payment, status: PaymentStatus = payment.status, word = words[status]): string =>
  `[PAYMENT][${word}] ${whose(payment)} status=${status}`

export const whose = (payment: Payment): string =>
  `bot=${payment.botSlug ?? "?"} user=${payment.telegramId ?? "?"} valor=${reais(payment.valueCents)}`

/** What every line about a payment carries for the machine. */
export const fieldsOf = (payment: Payment) => ({
  ...(payment.requestId === null ? {} : { request_id: payment.requestId }),
  gateway: payment.gateway,
  payment_id: payment.id
})

const reais = (cents: number | null): string => (cents === null ? "?" : (cents / 100).toFixed(2))
