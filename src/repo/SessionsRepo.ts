import { Context, Effect, Layer, Schema } from "effect"
import { SqlClient, type SqlError, type Statement } from "effect/sql"
import { eventId } from "../domain/events.ts"
import { type Attribution, type Fbc, sessionDays } from "../domain/visit.ts"
import { rowsOf } from "./decode.ts"

/** A visitor at the presell page or on the way to the bot. */
export interface Visit {
  readonly bot: { readonly id: number; readonly slug: string }
  readonly step: "presell_view" | "to_bot_click"
  readonly at: Date
  /** The session the visitor came with; taken up when it is this bot's and young enough. */
  readonly given: string | null
  /** The id of a new session, when there is none to take up. */
  readonly fresh: string
  readonly attribution: Attribution
  /** The address names a campaign or click: another one than the session's is another session. */
  readonly attributed: boolean
  readonly landingUrl: string | null
  readonly referrer: string | null
  readonly fbp: string | null
  readonly fbc: Fbc | null
  readonly consent: boolean | null
  /** Without it, nothing that points to a person is kept. */
  readonly consentRequired: boolean
  readonly ip: string | null
  readonly userAgent: string | null
  readonly botReason: string | null
  readonly inAppBrowser: string | null
}

const Visited = Schema.Struct({
  session: Schema.String,
  occurredAt: Schema.Date,
  telegramId: Schema.NullOr(Schema.Int),
  consent: Schema.NullOr(Schema.Boolean),
  /** A person's visit: it counts in the funnel. */
  counts: Schema.Boolean
})
export type Visited = typeof Visited.Type

const decode = rowsOf(Visited)

/** Click sessions (`tracking_sessions`): from the presell page to the bot. */
export class SessionsRepo extends Context.Service<
  SessionsRepo,
  {
    /** One statement: the session, its step with the time it was first reached, the funnel event, the browser. */
    readonly visit: (visit: Visit) => Effect.Effect<Visited, SqlError.SqlError>
  }
>()("funil/repo/SessionsRepo") {
  static readonly layer = Layer.effect(
    SessionsRepo,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient

      const visit = (visit: Visit) => {
        const { attribution: from, at, bot, step } = visit
        const stepColumn = sql.literal(step === "presell_view" ? "viewed_at" : "clicked_at")
        const counted = visit.botReason === null
        const agreed = !visit.consentRequired || visit.consent === true
        const moment = sql`${at.toISOString()}::timestamptz`
        const person = (value: Statement.Fragment) =>
          sql`case when ${agreed}::boolean or s.consent then ${value} else null end`
        return Effect.map(
          decode(sql`
            with known as (
              select s.id from tracking_sessions s
              where s.id = ${visit.given} and s.bot_id = ${bot.id} and s.erased_at is null
                and s.first_seen_at > ${moment} - make_interval(days => ${sessionDays})
                and (not ${visit.attributed}::boolean
                  or (s.utm_source, s.utm_medium, s.utm_campaign, s.utm_content, s.utm_term, s.src, s.sck, s.xcod, s.fbclid)
                    is not distinct from
                    (${from.utmSource}::text, ${from.utmMedium}::text, ${from.utmCampaign}::text,
                      ${from.utmContent}::text, ${from.utmTerm}::text, ${from.src}::text, ${from.sck}::text,
                      ${from.xcod}::text, ${from.fbclid}::text))
            ), session as (
              insert into tracking_sessions as s (id, bot_id, first_seen_at, last_seen_at, utm_source, utm_medium,
                utm_campaign, utm_content, utm_term, src, sck, xcod, landing_url, referrer, fbclid, fbp, fbc, fbc_origin,
                consent, bot_reason, in_app_browser, ${stepColumn})
              values (coalesce((select id from known), ${visit.fresh}), ${bot.id}, ${moment}, ${moment},
                ${from.utmSource}, ${from.utmMedium}, ${from.utmCampaign}, ${from.utmContent}, ${from.utmTerm},
                ${from.src}, ${from.sck}, ${from.xcod}, ${visit.landingUrl}, ${visit.referrer},
                ${from.fbclid}, ${agreed ? visit.fbp : null}, ${agreed ? (visit.fbc?.value ?? null) : null},
                ${agreed ? (visit.fbc?.origin ?? null) : null}, ${visit.consent}, ${visit.botReason},
                ${visit.inAppBrowser}, ${counted ? moment : sql`null`})
              on conflict (id) do update set
                last_seen_at = greatest(s.last_seen_at, excluded.last_seen_at), updated_at = now(),
                ${stepColumn} = coalesce(s.${stepColumn}, excluded.${stepColumn}),
                consent = coalesce(excluded.consent, s.consent),
                fbp = coalesce(${person(sql`${visit.fbp}::text`)}, s.fbp),
                fbc = case when ${visit.fbc?.origin === "cookie"}::boolean or s.fbc is null
                  then coalesce(${person(sql`${visit.fbc?.value ?? null}::text`)}, s.fbc) else s.fbc end,
                fbc_origin = case when ${visit.fbc?.origin === "cookie"}::boolean or s.fbc is null
                  then coalesce(${person(sql`${visit.fbc?.origin ?? null}::text`)}, s.fbc_origin) else s.fbc_origin end,
                -- A person in a browser that was taken for a machine's before.
                bot_reason = case when ${counted}::boolean then null else s.bot_reason end
              returning s.*
            ), client as (
              insert into tracking_clients as c (session_id, ip, user_agent, seen_at)
              select s.id, ${visit.ip}::inet, ${visit.userAgent}::text, ${moment} from session s
              where ${counted}::boolean and (${agreed}::boolean or s.consent)
                and (${visit.ip}::inet is not null or ${visit.userAgent}::text is not null)
              on conflict (session_id, payment_id) do update set
                ip = excluded.ip, user_agent = excluded.user_agent, seen_at = excluded.seen_at
            ), event as (
              insert into funnel_events (event_id, event_name, occurred_at, bot_id, bot_slug, session_id, telegram_id,
                tg_id, source, utm_source, utm_medium, utm_campaign, utm_content, utm_term, fbp, fbc)
              select ${eventId.prefixOf(step)} || s.id, ${step}, s.${stepColumn}, s.bot_id, ${bot.slug}, s.id,
                s.telegram_id, s.telegram_id, 'web', s.utm_source, s.utm_medium, s.utm_campaign, s.utm_content,
                s.utm_term, s.fbp, s.fbc
              from session s where ${counted}::boolean
              on conflict do nothing
            )
            select s.id as session, coalesce(s.${stepColumn}, ${moment}) as "occurredAt", s.telegram_id as "telegramId",
              s.consent, ${counted}::boolean as counts from session s`),
          ([row]) => row!
        )
      }

      return SessionsRepo.of({ visit })
    })
  )
}
