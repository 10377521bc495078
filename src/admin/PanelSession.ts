import { Clock, Context, Effect, Layer, Redacted } from "effect"
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto"
import { Config } from "../config.ts"

export const cookieName = "funil_painel"

/** A day's work, and no login while a message is being written. */
const validSeconds = 12 * 60 * 60

export interface Session {
  /** The value of the cookie. */
  readonly value: string
  /** Goes into every form; a page of somebody else cannot know it. */
  readonly csrf: string
  readonly validSeconds: number
}

/**
 * Who is logged in, without a table: the cookie carries its end and is signed with a key made from the service's
 * secrets. It holds on every node, and a new ADMIN_TOKEN ends every session.
 */
export class PanelSession extends Context.Service<
  PanelSession,
  {
    readonly open: Effect.Effect<Session>
    /** Nothing for a cookie that is not ours or has ended. */
    readonly read: (cookie: string | undefined) => Effect.Effect<Session | undefined>
    readonly isCsrf: (session: Session, given: string | undefined) => boolean
  }
>()("funil/admin/PanelSession") {
  static readonly layer = Layer.effect(
    PanelSession,
    Effect.gen(function* () {
      const config = yield* Config
      const key = createHmac("sha256", Redacted.value(config.encryptionKey))
        .update(`painel ${Redacted.value(config.adminToken)}`)
        .digest()
      const sign = (what: string) => createHmac("sha256", key).update(what).digest("base64url")

      const sessionOf = (body: string, left: number): Session => ({
        value: `${body}.${sign(`sessão ${body}`)}`,
        csrf: sign(`formulário ${body}`),
        validSeconds: left
      })

      const open = Effect.map(Clock.currentTimeMillis, (now) => {
        const end = Math.floor(now / 1000) + validSeconds
        return sessionOf(`${end}.${randomBytes(12).toString("base64url")}`, validSeconds)
      })

      const read = (cookie: string | undefined) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          const [, body, end] = /^((\d{1,12})\.[\w-]{16})\.[\w-]{43}$/.exec(cookie ?? "") ?? []
          if (cookie === undefined || body === undefined) return undefined
          const left = Number(end) - Math.floor(now / 1000)
          const session = sessionOf(body, left)
          return isSame(cookie, session.value) && left > 0 ? session : undefined
        })

      return PanelSession.of({ open, read, isCsrf: (session, given) => isSame(given ?? "", session.csrf) })
    })
  )
}

const isSame = (given: string, expected: string): boolean =>
  given.length === expected.length && timingSafeEqual(Buffer.from(given), Buffer.from(expected))
