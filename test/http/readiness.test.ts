import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Scope } from "effect"
import { SqlError } from "effect/sql"
import { TestClock } from "effect/testing"
import { Readiness } from "../../src/http/Readiness.ts"
import { HealthRepo } from "../../src/repo/HealthRepo.ts"
import { openDoor, secret } from "./door.ts"

const refused = new SqlError.SqlError({ reason: new SqlError.ConnectionError({ cause: new Error("ECONNREFUSED") }) })

type Database = "answers" | "is silent" | "refuses"

/** A readiness over a database that the test holds in its hand. */
const setUp = Effect.gen(function* () {
  const database = { state: "answers" as Database }
  const ping = Effect.suspend(() => {
    if (database.state === "answers") return Effect.void
    return database.state === "refuses" ? Effect.fail(refused) : Effect.never
  })
  const look = Effect.as(ping, { waitSeconds: 0, answerSeconds: 0 })
  const context = yield* Layer.build(Readiness.layer.pipe(Layer.provide(Layer.succeed(HealthRepo, { ping, look }))))
  const readiness = yield* Effect.provide(Readiness, context)
  yield* readiness.open
  /** A question gets its answer within a second, whatever the database does. */
  const state = Effect.gen(function* () {
    const asked = yield* Effect.forkChild(readiness.state, { startImmediately: true })
    yield* TestClock.adjust("1 second")
    return yield* Fiber.join(asked)
  })
  return { database, readiness, state }
})

describe("Readiness", () => {
  it.effect("is closed before it opens and from the beginning of a stop", () =>
    Effect.gen(function* () {
      const health = Layer.succeed(HealthRepo, {
        ping: Effect.void,
        look: Effect.succeed({ waitSeconds: 0, answerSeconds: 0 })
      })
      const context = yield* Layer.build(Readiness.layer.pipe(Layer.provide(health)))
      const readiness = yield* Effect.provide(Readiness, context)
      assert.strictEqual(yield* readiness.state, "closed")
      yield* readiness.open
      assert.strictEqual(yield* readiness.state, "ready")
      yield* readiness.close
      assert.strictEqual(yield* readiness.state, "closed")
      yield* readiness.open
      assert.strictEqual(yield* readiness.state, "closed")
    })
  )

  it.effect("forgives a database that is slow, until it has answered nobody for 5 s", () =>
    Effect.gen(function* () {
      const { database, state } = yield* setUp
      assert.strictEqual(yield* state, "ready")
      database.state = "is silent"
      // 1 s, 2 s, 3 s, 4 s after the last answer, which a look of its own may have had.
      for (let second = 1; second <= 4; second++) assert.strictEqual(yield* state, "ready", `${second} s`)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* state, "away")
      database.state = "answers"
      assert.strictEqual(yield* state, "ready")
    })
  )

  it.effect("knows by its own looks that the database answered, however seldom it is asked", () =>
    Effect.gen(function* () {
      const { database, state } = yield* setUp
      yield* TestClock.adjust("10 minutes")
      database.state = "is silent"
      assert.strictEqual(yield* state, "ready")
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* state, "away")
    })
  )

  it.effect("believes a refusal at once", () =>
    Effect.gen(function* () {
      const { database, state } = yield* setUp
      database.state = "refuses"
      assert.strictEqual(yield* state, "away")
    })
  )
})

describe("GET /readyz", () => {
  it.live("is 503 as soon as a stop begins, on a connection that is still served", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const begun = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      const door = yield* Scope.provide(
        openDoor({ inbox: () => Effect.andThen(Deferred.succeed(begun, undefined), Deferred.await(go)) }),
        scope
      )
      const socket = yield* door.socket
      let received = ""
      socket.on("data", (chunk: Buffer) => (received += chunk.toString()))
      const body = '{"update_id":1}'
      socket.write(
        `POST /tg/vip/webhook HTTP/1.1\r\nhost: x\r\nx-telegram-bot-api-secret-token: ${secret}\r\n` +
          `content-length: ${body.length}\r\n\r\n${body}`
      )
      yield* Deferred.await(begun)
      const idle = yield* door.socket
      idle.write("GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n")
      const answer = yield* Effect.callback<string>((resume) => {
        idle.once("data", (chunk: Buffer) => resume(Effect.succeed(chunk.toString())))
      })
      assert.match(answer, /^HTTP\/1\.1 200 /)

      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      // Idle connections are closed when the stop has begun.
      yield* Effect.callback<void>((resume) => void idle.once("close", () => resume(Effect.void)))
      socket.write("GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
      yield* Deferred.succeed(go, undefined)
      yield* Effect.callback<void>((resume) => void socket.once("close", () => resume(Effect.void)))
      yield* Fiber.join(closing)
      const statuses = [...received.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => match[1])
      assert.deepStrictEqual(statuses, ["200", "503"])
    })
  )
})
