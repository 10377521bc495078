import { Schema } from "effect"
import { type ReportedStep, reportedSteps } from "./tracking.ts"

/** What a payment did that others are told of. */
export const paymentFacts = ["pix_created", "pix_paid", "pix_refunded", "pix_charged_back"] as const
export type PaymentFact = (typeof paymentFacts)[number]

/** What is told to the outside: the funnel's steps, then what may still happen to a paid order. */
export type ReportStep = ReportedStep | PaymentFact

export const isReportedStep = (step: string): step is ReportedStep => reportedSteps.some((one) => one === step)

export const isPaymentFact = (step: string): step is PaymentFact => paymentFacts.some((one) => one === step)

/** A fact that the outside is to hear of. */
export interface Report {
  readonly step: ReportStep
  readonly botId: number | null
  /** What the browser's Pixel says too, where it speaks. Of a payment it follows from the payment. */
  readonly eventId?: string | undefined
  readonly occurredAt?: Date | undefined
  /** The click this came from. Absent: whoever sends it looks it up by the payment or the person. */
  readonly sessionId?: string | null | undefined
  readonly telegramId?: number | null | undefined
  readonly paymentId?: number | null | undefined
}

/** What lies in `outbox.payload` of a report; the rest is read when it is sent. */
export const ReportPayload = Schema.Struct({
  event_id: Schema.NullOr(Schema.String),
  occurred_at: Schema.NullOr(Schema.String),
  session_id: Schema.NullOr(Schema.String)
})
export type ReportPayload = typeof ReportPayload.Type
