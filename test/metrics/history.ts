import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import type { MetricsFilter } from "../../src/metrics/Metrics.ts"

export const botSlugs = ["alfa", "beta"] as const
export const sessions = ["s1", "s2", "s3"] as const
const marks = ["fb", "fb2", "ig", null] as const

const upTo = (maximum: number) => Schema.Int.check(Schema.isBetween({ minimum: 0, maximum }))

const oneOf = (values: ReadonlyArray<unknown>) => upTo(values.length - 1)

/** Days and hours apart: a number of seconds alone would mostly be drawn from near its ends. */
const Moment = Schema.Struct({ day: upTo(15), hour: upTo(23), second: upTo(3599) })

/** Who wrote the row: this service, V2 (slug and tg_id), V3 (bot_id and telegram_id), V2's old table, or that and its copy. */
export const authors = ["ours", "v2", "v3", "old", "copied"] as const

export const names = [
  "presell_view",
  "to_bot_click",
  "bot_start",
  "pix_created",
  "pix_paid",
  "bot_interaction",
  "start",
  "payment_approved"
] as const

export const EventShape = Schema.Struct({
  bot: oneOf(botSlugs),
  name: oneOf(names),
  author: oneOf(authors),
  /** 0: nobody is known. */
  person: upTo(3),
  session: upTo(3),
  mark: oneOf(marks),
  at: Moment
})

export const PaymentShape = Schema.Struct({
  bot: oneOf(botSlugs),
  person: upTo(3),
  /** 0: by V2. */
  author: upTo(3),
  mark: oneOf(marks),
  cents: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 99_999 })),
  at: Moment,
  /** 0: open, 1 to 3: paid, 4 and 5: paid and given back. */
  fate: upTo(5),
  paidAfter: Moment,
  backAfter: Moment
})

export const History = Schema.Struct({
  /** Month borders, the nights clocks changed in São Paulo (2018) and Havana (2025), and this very moment. */
  epoch: Schema.Literals(["2018-10-27T00:00:00Z", "2025-10-25T00:00:00Z", "now"]),
  /** How much closer together: visits are minutes, windows are days. */
  squeeze: Schema.Literals([1, 24, 150]),
  events: Schema.Array(EventShape).check(Schema.isMinLength(20), Schema.isMaxLength(50)),
  payments: Schema.Array(PaymentShape).check(Schema.isMinLength(12), Schema.isMaxLength(18))
})

/** A history, squeezed as one likes. */
export interface Story extends Omit<typeof History.Type, "squeeze"> {
  readonly squeeze: number
}

export interface Fact {
  readonly id: string
  readonly bot: string
  readonly name: string
  readonly author: (typeof authors)[number]
  readonly person: number | null
  readonly session: string | null
  readonly mark: string | null
  readonly at: Date
}

export interface Sale {
  readonly id: number
  readonly bot: string | null
  readonly person: number | null
  readonly ours: boolean
  readonly mark: string | null
  readonly cents: number
  readonly createdAt: Date
  readonly paidAt: Date | null
  readonly backAt: Date | null
}

const spanMs = 16 * 86_400_000

/** The histories of now end as long after it as they begin before it. */
export const beginningOf = ({ epoch, squeeze }: Story, now: Date) =>
  epoch === "now" ? new Date(now.getTime() - spanMs / squeeze / 2) : new Date(epoch)

/** What the shapes mean, before any table is involved. */
export const factsOf = (history: Story, now: Date) => {
  const epoch = beginningOf(history, now)
  const later = (base: Date, { day, hour, second }: typeof Moment.Type) =>
    new Date(base.getTime() + Math.floor((((day * 24 + hour) * 3600 + second) * 1000) / history.squeeze))
  const facts = history.events.map((event, i): Fact => {
    const author = authors[event.author] ?? "ours"
    const modern = author === "ours" || author === "v3"
    return {
      id: `e${i}`,
      bot: botSlugs[event.bot] ?? "alfa",
      name: names[event.name] ?? "bot_start",
      author,
      person: event.person === 0 ? null : 7_000_000_000 + event.person,
      session: modern ? (sessions[event.session] ?? null) : null,
      mark: modern ? (marks[event.mark] ?? null) : null,
      at: later(epoch, event.at)
    }
  })
  const sales = history.payments.map((payment, i): Sale => {
    const createdAt = later(epoch, payment.at)
    const paidAt =
      payment.fate === 0 ? null : later(createdAt, { ...payment.paidAfter, day: payment.paidAfter.day % 2 })
    const backAt = payment.fate > 3 && paidAt !== null ? later(paidAt, payment.backAfter) : null
    return {
      id: i + 1,
      // V2 kept neither bot nor person with a payment.
      bot: payment.author > 0 ? (botSlugs[payment.bot] ?? null) : null,
      person: payment.author > 0 && payment.person > 0 ? 7_000_000_000 + payment.person : null,
      ours: payment.author > 0,
      mark: payment.author > 0 ? (marks[payment.mark] ?? null) : null,
      cents: payment.cents,
      createdAt,
      paidAt,
      // Of an old row only its last change is known.
      backAt: payment.author > 0 ? backAt : backAt === null ? null : paidAt
    }
  })
  return { facts, sales }
}

/** What a session came with. */
export const sessionMarks: Readonly<Record<string, string | null>> = { s1: "fb", s2: "tt", s3: null }

/** No two kinds of marks follow from each other: one source has two campaigns, a campaign two sources, and so on. */
const tracks: Readonly<Record<string, MetricsFilter["utm"]>> = {
  fb: { utm_source: "fb", utm_campaign: "c1", utm_content: "o1", utm_term: "p2" },
  fb2: { utm_source: "fb", utm_campaign: "c2", utm_content: "o1", utm_term: "p1" },
  ig: { utm_source: "ig", utm_campaign: "c1", utm_content: "o2", utm_term: "p1" },
  tt: { utm_source: "tt", utm_campaign: "c2", utm_content: "o1", utm_term: "p1" }
}

export const utmOf = (mark: string | null): MetricsFilter["utm"] => (mark === null ? {} : (tracks[mark] ?? {}))

const columnsOf = (mark: string | null) => {
  const utm = utmOf(mark)
  return [utm.utm_source, utm.utm_campaign, utm.utm_content, utm.utm_term].map((value) => value ?? null)
}

export const empty = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`truncate bots, funnel_events, funnel_events_legacy, payments, tracking_sessions, bot_users restart identity cascade`
  for (const [i, slug] of botSlugs.entries())
    yield* sql`insert into bots (id, slug, name) values (${i + 1}, ${slug}, ${slug})`
  for (const id of sessions) {
    const mark = sessionMarks[id] ?? null
    yield* sql`insert into tracking_sessions (id, utm_source, utm_campaign, utm_content, utm_term)
      values (${id}, ${sql.csv(columnsOf(mark).map((value) => sql`${value}`))})`
  }
})

/** Writes a history as each of its authors would have. */
export const write = Effect.fnUntraced(function* (facts: ReadonlyArray<Fact>, sales: ReadonlyArray<Sale>) {
  const sql = yield* SqlClient.SqlClient
  for (const fact of facts) {
    const botId = botSlugs.indexOf(fact.bot as "alfa") + 1
    const at = fact.at.toISOString()
    if (fact.author === "old" || fact.author === "copied") {
      yield* sql`insert into funnel_events_legacy (event_id, event_name, occurred_at, bot_slug, tg_id)
        values (${fact.id}, ${fact.name}, ${at}::timestamptz, ${fact.bot}, ${fact.person})`
    }
    if (fact.author === "old") continue
    const byId = fact.author !== "v2" && fact.author !== "copied"
    yield* sql`insert into funnel_events (event_id, event_name, occurred_at, bot_id, bot_slug, tg_id, telegram_id,
        session_id, utm_source, utm_campaign, utm_content, utm_term)
      values (${fact.id}, ${fact.name}, ${at}::timestamptz, ${byId ? botId : null}, ${fact.author === "v3" ? null : fact.bot},
        ${fact.author === "v3" ? null : fact.person}, ${byId ? fact.person : null}, ${fact.session}, ${sql.csv(columnsOf(fact.mark).map((value) => sql`${value}`))})`
  }
  for (const sale of sales) {
    const status = sale.backAt !== null ? "refunded" : sale.paidAt !== null ? "paid" : "expired"
    const created = sale.createdAt.toISOString()
    yield* sale.ours
      ? sql`insert into payments (transaction_id, provider, gateway, status, value_cents, bot_id, bot_slug, telegram_id,
            tracking, created_at, updated_at, paid_at, refunded_at)
          values (${`t${sale.id}`}, 'pushinpay', 'pushinpay', ${status}, ${sale.cents},
            ${botSlugs.indexOf(sale.bot as "alfa") + 1}, ${sale.bot}, ${sale.person},
            ${JSON.stringify(utmOf(sale.mark))}::text::jsonb, ${created}::timestamptz, now(),
            ${sale.paidAt?.toISOString() ?? null}::timestamptz, ${sale.backAt?.toISOString() ?? null}::timestamptz)`
      : sql`insert into payments (transaction_id, provider, status, amount_cents, created_at, updated_at)
          values (${`t${sale.id}`}, 'pushinpay', ${status === "paid" ? "APPROVED" : status}, ${sale.cents},
            ${created}::timestamptz, ${(sale.paidAt ?? sale.createdAt).toISOString()}::timestamptz)`
  }
})

/** V2's table of before the partitions, as production may still have it. */
export const createLegacyTable = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`create table funnel_events_legacy (id bigserial primary key, bot_id bigint, bot_slug text,
    event_name text not null, event_id text not null unique, tg_id bigint, transaction_id text, payload_id text,
    price_cents integer, meta jsonb, occurred_at timestamptz not null default now(),
    created_at timestamptz not null default now())`
  yield* sql`select metrics_watch_legacy()`
})
