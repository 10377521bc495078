import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { chatBurst } from "../../../src/messages/lanes/Chat.ts"
import { type Lane, rankOf } from "../../../src/messages/lanes/lane.ts"
import { catchUpMs } from "../../../src/messages/lanes/Pace.ts"
import { shareOut } from "../../../src/messages/lanes/Places.ts"
import { resolveOptions } from "../../../src/sandbox/telegram/Options.ts"
import { RateGuard } from "../../../src/sandbox/telegram/RateGuard.ts"
import { type Answer, bot, connections, type Departure, mostWithin, type Planned, simulate } from "./simulation.ts"

const lane = fc.constantFrom<Lane>("reply", "downsell", "shot")

/** Sends of three bots to a handful of people, some of several blocks. */
const crowded = fc.array(
  fc.record({
    at: fc.integer({ min: 0, max: 4_000 }),
    bot: fc.integer({ min: 0, max: 2 }),
    chat: fc.integer({ min: 1, max: 6 }),
    lane,
    blocks: fc.integer({ min: 1, max: 4 })
  }),
  { minLength: 1, maxLength: 80, size: "max" }
)

/** The same, everybody a person of their own, so that only the bot's lanes decide. */
const strangers = fc
  .array(fc.record({ at: fc.integer({ min: 0, max: 2_000 }), bot: fc.integer({ min: 0, max: 2 }), lane }), {
    minLength: 1,
    maxLength: 150,
    size: "max"
  })
  .map((sends): ReadonlyArray<Planned> => sends.map((send, index) => ({ ...send, chat: index + 1, blocks: 1 })))

const rates = fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 60 }), fc.constant(29))
const latencies = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 20, size: "max" })
const latenesses = fc.array(fc.double({ min: 0, max: 60, noNaN: true }), { minLength: 1, maxLength: 20, size: "max" })

/** Every n-th call or so is answered with 429, until they are used up. */
const limits = fc.array(fc.record({ at: fc.integer({ min: 0, max: 60 }), seconds: fc.integer({ min: 1, max: 9 }) }), {
  maxLength: 12,
  size: "max"
})
type Limits = ReadonlyArray<{ readonly at: number; readonly seconds: number }>

const limitedBy =
  (given: Limits) =>
  (departure: Departure): Answer => {
    const limit = given.find((one) => one.at === departure.index)
    return limit === undefined ? "ok" : { retryAfter: limit.seconds }
  }

const cycling =
  (values: ReadonlyArray<number>) =>
  (index: number): number =>
    values[index % values.length]!

const isBulk = (departure: Departure) => departure.lane !== "reply"
const bots = (perSecond: ReadonlyArray<number>) => perSecond.map((rate, index) => bot(index + 1, rate))
const runs = { numRuns: 300 }

describe("the lanes, whatever is sent when", () => {
  it("never let more bulk out than the rate of its bot, in any window", () => {
    fc.assert(
      fc.property(strangers, rates, latencies, latenesses, limits, (plan, perSecond, latency, lateness, given) => {
        const { departures } = simulate({
          bots: bots(perSecond),
          plan,
          latency: (departure) => cycling(latency)(departure.index),
          lateness: cycling(lateness),
          answer: limitedBy(given)
        })
        perSecond.forEach((rate, index) => {
          const times = departures.filter((one) => one.bot === index && isBulk(one)).map((one) => one.at)
          for (const windowMs of [200, 1_000, 2_500]) {
            const allowed = (rate * (windowMs + catchUpMs)) / 1000 + 1
            assert.isAtMost(mostWithin(times, windowMs), allowed + 1e-6, `${rate}/s in ${windowMs} ms`)
          }
        })
      }),
      runs
    )
  })

  it("lose nothing, repeat nothing, and keep the blocks of a message in order", () => {
    fc.assert(
      fc.property(crowded, latencies, limits, (plan, latency, given) => {
        const { confirmed, unfinished } = simulate({
          bots: bots([29, 29, 29]),
          plan,
          latency: (departure) => cycling(latency)(departure.index),
          answer: limitedBy(given)
        })
        assert.strictEqual(unfinished, 0)
        const wanted = plan.flatMap((send, index) =>
          Array.from({ length: send.blocks }, (_, block) => `${index}/${block}`)
        )
        assert.deepStrictEqual(confirmed.toSorted(), wanted.toSorted())
        plan.forEach((_, index) => {
          const own = confirmed.filter((one) => one.startsWith(`${index}/`))
          assert.deepStrictEqual(own, own.toSorted())
        })
      }),
      runs
    )
  })

  it("keep each chat to its pace", () => {
    fc.assert(
      fc.property(crowded, latencies, (plan, latency) => {
        const { departures } = simulate({
          bots: bots([60, 60, 60]),
          plan,
          latency: (departure) => cycling(latency)(departure.index),
          answer: () => "ok"
        })
        for (const own of Map.groupBy(departures, (one) => `${one.bot}/${one.chat}`).values()) {
          for (const windowMs of [100, 1_000, 5_000]) {
            const most = mostWithin(
              own.map((one) => one.at),
              windowMs
            )
            assert.isAtMost(most, chatBurst + windowMs / 1000)
          }
        }
      }),
      runs
    )
  })

  it("let no send overtake an earlier one of its lane or a more urgent one in the same chat", () => {
    fc.assert(
      fc.property(crowded, latencies, limits, (plan, latency, given) => {
        const { departures, endedAt } = simulate({
          bots: bots([29, 29, 29]),
          plan,
          latency: (departure) => cycling(latency)(departure.index),
          answer: limitedBy(given)
        })
        const earlier = (a: number, b: number) => plan[a]!.at < plan[b]!.at || (plan[a]!.at === plan[b]!.at && a < b)
        const overtaken = departures.flatMap((departure) =>
          plan.filter((other, index) => {
            if (index === departure.send || other.bot !== departure.bot || other.chat !== departure.chat) return false
            const isAhead =
              rankOf[other.lane] < rankOf[departure.lane]
                ? other.at < departure.at
                : other.lane === departure.lane && earlier(index, departure.send)
            return isAhead && endedAt.get(index)! > departure.at
          })
        )
        assert.deepStrictEqual(overtaken, [])
      }),
      runs
    )
  })

  it("send a downsell before any shot that waits", () => {
    fc.assert(
      fc.property(strangers, latencies, (plan, latency) => {
        const { departures } = simulate({
          bots: bots([5, 20, 29]),
          plan,
          latency: (departure) => cycling(latency)(departure.index),
          answer: () => "ok"
        })
        const leftAt = new Map(departures.map((one) => [one.send, one.at]))
        for (const shot of departures.filter((one) => one.lane === "shot")) {
          const overtaken = plan.some(
            (other, index) =>
              other.bot === shot.bot && other.lane === "downsell" && other.at < shot.at && leftAt.get(index)! > shot.at
          )
          assert.isFalse(overtaken)
        }
      }),
      runs
    )
  })

  it("never hold a reply back for bulk", () => {
    fc.assert(
      fc.property(strangers, rates, (plan, perSecond) => {
        const { departures } = simulate({ bots: bots(perSecond), plan, latency: () => 5, answer: () => "ok" })
        for (const reply of departures.filter((one) => one.lane === "reply")) {
          assert.strictEqual(reply.at, plan[reply.send]!.at)
        }
      }),
      runs
    )
  })

  it("obey every pause, and put what came back in front of its lane", () => {
    fc.assert(
      fc.property(strangers, latencies, limits, (plan, latency, given) => {
        const { departures, pauses } = simulate({
          bots: bots([29, 29, 29]),
          plan,
          latency: (departure) => cycling(latency)(departure.index),
          answer: limitedBy(given)
        })
        const order = plan
          .map((send, index) => ({ ...send, index }))
          .toSorted((a, b) => a.at - b.at || a.index - b.index)
        const arrival = new Map(order.map((send, position) => [send.index, position]))
        for (const { departure, from, scope, until } of pauses) {
          const whole = departures.filter((one) => one.bot === departure.bot && one.at > from)
          const limited = scope === "bot" ? whole : whole.filter((one) => one.chat === departure.chat)
          for (const one of limited) assert.isAtLeast(one.at, until)
          const again = whole.find((one) => one.send === departure.send)!
          const before = whole.filter((one) => one.lane === departure.lane && one.index < again.index)
          if (scope === "bot") {
            for (const one of before) assert.isBelow(arrival.get(one.send)!, arrival.get(departure.send)!)
          }
        }
      }),
      runs
    )
  })

  it("let the other bots notice nothing of one bot's 429s and flood", () => {
    fc.assert(
      fc.property(crowded, limits, (sends, given) => {
        // No two things at the very same moment: who is first then is nobody's business.
        const plan = sends.map((send, index) => ({ ...send, at: send.at + index * 0.0137 }))
        const calm = plan.filter((send) => send.bot !== 0)
        const world = {
          bots: bots([29, 29, 29]),
          latency: (one: Departure) => 20 + one.chat * 1.0713 + one.block * 0.517
        }
        const limitFirst = (departure: Departure): Answer => {
          if (departure.bot !== 0) return "ok"
          return limitedBy(given)(departure)
        }
        const seen = (departures: ReadonlyArray<Departure>) =>
          departures.filter((one) => one.bot !== 0).map((one) => [one.bot, one.chat, one.lane, one.block, one.at])
        const alone = simulate({ ...world, plan: calm, answer: () => "ok" })
        const together = simulate({ ...world, plan, answer: limitFirst })
        assert.sameDeepMembers(seen(together.departures), seen(alone.departures))
      }),
      runs
    )
  })

  it("pass Telegram's own limits without a single 429", () => {
    fc.assert(
      fc.property(strangers, latenesses, (plan, lateness) => {
        const bulk = plan.map((send) => ({ ...send, lane: send.lane === "reply" ? ("shot" as const) : send.lane }))
        const guard = new RateGuard({ ...resolveOptions({}), rate: {} })
        const { pauses, unfinished } = simulate({
          bots: bots([30, 30, 30]),
          plan: bulk,
          latency: () => 40,
          lateness: cycling(lateness),
          answer: (one, arrivedAt) => {
            const seconds = guard.waitOf(one.bot, "sendmessage", one.chat, false, arrivedAt)
            return seconds === 0 ? "ok" : { retryAfter: seconds }
          }
        })
        assert.deepStrictEqual([pauses, unfinished], [[], 0])
      }),
      runs
    )
  })
})

const burst = (count: number, ofBot: number, ofLane: Lane, at = 0, firstChat = 1): ReadonlyArray<Planned> =>
  Array.from({ length: count }, (_, index) => ({
    at,
    bot: ofBot,
    chat: firstChat + index,
    lane: ofLane,
    blocks: 1
  }))

describe("the places that all bots share", () => {
  const places = shareOut(connections)

  it("are never more than there are, and bulk leaves some to replies", () => {
    const flood = [0, 1, 2, 3].flatMap((index) => burst(200, index, "reply"))
    const replies = simulate({ bots: bots([29, 29, 29, 29]), plan: flood, latency: () => 50, answer: () => "ok" })
    assert.strictEqual(replies.unfinished, 0)
    assert.isAtMost(replies.mostUnderWay, places.all)
    assert.isAtLeast(replies.mostUnderWay, places.all - places.firstCalls - 4)

    const broadcast = Array.from({ length: 20 }, (_, index) => bot(index + 1, 1_000))
    const shots = broadcast.flatMap((_, index) => burst(50, index, "shot"))
    const bulk = simulate({ bots: broadcast, plan: shots, latency: () => 500, answer: () => "ok" })
    assert.strictEqual(bulk.unfinished, 0)
    assert.isAtMost(bulk.mostUnderWay, places.bulk)
  })

  it("are there for a newcomer while others flood and Telegram does not answer", () => {
    for (const others of [1, 2, 5, 10]) {
      const flood = Array.from({ length: others }, (_, index) => burst(500, index, "reply")).flat()
      const newcomer = burst(1, others, "reply", 1_000, 9_000)
      const { departures } = simulate({
        bots: bots(Array.from({ length: others + 1 }, () => 29)),
        plan: [...flood, ...newcomer],
        latency: () => 8_000,
        answer: () => "ok"
      })
      assert.strictEqual(departures.find((one) => one.bot === others)?.at, 1_000, `${others} floods`)
    }
  })

  it("go to a reply first when one becomes free", () => {
    const crowd = Array.from({ length: 32 }, (_, index) => bot(index + 1, 1_000))
    const shots = Array.from({ length: 15 }, (_, index) => burst(3, index, "shot")).flat()
    const replies = Array.from({ length: 15 }, (_, index) => burst(1, 15 + index, "reply", 10)).flat()
    const { departures } = simulate({
      bots: crowd,
      plan: [...shots, ...replies, ...burst(1, 31, "shot", 20), ...burst(1, 30, "reply", 30)],
      latency: () => 1_000,
      answer: () => "ok"
    })
    assert.deepStrictEqual(
      departures.slice(places.all).map((one) => [one.bot, one.lane]),
      [
        [30, "reply"],
        [31, "shot"]
      ]
    )
  })

  it("are there for a reply of a bot whose bulk Telegram answers slowly", () => {
    const broadcast = Array.from({ length: 20 }, (_, index) => bot(index + 1, 1_000))
    const shots = broadcast.flatMap((_, index) => burst(50, index, "shot"))
    const replies = [0, 5, 19].flatMap((index) => burst(1, index, "reply", 1_000 + index, 5_000))
    const { departures } = simulate({
      bots: broadcast,
      plan: [...shots, ...replies],
      latency: () => 8_000,
      answer: () => "ok"
    })
    assert.deepStrictEqual(
      departures.filter((one) => !isBulk(one)).map((one) => one.at),
      [1_000, 1_005, 1_019]
    )
  })

  it("are shared evenly by bots that flood alike", () => {
    const plan = [0, 1, 2, 3].flatMap((index) => burst(300, index, "reply"))
    const { departures } = simulate({
      bots: bots([29, 29, 29, 29]),
      plan: plan.toSorted((a, b) => a.chat - b.chat),
      latency: (one) => 70 + ((one.index * 37) % 60),
      answer: () => "ok"
    })
    const counts = [0, 1, 2, 3].map((index) => departures.filter((one) => one.bot === index && one.at <= 1_000).length)
    assert.isAtMost(Math.max(...counts) - Math.min(...counts), 20, String(counts))
    assert.isAtLeast(Math.min(...counts), 100, String(counts))
  })
})
