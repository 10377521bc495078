import { Clock, Context, Effect, Layer, Option, Semaphore } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { randomBytes } from "node:crypto"
import type { Bot } from "../domain/bot.ts"
import { botReason, type Caller, inAppBrowserOf } from "../domain/crawlers.ts"
import { eventId } from "../domain/events.ts"
import { sanitiseText } from "../domain/text.ts"
import { attributionOf, fbcOf, isAttributed, isSessionId, validFbp } from "../domain/visit.ts"
import * as Log from "../log/Log.ts"
import { SessionsRepo, type Visit, type Visited } from "../repo/SessionsRepo.ts"
import { Reports } from "./Reports.ts"

/** A request at the presell page or on the way to the bot, as it came. Nothing of it is trusted. */
export interface Visitor extends Caller {
  readonly session?: string | null | undefined
  /** For a visitor without one; the caller knows it before it is written. */
  readonly fresh?: string | undefined
  /** Of the page; its marks say where the visitor comes from. */
  readonly url: string
  readonly referrer?: string | null | undefined
  readonly fbp?: string | null | undefined
  readonly fbc?: string | null | undefined
  readonly consent?: boolean | null | undefined
  readonly ip: string | undefined
}

/** The visit got no place: too many are waiting already. Nothing was written. */
export class TrackingBusy extends Error {
  readonly _tag = "TrackingBusy"
}

/** Connections that visits may hold at once: buyers' updates have the others. */
const connections = 4
/** Visits that wait for one of them; each holds some 2 kB. */
const longestLine = 5_000

/** From the ad to the bot: sessions, views and clicks. */
export class Tracking extends Context.Service<
  Tracking,
  {
    readonly visit: (
      bot: Bot,
      step: Visit["step"],
      visitor: Visitor
    ) => Effect.Effect<Visited, TrackingBusy | SqlError.SqlError>
  }
>()("funil/tracking/Tracking") {
  static readonly layer = Layer.effect(
    Tracking,
    Effect.gen(function* () {
      const sessions = yield* SessionsRepo
      const reports = yield* Reports
      const sql = yield* SqlClient.SqlClient
      const places = yield* Semaphore.make(connections)
      let waiting = 0

      const write = Effect.fnUntraced(function* (bot: Bot, visit: Visit) {
        const visited = yield* sessions.visit(visit)
        if (!visited.counts || (bot.tracking.consentRequired && visited.consent !== true)) return visited
        yield* reports.put([
          {
            step: visit.step,
            botId: bot.id,
            eventId: eventId.fromSession(visit.step, visited.session),
            occurredAt: visited.occurredAt,
            sessionId: visited.session,
            telegramId: visited.telegramId
          }
        ])
        return visited
      }, sql.withTransaction)

      const inLine = <A, E, R>(work: Effect.Effect<A, E, R>) =>
        Effect.suspend((): Effect.Effect<A, E | TrackingBusy, R> => {
          if (waiting >= longestLine) return Effect.fail(new TrackingBusy())
          waiting += 1
          return Effect.ensuring(
            places.withPermit(work),
            Effect.sync(() => {
              waiting -= 1
            })
          )
        })

      const visit = Effect.fn("Tracking.visit")(function* (bot: Bot, step: Visit["step"], visitor: Visitor) {
        const row = visitOf(bot, step, visitor, yield* Clock.currentTimeMillis)
        const visited = yield* inLine(write(bot, row))
        if (visited.counts) {
          yield* Log.info(`[TRACKING][${tags[step]}] ${sentences[step]} do bot ${bot.slug}`, {
            slug: bot.slug,
            session_id: visited.session,
            event_name: step
          })
        }
        return visited
      })

      return Tracking.of({ visit })
    })
  )
}

/** A new session's id, which is also the payload of its /start. */
export const freshSession = (): string => randomBytes(16).toString("base64url")

const tags = { presell_view: "VIEW", to_bot_click: "CLICK" } as const
const sentences = { presell_view: "Alguém viu a página", to_bot_click: "Alguém clicou para entrar" } as const

const visitOf = (bot: Bot, step: Visit["step"], visitor: Visitor, nowMs: number): Visit => {
  const attribution = attributionOf(visitor.url)
  return {
    bot,
    step,
    at: new Date(nowMs),
    given: isSessionId(visitor.session) ? visitor.session : null,
    fresh: visitor.fresh ?? freshSession(),
    attribution,
    attributed: step === "presell_view" && isAttributed(attribution),
    landingUrl: cut(visitor.url, 2000),
    referrer: cut(visitor.referrer, 1000),
    fbp: validFbp(visitor.fbp),
    fbc: fbcOf(visitor.fbc, attribution.fbclid, nowMs),
    consent: visitor.consent ?? null,
    consentRequired: bot.tracking.consentRequired,
    ip: visitor.ip ?? null,
    userAgent: cut(visitor.userAgent, 500),
    botReason: botReason(visitor) ?? null,
    inAppBrowser: inAppBrowserOf(visitor.userAgent)
  }
}

const cut = (text: string | null | undefined, length: number): string | null =>
  text === null || text === undefined || text === "" ? null : sanitiseText(text.slice(0, length))

/** What Meta hears of a step, when it hears anything. */
export const pixelOf = ({ tracking }: Bot) =>
  Option.map(tracking.pixel, ({ id }) => ({
    id,
    view: tracking.metaEvents.presell_view.name,
    click: tracking.metaEvents.to_bot_click.name
  }))
