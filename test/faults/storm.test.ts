import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { allDone, crowd, faultLayers, openScene, say, waitUntil } from "../support/faults.ts"
import { botToken, openShop, sentTo, wordsOf } from "../support/shop.ts"
import { hook, privateMessage, secretOf } from "../support/updates.ts"

const layers = faultLayers({
  telegram: { timeScale: 0.02, latencyMs: 40, acceptUnknownChats: true },
  pushinpay: { latencyMs: 400 }
})

describe("people who tap too often", () => {
  it.live("eight /starts at once are one or two greetings, each of them one bot_start, and everything is done", () =>
    Effect.gen(function* () {
      const { sandbox, sql, start } = yield* openScene
      const node = yield* start()
      const { slug } = yield* openShop(node.service, sandbox)
      const secret = yield* secretOf(slug)
      const people = crowd(10)
      yield* Effect.forEach(
        people,
        (person) =>
          Effect.forEach(
            Array.from({ length: 8 }, () => privateMessage(person, "/start anuncio")),
            (update) => hook(node.service, slug, secret, update),
            { concurrency: "unbounded" }
          ),
        { concurrency: "unbounded" }
      )
      // Another advertisement is another wish.
      const [ana = people[0]!] = people
      yield* hook(node.service, slug, secret, privateMessage(ana, "/start outro"))
      yield* allDone(sql, 10)
      const calls = yield* sandbox.telegram.calls
      const greetings = people.map(({ id }) => calls.filter(sentTo(id, /Olá/)).length)
      const starts = yield* sql<{ n: number }>`
        select count(*) as n from funnel_events where event_name = 'bot_start' group by telegram_id order by telegram_id`
      yield* say(`80 /starts of 10 people and one more: ${greetings.join(" ")} greetings`)
      assert.deepStrictEqual(
        starts.map((row) => row.n),
        greetings
      )
      assert.isTrue(greetings.slice(1).every((n) => n === 1 || n === 2))
      assert.include([2, 3], greetings[0])
      assert.lengthOf(yield* sql`select 1 from bot_users`, people.length)
    }).pipe(Effect.scoped, Effect.provide(layers))
  )

  it.live("ten taps on one plan while the PIX is being made: one PIX, every tap answered before it is there", () =>
    Effect.gen(function* () {
      const { sandbox, sql, start } = yield* openScene
      const { pushinpay, telegram } = sandbox
      const node = yield* start()
      yield* openShop(node.service, sandbox)
      const [ana = assert.fail("nobody")] = crowd(1)
      yield* telegram.person(ana)
      yield* telegram.sendText(botToken, ana, "/start")
      yield* telegram.waitFor(sentTo(ana.id, /Olá/))
      // All ten are there before the gateway has answered, however busy the machine is.
      yield* pushinpay.configure({ latencyMs: 1_200 })
      const taps = yield* Effect.all(
        Array.from({ length: 10 }, () => telegram.press(botToken, ana, "Quero o mensal")),
        { concurrency: "unbounded" }
      )
      const pix = yield* telegram.waitFor(sentTo(ana.id, /<code>/))
      yield* allDone(sql, 10)
      const calls = yield* telegram.calls
      const answers = calls.filter((call) => call.method === "answerCallbackQuery")
      assert.lengthOf(calls.filter(sentTo(ana.id, /<code>/)), 1, wordsOf(pix))
      assert.lengthOf(yield* pushinpay.charges, 1)
      assert.deepStrictEqual(
        answers.map((call) => String(call.params["callback_query_id"])).toSorted(),
        taps.map(({ queryId }) => queryId).toSorted()
      )
      const late = answers.filter((call) => !call.ok || call.receivedAt >= pix.receivedAt)
      assert.deepStrictEqual(
        late.map(({ ok, receivedAt }) => ({ ok, afterPixMs: receivedAt - pix.receivedAt })),
        []
      )

      // Who has seen it and taps again gets it again: the open charge, not a new one.
      yield* telegram.press(botToken, ana, "Quero o mensal")
      yield* waitUntil(telegram.calls, (all) => all.filter(sentTo(ana.id, /<code>/)).length === 2)
      assert.lengthOf(yield* pushinpay.charges, 1)
    }).pipe(Effect.scoped, Effect.provide(layers))
  )
})
