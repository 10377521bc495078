import type { PaymentFact } from "../../../domain/report.ts"
import type { ReportFacts } from "../../../repo/ReportFactsRepo.ts"

/** facts/tracking, A.7. An expired PIX has no word of its own there: it stays `waiting_payment`. */
export const statusOf: Readonly<Record<PaymentFact, string>> = {
  pix_created: "waiting_payment",
  pix_paid: "paid",
  pix_refunded: "refunded",
  pix_charged_back: "chargedback"
}

const dayMs = 86_400_000
/** Less, for the way and the clocks. */
const marginMs = 10 * 60_000

/** UTMify takes an order for seven days, and what takes it back for 45; whoever breaks this may be blocked (A.8). */
export const longestAgeMs = (fact: PaymentFact): number =>
  (fact === "pix_refunded" || fact === "pix_charged_back" ? 45 : 7) * dayMs - marginMs

export interface OrderOptions {
  /** Of the placeholder address: nobody gives an e-mail to a bot, and UTMify wants one. */
  readonly mailDomain: string
  /** Whether something personal may be told. */
  readonly agreed: boolean
}

/** The whole order, as UTMify wants it each time (A.2–A.6): every key there, and only `ip` left out for want of one. */
export const orderOf = (fact: PaymentFact, facts: ReportFacts, { agreed, mailDomain }: OrderOptions) => {
  const total = facts.valueCents ?? 0
  const fee = Math.min(Math.max(facts.feeCents ?? (facts.netCents === null ? 0 : total - facts.netCents), 0), total)
  const paid = fact !== "pix_created"
  const takenBack = fact === "pix_refunded" || fact === "pix_charged_back"
  return {
    // Not the row's number: another installation of the same seller counts from one again.
    orderId: facts.transactionId,
    platform: "Funil",
    paymentMethod: "pix",
    status: statusOf[fact],
    createdAt: instant(facts.createdAt),
    approvedDate: paid ? instant(facts.paidAt ?? facts.createdAt) : null,
    refundedAt: takenBack ? instant(facts.refundedAt ?? facts.paidAt ?? facts.createdAt) : null,
    customer: {
      name: (agreed ? facts.personName?.trim() : "") || "Cliente",
      email: `${agreed && facts.botUserId !== null ? `cliente-${facts.botUserId}` : `pedido-${facts.transactionId}`}@${mailDomain}`,
      phone: null,
      document: null,
      country: "BR",
      ...(agreed && facts.ip !== null ? { ip: facts.ip } : {})
    },
    products: [
      {
        id: facts.planId === null ? "pix" : String(facts.planId),
        name: facts.planName ?? "PIX",
        planId: null,
        planName: null,
        quantity: 1,
        priceInCents: total
      }
    ],
    trackingParameters: {
      src: facts.src,
      sck: facts.sck,
      utm_source: facts.utmSource,
      utm_campaign: facts.utmCampaign,
      utm_medium: facts.utmMedium,
      utm_content: facts.utmContent,
      utm_term: facts.utmTerm
    },
    commission: {
      totalPriceInCents: total,
      gatewayFeeInCents: fee,
      userCommissionInCents: total - fee,
      currency: "BRL"
    }
  }
}

/** UTC, to the second, with a space and nothing behind it: an ISO text is refused. */
const instant = (at: Date | null): string | null => at?.toISOString().slice(0, 19).replace("T", " ") ?? null
