import { Context, Effect, Layer, Option } from "effect"
import type { SqlError } from "effect/sql"
import { Bots } from "../bots/Bots.ts"
import { Config } from "../config.ts"
import { isPaymentFact, isReportedStep, type PaymentFact, type Report, type ReportPayload } from "../domain/report.ts"
import { untracked } from "../domain/tracking.ts"
import type { NewOutboxRow } from "../repo/OutboxRepo.ts"
import { Outbox } from "./Outbox.ts"

export type { PaymentFact } from "../domain/report.ts"

export interface ReportedPayment {
  readonly id: number
  readonly botId: number | null
  readonly telegramId: number | null
}

/** From a fact to the outbox rows that tell Meta and UTMify of it. */
export class Reports extends Context.Service<
  Reports,
  {
    /**
     * For whoever writes many facts in a statement of his own (`insertOutbox`), and calls `wake` after it. Synchronous.
     * Nothing for those that the bot does not report to.
     */
    readonly rowsOf: (report: Report) => ReadonlyArray<NewOutboxRow>
    /** Joins the caller's transaction; the rows leave as soon as that is committed. */
    readonly put: (reports: ReadonlyArray<Report>) => Effect.Effect<void, SqlError.SqlError>
    /** The same for what a payment did; everything else is read from its row when it is sent. */
    readonly queue: (fact: PaymentFact, payment: ReportedPayment) => Effect.Effect<void, SqlError.SqlError>
    /** After a commit, for whoever wrote the rows himself. */
    readonly wake: (rows: ReadonlyArray<NewOutboxRow>) => Effect.Effect<void>
  }
>()("funil/tracking/Reports") {
  static readonly layer = Layer.effect(
    Reports,
    Effect.gen(function* () {
      const { facebook, utmify } = yield* Config
      const bots = yield* Bots
      const outbox = yield* Outbox
      const hasUtmify = Option.isSome(utmify.token)
      // What belongs to no bot of today, as a payment of a removed one, is told as the environment says.
      const botless = {
        ...untracked,
        pixel: Option.map(facebook.pixelId, (id) => ({ id, token: facebook.accessToken }))
      }

      const rowsOf = (report: Report): ReadonlyArray<NewOutboxRow> => {
        const { botId, paymentId, step } = report
        const { metaEvents, pixel, utmifyWaitingPayment } = Option.match(bots.byId(botId ?? 0), {
          onNone: () => botless,
          onSome: ({ tracking }) => tracking
        })
        const rows: Array<NewOutboxRow> = []
        if (Option.isSome(pixel) && Option.isSome(pixel.value.token)) {
          if (isReportedStep(step) && metaEvents[step].name !== null) rows.push(facebookRow(report, pixel.value.id))
        }
        if (hasUtmify && isPaymentFact(step) && typeof paymentId === "number") {
          if (step !== "pix_created" || utmifyWaitingPayment) rows.push(utmifyRow(report, paymentId))
        }
        return rows
      }

      const put = (reports: ReadonlyArray<Report>) => {
        const rows = reports.flatMap(rowsOf)
        return rows.length === 0 ? Effect.void : outbox.putAll(rows)
      }

      return Reports.of({
        rowsOf,
        put,
        queue: (fact, { botId, id, telegramId }) => put([{ step: fact, botId, telegramId, paymentId: id }]),
        wake: (rows) =>
          Effect.forEach(new Set(rows.map((row) => row.destination)), (destination) => outbox.wake(destination), {
            discard: true
          })
      })
    })
  )
}

const common = (report: Report) => ({
  eventName: report.step,
  payload: {
    event_id: report.eventId ?? null,
    occurred_at: report.occurredAt?.toISOString() ?? null,
    session_id: report.sessionId ?? null
  } satisfies ReportPayload,
  botId: report.botId,
  paymentId: report.paymentId ?? null,
  telegramId: report.telegramId ?? null
})

/** What makes a fact one fact. */
const keyOf = ({ eventId, paymentId, step }: Report) =>
  typeof paymentId === "number" ? `${step}:${paymentId}` : eventId

/** One person's steps leave in their order; who is known only by a click goes by that. */
const facebookRow = (report: Report, pixelId: string): NewOutboxRow => ({
  ...common(report),
  destination: "facebook",
  account: pixelId,
  orderKey: `${pixelId}:${report.botId}:${report.telegramId ?? report.sessionId ?? report.eventId}`,
  dedupeKey: `facebook:${pixelId}:${keyOf(report)}`
})

/** UTMify keeps the last that it hears of an order, so each order speaks strictly in sequence. */
const utmifyRow = (report: Report, paymentId: number): NewOutboxRow => ({
  ...common(report),
  destination: "utmify",
  orderKey: `payment:${paymentId}`,
  dedupeKey: `utmify:${keyOf(report)}`
})
