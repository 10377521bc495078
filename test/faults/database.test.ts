import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Ref, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import {
  allDone,
  crowd,
  faultLayers,
  lasting,
  type Node,
  openScene,
  say,
  secondsOf,
  waitUntil
} from "../support/faults.ts"
import type { ServiceProcess } from "../support/service.ts"
import { botToken, openShop, sentTo } from "../support/shop.ts"
import { hook, privateMessage, secretOf } from "../support/updates.ts"

const layers = faultLayers({
  telegram: { timeScale: 0.1, latencyMs: 5, acceptUnknownChats: true },
  pushinpay: { timeScale: 0.1 }
})

/** A running shop, somebody new at its door ten times a second, and what each of them was answered, how fast. */
const underTraffic = Effect.gen(function* () {
  const scene = yield* openScene
  const { sandbox } = scene
  const node = yield* scene.start()
  const { slug } = yield* openShop(node.service, sandbox)
  const secret = yield* secretOf(slug)
  const newcomers = crowd(2_000)
  const arrived = yield* Ref.make(0)
  const answers: Array<{ readonly at: number; readonly status: number; readonly seconds: number }> = []

  const knock = Effect.gen(function* () {
    const person = newcomers[yield* Ref.getAndUpdate(arrived, (n) => n + 1)]!
    const at = performance.now()
    const { seconds, value } = yield* secondsOf(hook(node.service, slug, secret, privateMessage(person, "/start")))
    answers.push({ at, status: value.status, seconds })
  })
  // Through the stand-in too, which repeats what was not taken.
  const regulars = crowd(400, 7_500_000_001)
  const visited = yield* Ref.make(0)
  const visit = Effect.gen(function* () {
    const person = regulars[yield* Ref.getAndUpdate(visited, (n) => n + 1)]!
    yield* sandbox.telegram.person(person)
    yield* sandbox.telegram.sendText(botToken, person, "/start")
  })
  const traffic = yield* Effect.forkChild(
    Effect.forkChild(knock).pipe(Effect.andThen(visit), Effect.repeat(Schedule.fixed("100 millis")))
  )
  return {
    ...scene,
    node,
    slug,
    secret,
    answers,
    endTraffic: Effect.gen(function* () {
      yield* Fiber.interrupt(traffic)
      return regulars.slice(0, yield* Ref.get(visited))
    })
  }
})

const isReady = (service: ServiceProcess) =>
  Effect.map(service.request("GET", "/readyz"), (answer) => answer.status === 200)

/** WARN and ERROR lines since then, by what they say; the door's own count of refusals is left out. */
const complaints = (node: Node, since: number) => {
  const counts = new Map<string, number>()
  for (const line of node.service.log.slice(since).split("\n")) {
    const found = / (?:WARN |ERROR) (.*?)(?: \||$)/.exec(line)?.[1]
    if (found === undefined || /^\[AVISO\] Não (?:guardei|atendi)/.test(found)) continue
    const words = found.replace(/[\d.,]+/g, "#").replace(/:.*$/, "")
    counts.set(words, (counts.get(words) ?? 0) + 1)
  }
  return counts
}

const outage = (name: string, seconds: number, begin: (node: Node) => Effect.Effect<void>) =>
  it.live(
    `${name}: 503 meanwhile, at work again within 5 s, nobody forgotten`,
    () =>
      Effect.gen(function* () {
        const scene = yield* underTraffic
        const { answers, node, sandbox, secret, slug, sql } = scene
        yield* waitUntil(
          Effect.sync(() => answers.length),
          (n) => n > 10
        )
        const mark = node.service.log.length
        const began = performance.now()
        yield* begin(node)
        const unready = yield* secondsOf(waitUntil(isReady(node.service), (ready) => !ready, 8))
        yield* lasting(seconds * 1000 - (performance.now() - began))
        assert.isFalse(yield* isReady(node.service))
        yield* node.link.restore
        const restored = performance.now()
        const ready = yield* secondsOf(waitUntil(isReady(node.service), (ready) => ready, 20))
        const someone = { id: 7_900_000_001, first_name: "Zeca" }
        const taken = yield* secondsOf(
          waitUntil(
            hook(node.service, slug, secret, privateMessage(someone, "/start")),
            (answer) => answer.status === 200,
            20
          )
        )
        yield* sandbox.telegram.waitFor(sentTo(someone.id, /Olá Zeca/))
        const atWork = (performance.now() - restored) / 1000
        const counts = complaints(node, mark)
        const visitors = yield* scene.endTraffic
        yield* waitUntil(
          sql<{ n: number }>`select count(*) as n from telegram_updates
            where person_id between 7500000001 and 7500000400`,
          ([row]) => row?.n === visitors.length,
          30
        )
        yield* allDone(sql, 20)

        const calls = yield* sandbox.telegram.calls
        const greetings = (id: number) => calls.filter(sentTo(id, /Olá/)).length
        const lost = visitors.filter(({ id }) => greetings(id) === 0).length
        const doubled = visitors.filter(({ id }) => greetings(id) > 1).length
        const during = answers.filter(({ at }) => at > began + 3_000 && at < restored - 500)
        const slowest = Math.max(...answers.map((answer) => answer.seconds))
        yield* say(
          `${name} ${seconds} s: ${during.length} refused, slowest answer ${slowest.toFixed(1)} s, not ready after ` +
            `${unready.seconds.toFixed(1)} s, ready ${ready.seconds.toFixed(1)} s, taken ${taken.seconds.toFixed(1)} s, ` +
            `at work ${atWork.toFixed(1)} s after its return, lost ${lost}, duplicated ${doubled}`
        )
        assert.deepStrictEqual([...new Set(during.map((answer) => answer.status))], [503])
        assert.isBelow(slowest, 6)
        assert.isBelow(atWork, 5)
        assert.deepStrictEqual({ lost, doubled }, { lost: 0, doubled: 0 })
        assert.deepStrictEqual(
          [...counts].filter(([, n]) => n > 2),
          []
        )
      }).pipe(Effect.scoped, Effect.provide(layers)),
    120_000
  )

describe("the database goes away under traffic", () => {
  outage("cut", 8, (node) => node.link.cut)
  // Longer than any of our limits (the longest is 10 s); FUNIL_OUTAGE_SECONDS=30 is the full length.
  outage("black hole", Number(process.env["FUNIL_OUTAGE_SECONDS"] ?? 14), (node) => node.link.freeze)

  it.live(
    "all its connections are taken: 503 and no waiting without end, at work again when they are free",
    () =>
      Effect.gen(function* () {
        const { answers, endTraffic, node, sandbox, sql } = yield* underTraffic
        yield* waitUntil(
          Effect.sync(() => answers.length),
          (n) => n > 10
        )
        let locked = 0
        yield* Effect.gen(function* () {
          const client = yield* SqlClient.SqlClient
          yield* client`lock table telegram_updates, bot_users, payments in access exclusive mode`
          locked = performance.now()
          yield* lasting(9_000)
        }).pipe(sql.withTransaction)
        const freed = performance.now()
        const again = yield* secondsOf(
          waitUntil(
            Effect.sync(() => answers.some(({ at, status }) => at > freed && status === 200)),
            Boolean
          )
        )
        const visitors = yield* endTraffic
        yield* waitUntil(
          sql<{ n: number }>`select count(*) as n from telegram_updates
            where person_id between 7500000001 and 7500000400`,
          ([row]) => row?.n === visitors.length,
          20
        )
        yield* allDone(sql, 20)
        const during = answers.filter(({ at }) => at > locked && at < freed - 5_500)
        const slowest = Math.max(...during.map((answer) => answer.seconds))
        const calls = yield* sandbox.telegram.calls
        const copies = visitors.map(({ id }) => calls.filter(sentTo(id, /Olá/)).length)
        yield* say(`locked 9 s: slowest answer ${slowest.toFixed(1)} s, at work ${again.seconds.toFixed(1)} s after it`)
        assert.deepStrictEqual([...new Set(during.map((answer) => answer.status))], [503])
        assert.isBelow(slowest, 6)
        assert.deepStrictEqual([...new Set(copies)], [1])
        assert.strictEqual(node.service.child.exitCode, null)
      }).pipe(Effect.scoped, Effect.provide(layers)),
    60_000
  )
})
