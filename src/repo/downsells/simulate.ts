import { Data, Effect } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import { readFilters } from "../../domain/shot.ts"
import { audienceOf } from "../shots/audience.ts"
import { scheduleStarted } from "./schedule.ts"
import { type Verdict, verdictOf } from "./verdict.ts"

/** A downsell on a person's way, and what it would meet when it is due. */
export interface Foreseen {
  readonly downsellId: number
  readonly trigger: "start" | "pix"
  readonly dueAt: Date
  readonly verdict: Verdict | null
}

/** A scheduled shot, and whether this person is among those it is for. */
export interface ForeseenShot {
  readonly id: number
  readonly title: string
  readonly dueAt: Date
  readonly included: boolean
}

export interface Facts {
  readonly blocked: boolean
  readonly optedOut: boolean
  readonly hasPaid: boolean
}

export interface Foresight {
  readonly person: Facts
  readonly downsells: ReadonlyArray<Foreseen>
  readonly shots: ReadonlyArray<ForeseenShot>
}

class Foretold extends Data.TaggedError("Foretold")<{ readonly foresight: Foresight }> {}

/** Nobody has this number at Telegram. */
const nobody = 1

/**
 * What a /start at that moment would bring: the very statements of the service in a transaction that is rolled back.
 * Nothing is written, nobody is told.
 */
export const simulate =
  (sql: SqlClient.SqlClient) =>
  (botId: number, telegramId: number | undefined, at: Date): Effect.Effect<Foresight, SqlError.SqlError> => {
    const person = telegramId ?? nobody
    const foretell = Effect.gen(function* () {
      // A person nobody knows yet gets a row for the moment, and whoever is known stays as he is.
      yield* sql`insert into bot_users (bot_id, telegram_id) values (${botId}, ${person}) on conflict do nothing`
      yield* sql`
        with people as (select * from bot_users where bot_id = ${botId} and telegram_id = ${person})
        ${scheduleStarted(sql, [{ botId, telegramId: person, startedAt: at }])}`
      const downsells = yield* sql<Foreseen>`
        select q.downsell_id as "downsellId", q.trigger, q.scheduled_at as "dueAt", j.verdict
        from downsells_queue q join bots b on b.id = ${botId} and b.slug = q.bot_slug
          ${verdictOf(sql, sql`greatest(q.scheduled_at, now())`)}
        where q.telegram_id = ${person} and q.status = 'pending' and q.sending_at is null
        order by q.scheduled_at, q.id`
      const [facts] = yield* sql<Facts>`
        select blocked, opted_out as "optedOut", has_paid or coalesce(has_purchase, false) as "hasPaid"
        from bot_users where bot_id = ${botId} and telegram_id = ${person}`
      const shots: Array<ForeseenShot> = []
      for (const { filters, ...shot } of yield* sql<ForeseenShot & { readonly filters: unknown }>`
        select s.id, s.title, s.scheduled_at as "dueAt", s.filters from shots s
        where s.bot_id = ${botId} and lower(s.status) = 'scheduled' and s.scheduled_at >= ${at.toISOString()}::timestamptz
        order by s.scheduled_at, s.id`) {
        const [included] = yield* sql`
          select 1 from ${audienceOf(sql, botId, readFilters(filters))} and u.telegram_id = ${person}`
        shots.push({ ...shot, included: included !== undefined })
      }
      return yield* new Foretold({
        foresight: { person: facts ?? { blocked: false, optedOut: false, hasPaid: false }, downsells, shots }
      })
    })
    return sql.withTransaction(foretell).pipe(Effect.catchTag("Foretold", ({ foresight }) => Effect.succeed(foresight)))
  }
