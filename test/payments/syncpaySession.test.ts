import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { type Grant, makeSession } from "../../src/payments/gateways/syncpay/session.ts"
import {
  type GatewayError,
  GatewayRateLimited,
  GatewayUnauthorized,
  GatewayUnavailable
} from "../../src/payments/PaymentGateway.ts"

type Reason = GatewayError["reason"]

/** A gateway that gives out `token-1`, `token-2`, … of an hour each, or what `next` says, as soon as the gate is open. */
const counter = Effect.gen(function* () {
  const answers: Array<Effect.Effect<Grant, Reason>> = []
  const opened = yield* Deferred.make<void>()
  let exchanges = 0
  const exchange = Effect.suspend(() => {
    const token = Redacted.make(`token-${++exchanges}`)
    return answers.shift() ?? Effect.succeed({ token, lifeSeconds: 3600 })
  })
  const session = makeSession("syncpay", exchange)
  return {
    session,
    token: Effect.map(session.token, (token) => Redacted.value(token)),
    next: (answer: Effect.Effect<Grant, Reason>) => void answers.push(answer),
    behindGate: (answer: Effect.Effect<Grant, Reason>) => Effect.andThen(Deferred.await(opened), answer),
    open: Deferred.succeed(opened, undefined),
    count: Effect.sync(() => exchanges)
  }
})

const grant = (token: string, lifeSeconds = 3600) => Effect.succeed({ token: Redacted.make(token), lifeSeconds })
const away = new GatewayUnavailable({ detail: "resposta 503" })

describe("SyncPay's token", () => {
  it.effect("is exchanged once for fifty who ask at the same time", () =>
    Effect.gen(function* () {
      const { behindGate, count, next, open, token } = yield* counter
      next(behindGate(grant("um")))
      const all = yield* Effect.forkChild(
        Effect.all(
          Array.from({ length: 50 }, () => token),
          { concurrency: "unbounded" }
        )
      )
      yield* Effect.yieldNow
      yield* open
      assert.deepStrictEqual([...new Set(yield* Fiber.join(all))], ["um"])
      assert.strictEqual(yield* count, 1)
    })
  )

  it.effect("that could not be had fails for all who waited, and is tried again for who comes later", () =>
    Effect.gen(function* () {
      const { behindGate, count, next, open, token } = yield* counter
      next(behindGate(Effect.fail(away)))
      const all = yield* Effect.forkChild(
        Effect.all(
          Array.from({ length: 20 }, () => Effect.flip(token)),
          { concurrency: "unbounded" }
        )
      )
      yield* Effect.yieldNow
      yield* open
      assert.deepStrictEqual([...new Set((yield* Fiber.join(all)).map(({ _tag }) => _tag))], ["GatewayUnavailable"])
      assert.strictEqual(yield* count, 1)
      assert.strictEqual(yield* token, "token-2")
    })
  )

  it.effect("does not hang on whoever asked first and went away", () =>
    Effect.gen(function* () {
      const { behindGate, next, token } = yield* counter
      next(behindGate(grant("nunca")))
      const first = yield* Effect.forkChild(token)
      yield* Effect.yieldNow
      const second = yield* Effect.forkChild(token)
      yield* Effect.yieldNow
      yield* Fiber.interrupt(first)
      assert.strictEqual(yield* Fiber.join(second), "token-2")
    })
  )

  it.effect("is renewed 90 s before its end, behind the back of who asks", () =>
    Effect.gen(function* () {
      const { behindGate, count, next, open, token } = yield* counter
      yield* token
      yield* TestClock.adjust("3509 seconds")
      assert.strictEqual(yield* token, "token-1")
      yield* TestClock.adjust(0)
      assert.strictEqual(yield* count, 1)
      yield* TestClock.adjust("1 second")
      next(behindGate(grant("novo")))
      assert.deepStrictEqual([yield* token, yield* token], ["token-1", "token-1"])
      yield* Effect.yieldNow
      assert.strictEqual(yield* count, 2)
      yield* open
      yield* TestClock.adjust(0)
      assert.deepStrictEqual([yield* token, yield* count], ["novo", 2])
    })
  )

  it.effect("stays in use while it cannot be renewed, and no longer than it is good", () =>
    Effect.gen(function* () {
      const { count, next, token } = yield* counter
      yield* token
      yield* TestClock.adjust("3510 seconds")
      next(Effect.fail(away))
      assert.strictEqual(yield* token, "token-1")
      yield* TestClock.adjust("9 seconds")
      assert.strictEqual(yield* token, "token-1")
      yield* TestClock.adjust(0)
      assert.strictEqual(yield* count, 2)
      yield* TestClock.adjust("1 second")
      next(Effect.fail(away))
      yield* token
      yield* TestClock.adjust(0)
      assert.strictEqual(yield* count, 3)
      yield* TestClock.adjust("80 seconds")
      assert.strictEqual(yield* token, "token-4")
    })
  )

  it.effect("of a short life is used for half of it", () =>
    Effect.gen(function* () {
      const { count, next, token } = yield* counter
      next(grant("curto", 60))
      yield* token
      yield* TestClock.adjust("29 seconds")
      yield* token
      yield* TestClock.adjust(0)
      assert.strictEqual(yield* count, 1)
      yield* TestClock.adjust("1 second")
      yield* token
      yield* TestClock.adjust(0)
      assert.strictEqual(yield* count, 2)
    })
  )

  it.effect("that was refused is forgotten, unless another one has taken its place", () =>
    Effect.gen(function* () {
      const { count, session, token } = yield* counter
      const first = yield* session.token
      session.forget(first)
      assert.strictEqual(yield* token, "token-2")
      session.forget(first)
      assert.deepStrictEqual([yield* token, yield* count], ["token-2", 2])
    })
  )

  it.effect("is not asked for while the gateway said to wait", () =>
    Effect.gen(function* () {
      const { count, next, token } = yield* counter
      next(Effect.fail(new GatewayRateLimited({ retryAfterSeconds: 40 })))
      yield* Effect.flip(token)
      yield* TestClock.adjust("30 seconds")
      assert.deepInclude(yield* Effect.flip(token), { _tag: "GatewayRateLimited", retryAfterSeconds: 10 })
      assert.strictEqual(yield* count, 1)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* token, "token-2")
    })
  )

  it.effect("is not asked for again at once with a credential that was refused", () =>
    Effect.gen(function* () {
      const { count, next, token } = yield* counter
      next(Effect.fail(new GatewayUnauthorized({ status: 401 })))
      for (const _ of [1, 2, 3]) assert.strictEqual((yield* Effect.flip(token))._tag, "GatewayUnauthorized")
      assert.strictEqual(yield* count, 1)
      yield* TestClock.adjust("15 seconds")
      assert.strictEqual(yield* token, "token-2")
    })
  )
})
