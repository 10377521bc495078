import type { MetaEvent, ReportedStep } from "../../../domain/tracking.ts"
import type { ReportFacts } from "../../../repo/ReportFactsRepo.ts"
import { userDataOf } from "./userData.ts"

/** Meta takes events of at most seven days (facts/tracking, B.2); some minutes less, for the way and the clocks. */
export const longestAgeMs = 7 * 86_400_000 - 10 * 60_000

export interface Occurrence {
  readonly step: ReportedStep
  readonly meta: MetaEvent & { readonly name: string }
  readonly eventId: string
  readonly at: Date
}

/** One event as the Conversions API wants it; `event_time` is in seconds and never in the future. */
export const eventOf = (
  { at, eventId, meta, step }: Occurrence,
  facts: ReportFacts,
  nowMs: number
): Readonly<Record<string, unknown>> => ({
  event_name: meta.name,
  event_time: Math.floor(Math.min(at.getTime(), nowMs) / 1000),
  event_id: eventId,
  action_source: meta.action_source,
  ...(meta.action_source === "website" && isAddress(facts.landingUrl) ? { event_source_url: facts.landingUrl } : {}),
  ...(meta.action_source === "website" && isAddress(facts.referrer) ? { referrer_url: facts.referrer } : {}),
  user_data: userDataOf({
    externalIds: [facts.sessionId, facts.telegramId].flatMap((id) => (id === null ? [] : [String(id)])),
    fbp: facts.fbp,
    fbc: facts.fbc,
    ip: facts.ip,
    userAgent: facts.userAgent
  }),
  ...(facts.valueCents === null || facts.transactionId === null ? {} : { custom_data: purchaseOf(step, facts) })
})

/** Without the plan's name: Meta refuses sellers for words that it does not like, and does not need them. */
const purchaseOf = (step: ReportedStep, { planId, transactionId, valueCents }: ReportFacts) => {
  const value = (valueCents ?? 0) / 100
  return {
    value,
    currency: "BRL",
    ...(planId === null
      ? {}
      : {
          content_type: "product",
          content_ids: [String(planId)],
          contents: [{ id: String(planId), quantity: 1, item_price: value }]
        }),
    num_items: 1,
    ...(step === "pix_paid" ? { order_id: transactionId } : {})
  }
}

const isAddress = (text: string | null): text is string => text !== null && /^https?:\/\//i.test(text)
