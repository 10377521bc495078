import { assert, describe, it } from "@effect/vitest"
import type { Lane } from "../../../src/messages/lanes/lane.ts"
import { Lanes } from "../../../src/messages/lanes/Lanes.ts"
import { bot, connections } from "./simulation.ts"

const vip = bot(1, 1_000)

/** One message through the lanes that is answered 30 ms after it left. */
const send = (
  lanes: Lanes,
  chat: number,
  at: number,
  answer: "ok" | { readonly retryAfter: number } = "ok",
  lane: Lane = "reply"
) => {
  const trip = lanes.begin(vip, chat, lane, at)
  lanes.ask(trip, Number.POSITIVE_INFINITY, at)
  lanes.wake(at)
  assert.deepStrictEqual(trip.verdict, { _tag: "Go" })
  const scope = answer === "ok" ? undefined : lanes.limited(trip, answer.retryAfter, at + 30).scope
  lanes.landed(trip, answer === "ok", at + 30)
  lanes.end(trip, at + 30)
  return scope
}

describe("whose limit a 429 is", () => {
  it("is the chat's, when one person's chat had several messages at once on a quiet bot", () => {
    const lanes = new Lanes(connections)
    send(lanes, 7, 0)
    send(lanes, 7, 40)
    assert.strictEqual(send(lanes, 7, 80, { retryAfter: 3 }), "chat")
    // Somebody else does not notice.
    send(lanes, 8, 120)
  })

  it("is the chat's on a busy bot whose other chats still get through", () => {
    const lanes = new Lanes(connections)
    for (let index = 0; index < 60; index++) send(lanes, 100 + index, index * 20, "ok", "shot")
    send(lanes, 7, 1_200)
    assert.strictEqual(send(lanes, 7, 1_250, { retryAfter: 3 }), "chat")
  })

  it("is the bot's, when the chat had just this one message", () => {
    const lanes = new Lanes(connections)
    send(lanes, 8, 0)
    assert.strictEqual(send(lanes, 7, 100, { retryAfter: 3 }), "bot")
  })

  it("is the bot's, when two messages of the chat lie a second apart", () => {
    const lanes = new Lanes(connections)
    send(lanes, 7, 0)
    assert.strictEqual(send(lanes, 7, 1_000, { retryAfter: 3 }), "bot")
  })

  it("is the bot's, when another chat was limited a moment ago", () => {
    const lanes = new Lanes(connections)
    for (const chat of [7, 8]) send(lanes, chat, 0)
    assert.strictEqual(send(lanes, 7, 50, { retryAfter: 3 }), "chat")
    assert.strictEqual(send(lanes, 8, 100, { retryAfter: 3 }), "bot")
  })

  it("is the chat's, when it alone is limited again while others that left meanwhile got through", () => {
    const lanes = new Lanes(connections)
    assert.strictEqual(send(lanes, 7, 0, { retryAfter: 1 }), "bot")
    // Of those that were under way already nothing follows.
    assert.strictEqual(send(lanes, 7, 1_100, { retryAfter: 1 }), "bot")
    send(lanes, 8, 2_200)
    assert.strictEqual(send(lanes, 7, 2_300, { retryAfter: 1 }), "chat")
    send(lanes, 8, 2_400)
    assert.strictEqual(send(lanes, 7, 3_500, { retryAfter: 1 }), "chat")
    // Another one is limited as well: it is the bot after all.
    assert.strictEqual(send(lanes, 9, 3_600, { retryAfter: 1 }), "bot")
  })

  it("is the bot's, when it is busy and nobody gets through", () => {
    const lanes = new Lanes(connections)
    for (let index = 0; index < 60; index++) {
      const trip = lanes.begin(vip, 100 + index, "reply", index * 5)
      lanes.ask(trip, Number.POSITIVE_INFINITY, index * 5)
      lanes.landed(trip, false, index * 5 + 1)
      lanes.end(trip, index * 5 + 1)
    }
    const trips = [0, 1].map(() => lanes.begin(vip, 7, "reply", 300))
    lanes.ask(trips[0]!, Number.POSITIVE_INFINITY, 300)
    lanes.landed(trips[0]!, false, 310)
    lanes.end(trips[0]!, 310)
    lanes.ask(trips[1]!, Number.POSITIVE_INFINITY, 310)
    assert.strictEqual(lanes.limited(trips[1]!, 3, 320).scope, "bot")
  })

  it("pauses the chat, the rest of its message included, and nobody else", () => {
    const lanes = new Lanes(connections)
    send(lanes, 7, 0)
    assert.strictEqual(send(lanes, 7, 40, { retryAfter: 5 }), "chat")
    const held = lanes.begin(vip, 7, "reply", 100)
    lanes.ask(held, Number.POSITIVE_INFINITY, 100)
    assert.isUndefined(held.verdict)
    const tooLong = lanes.begin(vip, 9, "reply", 100)
    lanes.ask(tooLong, 60_000, 100)
    assert.deepStrictEqual(tooLong.verdict, { _tag: "Go" })
    lanes.wake(5_071)
    assert.deepStrictEqual(held.verdict, { _tag: "Go" })
  })
})

describe("a pause that is too long to wait for", () => {
  it("is told at once to those who wait and to those who come, with what is left of it", () => {
    const lanes = new Lanes(connections)
    const waiting = bot(2, 1)
    const limited = lanes.begin(waiting, 1, "shot", 0)
    lanes.ask(limited, Number.POSITIVE_INFINITY, 0)
    const queued = [2, 3].map((chat) => lanes.begin(waiting, chat, "shot", 10))
    lanes.ask(queued[0]!, 30_000, 10)
    lanes.ask(queued[1]!, 200_000, 10)
    lanes.limited(limited, 120, 1_000)
    lanes.landed(limited, false, 1_000)
    assert.deepStrictEqual(queued[0]!.verdict, { _tag: "TooLong", seconds: 120 })
    assert.isUndefined(queued[1]!.verdict)
    const late = lanes.begin(waiting, 4, "reply", 81_000)
    lanes.ask(late, 81_000 + 30_000, 81_000)
    assert.deepStrictEqual(late.verdict, { _tag: "TooLong", seconds: 40 })
    const patient = lanes.begin(waiting, 5, "reply", 81_000)
    lanes.ask(patient, 81_000 + 60_000, 81_000)
    assert.isUndefined(patient.verdict)
    lanes.wake(121_000)
    assert.deepStrictEqual(patient.verdict, { _tag: "Go" })
  })
})

describe("a bot in the lanes", () => {
  it("keeps its bulk while it is paused by its seller, and lets it go when it is active again", () => {
    const lanes = new Lanes(connections)
    const asleep = { ...vip, active: false }
    const shot = lanes.begin(asleep, 1, "shot", 0)
    lanes.ask(shot, Number.POSITIVE_INFINITY, 0)
    const reply = lanes.begin(asleep, 2, "reply", 0)
    lanes.ask(reply, Number.POSITIVE_INFINITY, 0)
    assert.deepStrictEqual([shot.verdict, reply.verdict], [undefined, { _tag: "Go" }])
    lanes.configure({ ...vip, active: true }, 5_000)
    assert.deepStrictEqual(shot.verdict, { _tag: "Go" })
  })

  it("lets nobody wait for ever when it is gone", () => {
    const lanes = new Lanes(connections)
    const slow = bot(3, 1)
    const trips = [1, 2, 3].map((chat) => lanes.begin(slow, chat, "shot", 0))
    for (const trip of trips) lanes.ask(trip, Number.POSITIVE_INFINITY, 0)
    const behind = lanes.begin(slow, 3, "shot", 0)
    lanes.ask(behind, Number.POSITIVE_INFINITY, 0)
    lanes.dismiss(slow.id)
    const dismissed = { _tag: "Dismissed" } as const
    assert.deepStrictEqual(
      [...trips, behind].map((trip) => trip.verdict),
      [{ _tag: "Go" }, dismissed, dismissed, dismissed]
    )
    for (const trip of [...trips, behind]) lanes.end(trip, 1)
  })

  it("gives back what an abandoned send held: its place, its turn, its chat", () => {
    const lanes = new Lanes(connections)
    for (let chat = 0; chat < 200; chat++) {
      const granted = lanes.begin(vip, chat, "reply", 0)
      lanes.ask(granted, Number.POSITIVE_INFINITY, 0)
      assert.deepStrictEqual(granted.verdict, { _tag: "Go" })
      lanes.end(granted, 0)
    }
    const slow = bot(4, 1)
    const trips = [1, 2, 3].map((chat) => lanes.begin(slow, chat, "shot", 0))
    for (const trip of trips) lanes.ask(trip, Number.POSITIVE_INFINITY, 0)
    lanes.end(trips[1]!, 10)
    lanes.wake(1_000)
    assert.isUndefined(trips[1]!.verdict)
    assert.deepStrictEqual(trips[2]!.verdict, { _tag: "Go" })
  })

  it("forgets chats that have been quiet", () => {
    const lanes = new Lanes(connections)
    for (let chat = 0; chat < 20_000; chat++) send(lanes, chat, chat * 10)
    const last = lanes.begin(vip, 1, "reply", 300_000)
    // About a second's worth of chats and what two at a time have not got round to.
    assert.isBelow(last.bot.chatsRemembered, 400)
  })
})
