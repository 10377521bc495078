import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Layer, Option, Scope } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Bots } from "../../src/bots/Bots.ts"
import { Config } from "../../src/config.ts"
import { Inbox } from "../../src/engine/Inbox.ts"
import { EngineLayer } from "../../src/layers.ts"
import { loggerLayer } from "../../src/log/Logger.ts"
import { testDatabaseUrl } from "../support/postgres.ts"
import {
  allDone,
  crowd,
  faultLayers,
  lasting,
  makeRandom,
  openScene,
  say,
  secondsOf,
  type Someone,
  threeBlocks,
  toll,
  waitUntil
} from "../support/faults.ts"
import { adminToken } from "../support/service.ts"
import { botToken, openShop } from "../support/shop.ts"
import { privateMessage } from "../support/updates.ts"

const next = makeRandom()
const rounds = 20

describe("SIGTERM under traffic", () => {
  it.live(
    "ends in time with 0, and what was not finished goes on at the other process at once",
    () =>
      Effect.gen(function* () {
        const { sandbox, sql, start, term } = yield* openScene
        const { telegram } = sandbox
        const first = yield* start()
        const { slug } = yield* openShop(first.service, sandbox)
        yield* threeBlocks(sandbox, first.service, slug)
        let leaving = first
        let staying = yield* start()
        const everybody: Array<Someone> = []
        const figures: Array<string> = []
        for (let round = 0; round < 3; round++) {
          const people = crowd(30, 7_000_000_001 + round * 100)
          everybody.push(...people)
          yield* Effect.forEach(people, telegram.person)
          const arriving = yield* Effect.forkChild(
            Effect.forEach(people, (person) =>
              Effect.andThen(telegram.sendText(botToken, person, "/start"), lasting(next() * 20))
            )
          )
          yield* lasting(100 + next() * 300)
          const { seconds, value } = yield* secondsOf(term(leaving))
          assert.deepStrictEqual(value, { code: 0, signal: null })
          assert.isBelow(seconds, 10)
          yield* Fiber.join(arriving)
          // Each of them greeted or still being greeted by the other: nothing waits for a heartbeat to grow old.
          const taken = yield* secondsOf(
            Effect.andThen(
              waitUntil(
                sql<{ n: number }>`select count(*) as n from telegram_updates`,
                ([row]) => row?.n === everybody.length
              ),
              allDone(sql, 6)
            )
          )
          figures.push(`${seconds.toFixed(1)} s + ${taken.seconds.toFixed(1)} s`)
          assert.notMatch(leaving.service.log, / ERROR /)
          leaving = staying
          staying = yield* start()
        }
        const { ambiguous, duplicated, lost } = toll(yield* telegram.calls, everybody, [])
        yield* say(`stopped + done: ${figures.join(", ")}; lost ${lost}, duplicated ${duplicated + ambiguous}`)
        assert.deepStrictEqual({ lost, duplicated, ambiguous }, { lost: 0, duplicated: 0, ambiguous: 0 })
      }).pipe(Effect.scoped, Effect.provide(faultLayers({ telegram: { timeScale: 0.02, latencyMs: 60 } }))),
    60_000
  )
})

/** The engine in this process: built, fed through its inbox, and taken down as a signal does it. */
const engine = Effect.fnUntraced(function* (
  env: Readonly<Record<string, string>>,
  dataDir: string,
  log: Array<string>
) {
  const config = Layer.effect(
    Config,
    Effect.map(Config, (given) => Config.of({ ...given, dataDir }))
  ).pipe(Layer.provide(Config.layerFrom(env)))
  const scope = yield* Scope.make()
  const context = yield* Layer.buildWithScope(
    Layer.fresh(EngineLayer).pipe(
      Layer.provide([config, loggerLayer({ level: "info", format: "text", write: (text) => void log.push(text) })])
    ),
    scope
  )
  const bot = Option.getOrThrow(Context.get(context, Bots).find("vip"))
  const inbox = Context.get(context, Inbox)
  return {
    accept: (update: object) => inbox.accept(bot, { raw: JSON.stringify(update), json: update, requestId: "r" }),
    stop: Scope.close(scope, Exit.void)
  }
})

describe("a stop at any moment", () => {
  it.live(
    `${rounds} times: nothing that was acknowledged is lost, nothing is sent twice`,
    () =>
      Effect.gen(function* () {
        const { sandbox, sql, start, term } = yield* openScene
        const { telegram } = sandbox
        const node = yield* start()
        const { slug } = yield* openShop(node.service, sandbox)
        yield* threeBlocks(sandbox, node.service, slug)
        yield* term(node)
        const dataDir = yield* Effect.acquireRelease(
          Effect.sync(() => mkdtempSync(join(tmpdir(), "funil-parada-"))),
          (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
        )
        // No address: it polls, which is stopped with the rest.
        const env = {
          ...sandbox.env,
          DATABASE_URL: yield* testDatabaseUrl,
          ADMIN_TOKEN: adminToken,
          ENCRYPTION_KEY: "0123456789abcdef".repeat(4)
        }
        const log: Array<string> = []
        const accepted: Array<Someone> = []
        let slowest = 0
        for (let round = 0; round < rounds; round++) {
          const running = yield* engine(env, dataDir, log)
          const people = crowd(12, 7_000_000_001 + round * 100)
          yield* Effect.forEach(people, telegram.person)
          const arriving = yield* Effect.forkChild(
            Effect.forEach(people, (person) =>
              running
                .accept(privateMessage(person, "/start"))
                .pipe(Effect.andThen(Effect.sync(() => accepted.push(person))), Effect.andThen(lasting(next() * 15)))
            )
          )
          yield* lasting(next() * 150)
          yield* Fiber.interrupt(arriving)
          const { seconds } = yield* secondsOf(running.stop)
          slowest = Math.max(slowest, seconds)
        }
        const last = yield* engine(env, dataDir, log)
        yield* allDone(sql, 10)
        yield* last.stop
        const { ambiguous, duplicated, lost } = toll(yield* telegram.calls, accepted, [])
        yield* say(
          `${rounds} stops in ${accepted.length} greetings, the slowest ${slowest.toFixed(2)} s; ` +
            `lost ${lost}, duplicated ${duplicated + ambiguous}`
        )
        assert.isAbove(accepted.length, rounds)
        assert.deepStrictEqual({ lost, duplicated, ambiguous }, { lost: 0, duplicated: 0, ambiguous: 0 })
        assert.notMatch(log.join(""), / ERROR /)
      }).pipe(
        Effect.scoped,
        Effect.provide(faultLayers({ telegram: { timeScale: 0.02, latencyMs: 20, acceptUnknownChats: true } }))
      ),
    60_000
  )
})
