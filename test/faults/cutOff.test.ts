import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { allDone, crowd, faultLayers, lasting, openScene, say, secondsOf, waitUntil } from "../support/faults.ts"
import { botToken, openShop, orderPix, sentTo } from "../support/shop.ts"

const pauseSeconds = 16
const [buyer, ...visitors] = crowd(9)

describe("a process is cut off from the database while its messages wait in their lane", () => {
  it.live(
    "greetings and what was paid for come from the other one, and from nobody else",
    () =>
      Effect.gen(function* () {
        const { sandbox, sql, start } = yield* openScene
        const { pushinpay, telegram } = sandbox
        const first = yield* start()
        yield* openShop(first.service, sandbox)
        const charge = yield* orderPix(sandbox, buyer!)

        // Telegram asks the whole bot for a pause: what it is to say from now on waits for its end.
        yield* telegram.fail({
          match: { method: "sendMessage" },
          answer: { kind: "limited", retryAfter: pauseSeconds }
        })
        yield* Effect.forEach(visitors, telegram.person)
        yield* telegram.sendText(botToken, visitors[0]!, "/start")
        yield* telegram.waitForCount(1, (call) => call.fault === "fault")
        const pausedAt = performance.now()
        yield* Effect.forEach(visitors.slice(1), (person) => telegram.sendText(botToken, person, "/start"))
        yield* pushinpay.pay(charge.id)
        yield* waitUntil(
          sql<{ greetings: number; deliveries: number }>`select
              (select count(*) from telegram_updates where state = 0) as greetings,
              (select count(*) from outbox where destination = 'telegram' and lease_until is not null) as deliveries`,
          ([row]) => row?.greetings === visitors.length && row.deliveries === 1
        )

        yield* first.link.cut
        yield* start()
        const expected = [sentTo(buyer!.id, /Seu acesso/), ...visitors.map(({ id }) => sentTo(id, /Olá/))]
        const takenOver = yield* secondsOf(Effect.forEach(expected, (one) => telegram.waitFor(one, 20_000)))
        yield* lasting(pauseSeconds * 1000 + 1_000 - (performance.now() - pausedAt))
        yield* first.link.restore
        yield* waitUntil(first.service.request("GET", "/readyz"), (answer) => answer.status === 200)
        const late = { id: 7_200_000_001, first_name: "Zeca" }
        yield* telegram.person(late)
        yield* telegram.sendText(botToken, late, "/start")
        yield* telegram.waitFor(sentTo(late.id, /Olá/))
        yield* allDone(sql, 10)
        yield* waitUntil(
          sql<{ n: number }>`select count(*) as n from outbox where destination = 'telegram' and status = 'pending'`,
          ([row]) => row?.n === 0
        )

        const calls = yield* telegram.calls
        const copies = expected.map((one) => calls.filter(one).length)
        yield* say(`cut off: taken over after ${takenOver.seconds.toFixed(1)} s, copies ${copies.join(" ")}`)
        assert.deepStrictEqual(copies, Array(expected.length).fill(1))
      }).pipe(Effect.scoped, Effect.provide(faultLayers())),
    60_000
  )
})
