import { Context, Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import type { EventName } from "../domain/events.ts"
import { cancelPending, scheduleStarted, type Started } from "./downsells/schedule.ts"
import { forFew } from "./forFew.ts"
import { listed } from "./listed.ts"
import type { NewOutboxRow } from "./OutboxRepo.ts"
import { bindSessions, reportStarts, type TokenStart } from "./sessions/start.ts"
import type { HeldKey, UpdateKey } from "./UpdatesRepo.ts"

/** What an update tells of a person. */
export interface PersonTouch {
  readonly telegramId: number
  readonly name: string
  readonly firstName: string
  readonly username: string | undefined
  readonly languageCode: string | undefined
  readonly seenAt: Date
  readonly started: boolean
  /** What stood behind the /start; it may be the id of the person's click session. */
  readonly token?: string | undefined
  /** Whoever writes or taps has not blocked the bot. */
  readonly blocked: boolean
  /** Said that nothing but answers is wanted, or that offers are welcome again. */
  readonly optedOut?: boolean
}

export interface EventRow {
  readonly eventId: string
  readonly name: EventName
  readonly occurredAt: Date
  readonly meta: Readonly<Record<string, unknown>>
}

/** Everything the handling of one update leaves in the database; the inbox row's `done` is part of it. */
export interface Recording extends HeldKey {
  readonly slug: string
  readonly person: PersonTouch | undefined
  readonly events: ReadonlyArray<EventRow>
  /** What others hear of a /start, if it is the first of its person or click. */
  readonly reports?: ReadonlyArray<NewOutboxRow>
  /** Updates that were answered along with this one; they leave nothing but their own `done`. */
  readonly along?: ReadonlyArray<HeldKey>
}

/** Writes the outcome of many updates in one statement, and so in one transaction. */
export class RecordingsRepo extends Context.Service<
  RecordingsRepo,
  {
    /**
     * Only updates that are still held become done. Answers those of which something did not: it is held by another
     * process, or done already.
     */
    readonly write: (recordings: ReadonlyArray<Recording>) => Effect.Effect<ReadonlyArray<Recording>, SqlError.SqlError>
  }
>()("funil/repo/RecordingsRepo") {
  static readonly layer = Layer.effect(
    RecordingsRepo,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient

      const nothing = sql.literal("")

      const write = Effect.fnUntraced(function* (recordings: ReadonlyArray<Recording>) {
        const people = mergePeople(recordings)
        const events = recordings.flatMap((r) => r.events.map((event) => ({ ...event, recording: r })))
        const started = people.filter((person): person is MergedPerson & Started => person.startedAt !== undefined)
        const tokens = started.flatMap(({ botId, startedAt, telegramId, token }): ReadonlyArray<TokenStart> =>
          token === undefined ? [] : [{ botId, telegramId, token, at: startedAt }]
        )
        const reports = recordings.flatMap((r) => r.reports ?? [])
        const stopped = people.filter((person) => person.optedOut === true)
        const keys = recordings.flatMap((r): ReadonlyArray<HeldKey> => [r, ...(r.along ?? [])])
        // People and events of all of them: what another process writes of the same update is the same.
        const statement = sql<UpdateKey>`
          with bound as (${bindSessions(sql, tokens)}), people as (
            insert into bot_users as u (bot_id, telegram_id, name, first_name, username, language_code,
              first_seen_at, last_seen_at, first_start_at, last_start_at, blocked, blocked_at,
              opted_out, opted_out_at, session_id, first_session_id)
            select p.bot_id, p.telegram_id, p.name, p.first_name, p.username, p.language_code, t.seen_at, t.seen_at,
              t.started_at, t.started_at, p.blocked, case when p.blocked then t.seen_at end,
              coalesce(p.opted_out, false), case when p.opted_out is not null then t.seen_at end,
              b.id, b.id
            from ${listed(sql, [
              ["bigint", people.map((p) => p.botId)],
              ["bigint", people.map((p) => p.telegramId)],
              ["text", people.map((p) => p.name)],
              ["text", people.map((p) => p.firstName)],
              ["text", people.map((p) => p.username)],
              ["text", people.map((p) => p.languageCode)],
              ["float8", people.map((p) => p.seenAt.getTime())],
              ["float8", people.map((p) => p.startedAt?.getTime())],
              ["boolean", people.map((p) => p.blocked)],
              ["boolean", people.map((p) => p.optedOut ?? null)]
            ])} p (bot_id, telegram_id, name, first_name, username, language_code, seen_ms, started_ms, blocked, opted_out)
              cross join lateral (select to_timestamp(p.seen_ms / 1000), to_timestamp(p.started_ms / 1000))
                t (seen_at, started_at)
              left join bound b on b.bot_id = p.bot_id and b.telegram_id = p.telegram_id
            on conflict (bot_id, telegram_id) do update set
              name = excluded.name, first_name = excluded.first_name, username = excluded.username,
              language_code = coalesce(excluded.language_code, u.language_code),
              last_seen_at = greatest(u.last_seen_at, excluded.last_seen_at),
              first_start_at = coalesce(u.first_start_at, excluded.first_start_at),
              last_start_at = greatest(u.last_start_at, excluded.last_start_at),
              blocked = case when excluded.last_seen_at >= u.last_seen_at then excluded.blocked else u.blocked end,
              blocked_at = case when excluded.last_seen_at >= u.last_seen_at then excluded.blocked_at else u.blocked_at end,
              opted_out = case when excluded.opted_out_at is null then u.opted_out else excluded.opted_out end,
              opted_out_at = coalesce(excluded.opted_out_at, u.opted_out_at),
              session_id = coalesce(excluded.session_id, u.session_id),
              first_session_id = coalesce(u.first_session_id, excluded.first_session_id),
              updated_at = now()
            returning id, bot_id, telegram_id, session_id, blocked, opted_out, has_paid, has_purchase, first_start_at,
              last_start_at
          ), ${started.length === 0 ? nothing : sql`downsells as (${scheduleStarted(sql, started)}), `}
          ${stopped.length === 0 ? nothing : sql`stopped as (${cancelPending(sql, stopped, "opted_out")}), `}
          ${reports.length === 0 ? nothing : sql`reports as (${reportStarts(sql, reports)}), `}
          events as (
            insert into funnel_events (event_id, event_name, occurred_at, bot_id, bot_slug, bot_user_id, telegram_id,
              tg_id, session_id, source, meta, utm_source, utm_medium, utm_campaign, utm_content, utm_term, fbp, fbc)
            select e.event_id, e.event_name, to_timestamp(e.occurred_ms / 1000), e.bot_id, e.bot_slug, p.id, e.telegram_id, e.telegram_id,
              p.session_id, 'bot', e.meta::jsonb, s.utm_source, s.utm_medium, s.utm_campaign, s.utm_content, s.utm_term,
              s.fbp, s.fbc
            from ${listed(sql, [
              ["text", events.map((e) => e.eventId)],
              ["text", events.map((e) => e.name)],
              ["float8", events.map((e) => e.occurredAt.getTime())],
              ["bigint", events.map((e) => e.recording.botId)],
              ["text", events.map((e) => e.recording.slug)],
              ["bigint", events.map((e) => e.recording.person?.telegramId)],
              ["text", events.map((e) => JSON.stringify(e.meta))]
            ])} e (event_id, event_name, occurred_ms, bot_id, bot_slug, telegram_id, meta)
              left join people p on p.bot_id = e.bot_id and p.telegram_id = e.telegram_id
              -- The limit keeps this a look-up by key, whatever the planner thinks of the size of the rest.
              left join lateral (select * from tracking_sessions s where s.id = p.session_id limit 1) s on true
            on conflict do nothing
          )
          update telegram_updates t set state = 1, done_at = now(), error = null
          from ${listed(sql, [
            ["bigint", keys.map((key) => key.botId)],
            ["bigint", keys.map((key) => key.updateId)],
            ["text", keys.map((key) => key.hold.owner)]
          ])} k (bot_id, update_id, owner)
          where t.bot_id = k.bot_id and t.update_id = k.update_id and t.state = 0 and t.owner = k.owner
          returning t.bot_id as "botId", t.update_id as "updateId"`
        const done = yield* forFew(statement, recordings.length)
        const written = new Set(done.map(keyOf))
        return recordings.filter((r) => [r, ...(r.along ?? [])].some((key) => !written.has(keyOf(key))))
      })

      return RecordingsRepo.of({ write })
    })
  )
}

const keyOf = ({ botId, updateId }: UpdateKey) => `${botId}:${updateId}`

interface MergedPerson extends PersonTouch {
  readonly botId: number
  readonly startedAt: Date | undefined
}

/**
 * One row per person, in a fixed order: an upsert may touch a row once only, and two writers that lock in the same
 * order cannot deadlock.
 */
const mergePeople = (recordings: ReadonlyArray<Recording>): ReadonlyArray<MergedPerson> => {
  const merged = new Map<string, MergedPerson>()
  for (const { botId, person } of recordings) {
    if (person === undefined) continue
    const key = `${botId}:${person.telegramId}`
    const before = merged.get(key)
    const later = before === undefined || person.seenAt >= before.seenAt ? person : before
    // A choice stands until the next one, whatever the person does in between.
    const optedOut = later.optedOut ?? (later === person ? before : person)?.optedOut
    merged.set(key, {
      ...later,
      token: person.token ?? before?.token,
      ...(optedOut === undefined ? {} : { optedOut }),
      botId,
      startedAt: person.started ? person.seenAt : before?.startedAt
    })
  }
  return [...merged.values()].toSorted((a, b) => a.botId - b.botId || a.telegramId - b.telegramId)
}
