import { Context, Effect, Layer, Schema, Struct } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { EventName } from "../domain/events.ts"
import { limitOf, type ListQuery, type Page, encodeCursor } from "./cursor.ts"
import { rowsOf } from "./decode.ts"
import { eventNameOf, eventSources } from "./eventSources.ts"
import { isoOf, microsOf } from "./listing.ts"

const nullable = Schema.NullOr(Schema.String)

/** A person of a bot as the admin API shows them (contract, section 4). */
export const UserView = Schema.Struct({
  bot: Schema.String,
  telegram_id: Schema.Int,
  name: nullable,
  username: nullable,
  language_code: nullable,
  blocked: Schema.Boolean,
  opted_out: Schema.Boolean,
  has_paid: Schema.Boolean,
  session_id: nullable,
  first_seen_at: Schema.String,
  last_seen_at: Schema.String,
  last_start_at: nullable
})
export type UserView = typeof UserView.Type

export const userStatuses = ["active", "blocked", "opted_out", "paid"] as const

/** A funnel event as the admin API shows it, of all systems that ever wrote one here. */
export const EventView = Schema.Struct({
  event_id: nullable,
  event_name: Schema.String,
  bot: nullable,
  telegram_id: Schema.NullOr(Schema.Int),
  session_id: nullable,
  payment_id: Schema.NullOr(Schema.Int),
  value_cents: Schema.NullOr(Schema.Int),
  occurred_at: Schema.String,
  source: nullable,
  utm_source: nullable,
  utm_medium: nullable,
  utm_campaign: nullable,
  utm_content: nullable,
  utm_term: nullable
})
export type EventView = typeof EventView.Type

export const eventNames = EventName.literals

type Sql<A> = Effect.Effect<A, SqlError.SqlError>

/** The people and the events of the admin API's lists, newest first. */
export class ListsRepo extends Context.Service<
  ListsRepo,
  {
    readonly users: (query: ListQuery) => Sql<Page<UserView>>
    readonly events: (query: ListQuery) => Sql<Page<EventView>>
  }
>()("funil/repo/ListsRepo") {
  static readonly layer = Layer.effect(
    ListsRepo,
    Effect.map(SqlClient.SqlClient, (sql) => ListsRepo.of({ users: users(sql), events: events(sql) }))
  )
}

const cursorFields = { cursor_at: Schema.String, cursor_id: Schema.Int }

/** Rows are asked for with one more than the limit; that one tells whether the list goes on. */
const pageOf = <A extends object>(
  rows: ReadonlyArray<A & { readonly cursor_at: string; readonly cursor_id: number; readonly cursor_key?: string }>,
  limit: number
): Page<A> => {
  const shown = rows.slice(0, limit)
  const last = rows.length > limit ? shown.at(-1) : undefined
  return {
    items: shown.map((row): A => Struct.omit(row, ["cursor_at", "cursor_id", "cursor_key"]) as A),
    next_cursor:
      last === undefined ? null : encodeCursor({ at: last.cursor_at, id: last.cursor_id, key: last.cursor_key })
  }
}

const decodeUsers = rowsOf(Schema.Struct({ ...UserView.fields, ...cursorFields }))

const users = (sql: SqlClient.SqlClient) => {
  const statuses: Readonly<Record<string, ReturnType<typeof sql.literal>>> = {
    active: sql.literal("not u.blocked and not u.opted_out"),
    blocked: sql.literal("u.blocked"),
    opted_out: sql.literal("u.opted_out"),
    paid: sql.literal("(u.has_paid or coalesce(u.has_purchase, false))")
  }
  return Effect.fn("ListsRepo.users")(function* (query: ListQuery) {
    const limit = limitOf(query)
    const { cursor, from, status, telegramId, to } = query
    const wanted = status === undefined ? undefined : statuses[status]
    const rows = yield* decodeUsers(sql`
      select b.slug as bot, u.telegram_id, u.name, u.username, u.language_code, u.blocked, u.opted_out,
        u.has_paid or coalesce(u.has_purchase, false) as has_paid, u.session_id,
        ${isoOf(sql, "u.first_seen_at")} as first_seen_at, ${isoOf(sql, "u.last_seen_at")} as last_seen_at,
        ${isoOf(sql, "u.last_start_at")} as last_start_at, ${microsOf(sql, "u.first_seen_at")} as cursor_at,
        u.id as cursor_id
      from bot_users u
        join bots b on b.id = u.bot_id
      where ${sql.and([
        sql`true`,
        ...(query.bot === undefined ? [] : [sql`b.slug = ${query.bot}`]),
        ...(wanted === undefined ? [] : [sql`${wanted}`]),
        ...(telegramId === undefined ? [] : [sql`u.telegram_id = ${telegramId}::bigint`]),
        ...(from === undefined ? [] : [sql`u.first_seen_at >= ${from.toISOString()}::timestamptz`]),
        ...(to === undefined ? [] : [sql`u.first_seen_at < ${to.toISOString()}::timestamptz`]),
        ...(cursor === undefined
          ? []
          : [sql`(u.first_seen_at, u.id) < (${cursor.at}::timestamptz, ${cursor.id}::bigint)`])
      ])}
      order by u.first_seen_at desc, u.id desc limit ${limit + 1}`)
    return pageOf<UserView>(rows, limit)
  })
}

const decodeEvents = rowsOf(Schema.Struct({ ...EventView.fields, ...cursorFields, cursor_key: Schema.String }))

const events = (sql: SqlClient.SqlClient) =>
  Effect.fn("ListsRepo.events")(function* (query: ListQuery) {
    const limit = limitOf(query)
    const { bot, cursor, from, status, telegramId, to } = query
    const sources = yield* eventSources(sql)
    const wanted = sql.and([
      sql`true`,
      ...(bot === undefined
        ? []
        : [
            sql`(e.bot_id = (select f.id from bots f where f.slug = ${bot}) or (e.bot_id is null and e.bot_slug = ${bot}))`
          ]),
      ...(status === undefined ? [] : [sql`${eventNameOf(sql)} = ${status}`]),
      ...(telegramId === undefined
        ? []
        : [
            sql`(e.telegram_id = ${telegramId}::bigint or (e.telegram_id is null and e.tg_id = ${telegramId}::bigint))`
          ]),
      ...(from === undefined ? [] : [sql`e.occurred_at >= ${from.toISOString()}::timestamptz`]),
      ...(to === undefined ? [] : [sql`e.occurred_at < ${to.toISOString()}::timestamptz`]),
      ...(cursor === undefined
        ? []
        : [
            sql`(e.occurred_at, e.id, coalesce(e.event_id, ''))
              < (${cursor.at}::timestamptz, ${cursor.id}::bigint, ${cursor.key ?? ""}::text)`
          ])
    ])
    // Each table gives its own newest rows by its own index; the outer order only merges them.
    const parts = sources.map(
      (source) => sql`(
        select e.*, coalesce(b.slug, e.bot_slug) as bot, ${eventNameOf(sql)} as canonical_name
        from (${source}) e left join bots b on b.id = e.bot_id
        where ${wanted} order by e.occurred_at desc, e.id desc, coalesce(e.event_id, '') desc limit ${limit + 1})`
    )
    const rows = yield* decodeEvents(sql`
      select e.event_id, e.canonical_name as event_name, e.bot, coalesce(e.telegram_id, e.tg_id) as telegram_id,
        e.session_id, e.payment_id, e.price_cents as value_cents, ${isoOf(sql, "e.occurred_at")} as occurred_at,
        e.source, e.utm_source, e.utm_medium, e.utm_campaign, e.utm_content, e.utm_term,
        ${microsOf(sql, "e.occurred_at")} as cursor_at, e.id as cursor_id, coalesce(e.event_id, '') as cursor_key
      from (${parts.reduce((all, part) => sql`${all} union all ${part}`)}) e
      order by e.occurred_at desc, e.id desc, coalesce(e.event_id, '') desc limit ${limit + 1}`)
    return pageOf<EventView>(rows, limit)
  })
