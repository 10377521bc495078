import { Context, Effect, Layer, Schema } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { ReportPayload } from "../domain/report.ts"
import { rowsOf } from "./decode.ts"
import { forFew } from "./forFew.ts"
import { listed } from "./listed.ts"
import type { OutboxRow } from "./OutboxRepo.ts"

const Text = Schema.NullOr(Schema.String)
const Cents = Schema.NullOr(Schema.Int)
const Instant = Schema.NullOr(Schema.Date)

/** Everything that Meta or UTMify may be told about one outbox row. */
export const ReportFacts = Schema.Struct({
  rowId: Schema.Int,
  sessionId: Text,
  /** Whether the visitor agreed; null: never asked. */
  consent: Schema.NullOr(Schema.Boolean),
  landingUrl: Text,
  referrer: Text,
  utmSource: Text,
  utmMedium: Text,
  utmCampaign: Text,
  utmContent: Text,
  utmTerm: Text,
  src: Text,
  sck: Text,
  fbp: Text,
  fbc: Text,
  /** The visitor's, never ours or a gateway's. */
  ip: Text,
  userAgent: Text,
  telegramId: Schema.NullOr(Schema.Int),
  botUserId: Schema.NullOr(Schema.Int),
  personName: Text,
  transactionId: Text,
  createdAt: Instant,
  paidAt: Instant,
  refundedAt: Instant,
  valueCents: Cents,
  feeCents: Cents,
  netCents: Cents,
  planId: Schema.NullOr(Schema.Int),
  planName: Text
})
export type ReportFacts = typeof ReportFacts.Type

const decode = rowsOf(ReportFacts)
const decodePayload = Schema.decodeUnknownOption(ReportPayload)

/** Reads what is told to the outside about many outbox rows, in one query. */
export class ReportFactsRepo extends Context.Service<
  ReportFactsRepo,
  {
    readonly load: (
      rows: ReadonlyArray<OutboxRow>
    ) => Effect.Effect<ReadonlyMap<number, ReportFacts>, SqlError.SqlError>
  }
>()("funil/repo/ReportFactsRepo") {
  static readonly layer = Layer.effect(
    ReportFactsRepo,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient

      // A payment speaks by its own snapshot, and one without a click stays without; anything else by the click it
      // names, or the last one of its person. A person who was erased has none of these any more.
      const load = Effect.fn("ReportFactsRepo.load")(function* (rows: ReadonlyArray<OutboxRow>) {
        const statement = sql`
          select r.row_id as "rowId", s.id as "sessionId", s.consent, s.landing_url as "landingUrl", s.referrer,
            m.utm_source as "utmSource", m.utm_medium as "utmMedium", m.utm_campaign as "utmCampaign",
            m.utm_content as "utmContent", m.utm_term as "utmTerm", m.src, m.sck, m.fbp, m.fbc,
            host(coalesce(c.ip, s.ip)) as "ip", coalesce(c.user_agent, s.user_agent) as "userAgent",
            coalesce(p.telegram_id, r.telegram_id) as "telegramId", u.id as "botUserId",
            coalesce(p.customer_first_name, u.name, u.first_name) as "personName",
            p.transaction_id as "transactionId", p.created_at as "createdAt", p.paid_at as "paidAt",
            p.refunded_at as "refundedAt", coalesce(p.value_cents, p.amount_cents) as "valueCents",
            p.fee_cents as "feeCents", p.net_cents as "netCents", p.plan_id as "planId",
            coalesce(p.plan_name, p.meta->>'planName') as "planName"
          from ${listed(sql, [
            ["bigint", rows.map((row) => row.id)],
            ["bigint", rows.map((row) => row.botId)],
            ["bigint", rows.map((row) => row.telegramId)],
            ["bigint", rows.map((row) => row.paymentId)],
            ["text", rows.map(sessionOf)]
          ])} r (row_id, bot_id, telegram_id, payment_id, session_id)
            left join payments p on p.id = r.payment_id
            left join bot_users u on u.bot_id = coalesce(p.bot_id, r.bot_id)
              and u.telegram_id = coalesce(p.telegram_id, r.telegram_id)
            left join tracking_sessions s on s.id = case when p.id is null
              then coalesce(r.session_id, u.session_id) else p.tracking->>'session_id' end
            left join lateral (
              select c.ip, c.user_agent from tracking_clients c
              where c.session_id = s.id and c.payment_id in (0, coalesce(p.id, 0))
              order by c.payment_id desc limit 1) c on true
            cross join lateral (
              select p.tracking->>'utm_source', p.tracking->>'utm_medium', p.tracking->>'utm_campaign',
                p.tracking->>'utm_content', p.tracking->>'utm_term', p.tracking->>'src', p.tracking->>'sck',
                p.tracking->>'fbp', p.tracking->>'fbc'
              where p.id is not null
              union all
              select s.utm_source, s.utm_medium, s.utm_campaign, s.utm_content, s.utm_term, s.src, s.sck, s.fbp, s.fbc
              where p.id is null
            ) m (utm_source, utm_medium, utm_campaign, utm_content, utm_term, src, sck, fbp, fbc)`
        const facts = yield* decode(forFew(statement, rows.length))
        return new Map(facts.map((one) => [one.rowId, one]))
      })

      return ReportFactsRepo.of({ load })
    })
  )
}

const sessionOf = ({ payload }: OutboxRow): string | null => {
  const decoded = decodePayload(payload)
  return decoded._tag === "Some" ? decoded.value.session_id : null
}
