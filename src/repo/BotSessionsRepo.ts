import { Context, Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { eventId } from "../domain/events.ts"

/** A person who does nothing for so long has left; coming back is another visit. */
const idle = "30 minutes"

/** What a person does; what the bot sends by itself keeps nobody here. */
const acts = ["bot_start", "bot_interaction", "pix_created"]

const markName = "bot_session_end"

/** Of the past, when this looks for the first time or was away for long. */
const longestLook = "1 day"

/** Visits to a bot, which end without anybody saying so. */
export class BotSessionsRepo extends Context.Service<
  BotSessionsRepo,
  {
    /**
     * Writes `bot_session_end` at the last act of everybody who did nothing for half an hour since. Goes on where it
     * stopped, in whichever process; the same end has the same id. Answers how many ended.
     */
    readonly endIdle: Effect.Effect<number, SqlError.SqlError>
  }
>()("funil/repo/BotSessionsRepo") {
  static readonly layer = Layer.effect(
    BotSessionsRepo,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const pause = sql`${idle}::interval`
      const isAct = (event: string) => sql.in(`${event}.event_name`, acts)

      const endIdle = Effect.gen(function* () {
        yield* sql`
          insert into tracking_marks (name, reached_at) values (${markName}, now() - ${longestLook}::interval)
          on conflict do nothing`
        // Fixed bounds, so that only the partitions in question are looked at.
        const [look] = yield* sql<{ from: string; until: string }>`
          select greatest(reached_at, now() - ${longestLook}::interval)::text as from, (now() - ${pause})::text as until
          from tracking_marks where name = ${markName} for update skip locked`
        if (look === undefined) return 0
        const ended = yield* sql`
          with acts as (
            select e.bot_id, e.bot_slug, e.bot_user_id, e.telegram_id, e.session_id, e.occurred_at as at, e.utm_source,
              e.utm_medium, e.utm_campaign, e.utm_content, e.utm_term, e.fbp, e.fbc,
              lead(e.occurred_at) over (partition by e.bot_id, e.telegram_id order by e.occurred_at) as next
            from funnel_events e
            where e.occurred_at > ${look.from}::timestamptz and e.occurred_at <= ${look.until}::timestamptz
              and ${isAct("e")} and e.telegram_id is not null and e.bot_id is not null
          )
          insert into funnel_events (event_id, event_name, occurred_at, bot_id, bot_slug, bot_user_id, telegram_id, tg_id,
            session_id, source, utm_source, utm_medium, utm_campaign, utm_content, utm_term, fbp, fbc)
          select ${eventId.prefixOf("bot_session_end")}::text || a.bot_id || ':' || a.telegram_id || ':'
              || (extract(epoch from a.at) * 1000)::bigint,
            'bot_session_end', a.at, a.bot_id, a.bot_slug, a.bot_user_id, a.telegram_id, a.telegram_id, a.session_id, 'bot',
            a.utm_source, a.utm_medium, a.utm_campaign, a.utm_content, a.utm_term, a.fbp, a.fbc
          from acts a
          where (a.next is null or a.next > a.at + ${pause})
            and not exists (select from funnel_events n
              where n.telegram_id = a.telegram_id and n.bot_id = a.bot_id and ${isAct("n")}
                and n.occurred_at > a.at and n.occurred_at <= a.at + ${pause})
          on conflict do nothing
          returning 1`
        yield* sql`update tracking_marks set reached_at = ${look.until}::timestamptz where name = ${markName}`
        return ended.length
      }).pipe(sql.withTransaction, Effect.withSpan("BotSessionsRepo.endIdle"))

      return BotSessionsRepo.of({ endIdle })
    })
  )
}
