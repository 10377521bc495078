import { Clock, Effect, Redacted, Semaphore } from "effect"
import * as Log from "../../../log/Log.ts"
import { GatewayError, GatewayRateLimited } from "../../PaymentGateway.ts"

type Reason = GatewayError["reason"]
type Secret = Redacted.Redacted<string>

/** What the exchange of our credential for a token answered. */
export interface Grant {
  readonly token: Secret
  readonly lifeSeconds: number
}

export interface Session {
  /** A token that is good now. Asked for by many at once, it is exchanged once. */
  readonly token: Effect.Effect<Secret, Reason>
  /** The gateway did not accept this one, whatever its date says. */
  readonly forget: (token: Secret) => void
}

interface Held extends Grant {
  readonly renewAt: number
  readonly endsAt: number
}

/** A token is renewed this long before its end, but lives at least half of its life. */
const earlyMs = 90_000
/** While the old token is still good, a renewal that failed is not tried again at once. */
const afterFailedRenewalMs = 10_000
/** A credential that was refused will not be better a second later, and asking too often is punished. */
const afterRefusalMs = 15_000

/** Keeps one token for everybody who talks to `gateway`, and never asks for one more often than it must. */
export const makeSession = (gateway: string, exchange: Effect.Effect<Grant, Reason>): Session => {
  const line = Semaphore.makeUnsafe(1)
  let held: Held | undefined
  let refusal: { readonly reason: Reason; readonly until: number } | undefined
  let failures = 0
  let lastFailure: Reason | undefined

  const noteRefusal = (reason: Reason, now: number) => {
    if (reason._tag === "GatewayRateLimited") refusal = { reason, until: now + reason.retryAfterSeconds * 1000 }
    if (reason._tag === "GatewayUnauthorized") refusal = { reason, until: now + afterRefusalMs }
  }

  const renew = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    if (refusal !== undefined && now < refusal.until) return yield* stillRefused(refusal, now)
    refusal = undefined
    const grant = yield* Effect.tapError(exchange, (reason) =>
      Effect.map(Clock.currentTimeMillis, (then) => noteRefusal(reason, then))
    )
    const lifeMs = grant.lifeSeconds * 1000
    held = { ...grant, renewAt: now + Math.max(lifeMs - earlyMs, lifeMs / 2), endsAt: now + lifeMs }
    return held.token
  })

  // Whoever waited in line gets what the one before him brought, be it a token or a failure.
  const first = Effect.suspend(() => {
    const before = failures
    const turn = Effect.suspend(() => {
      if (held !== undefined) return Effect.succeed(held.token)
      if (failures > before && lastFailure !== undefined) return Effect.fail(lastFailure)
      return Effect.tapError(renew, (reason) =>
        Effect.sync(() => {
          failures++
          lastFailure = reason
        })
      )
    })
    return line.withPermits(1)(turn)
  })

  const renewBehind = (good: Held) => {
    const failed = Effect.fnUntraced(function* (reason: Reason) {
      const next = Math.max((yield* Clock.currentTimeMillis) + afterFailedRenewalMs, refusal?.until ?? 0)
      if (held === good) held = { ...good, renewAt: next }
      const error = new GatewayError({ gateway, operation: "check", reason })
      yield* Log.recovered(`Não consegui renovar o acesso à ${gateway}; o atual ainda vale`, error)
    })
    const turn = Effect.suspend(() => (held === good ? Effect.catch(Effect.asVoid(renew), failed) : Effect.void))
    return line.withPermitsIfAvailable(1)(turn)
  }

  const token = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    if (held !== undefined && now >= held.endsAt) held = undefined
    if (held === undefined) return yield* first
    const good = held
    if (now >= good.renewAt) yield* Effect.forkDetach(renewBehind(good))
    return good.token
  })

  return {
    token,
    forget: (bad) => {
      if (held !== undefined && Redacted.value(held.token) === Redacted.value(bad)) held = undefined
    }
  }
}

const stillRefused = (refusal: { readonly reason: Reason; readonly until: number }, now: number): Reason =>
  refusal.reason._tag === "GatewayRateLimited"
    ? new GatewayRateLimited({ retryAfterSeconds: Math.ceil((refusal.until - now) / 1000) })
    : refusal.reason
