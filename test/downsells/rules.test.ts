import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import fc from "fast-check"
import { randomUUID } from "node:crypto"
import { BulkLeasesRepo } from "../../src/repo/BulkLeasesRepo.ts"
import { DownsellQueueRepo, type DownsellTarget } from "../../src/repo/DownsellQueueRepo.ts"
import { DownsellsRepo } from "../../src/repo/DownsellsRepo.ts"
import { PaymentsRepo } from "../../src/repo/PaymentsRepo.ts"
import { RecordingsRepo } from "../../src/repo/RecordingsRepo.ts"
import { TestDatabase } from "../support/postgres.ts"

const layer = Layer.mergeAll(
  BulkLeasesRepo.layer,
  DownsellQueueRepo.layer,
  DownsellsRepo.layer,
  PaymentsRepo.layer,
  RecordingsRepo.layer
).pipe(Layer.provideMerge(TestDatabase.layer))

const people = [7_000_000_001, 7_000_000_002] as const
const hour = 3600

/** What happens, in any order. Indices count from 0. */
type Act =
  | { readonly kind: "start" | "charge" | "pay" | "block" | "unblock" | "stop" | "return"; readonly who: number }
  | { readonly kind: "switch" | "delete"; readonly which: number }
  | { readonly kind: "pass"; readonly seconds: number }
  | { readonly kind: "send"; readonly fate: "sent" | "ambiguous" | "pending" | "crash" }

const who = fc.integer({ min: 0, max: people.length - 1 })
const acts: fc.Arbitrary<ReadonlyArray<Act>> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("start" as const), who }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constantFrom("charge" as const, "pay", "block", "unblock", "stop", "return"),
        who
      })
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constantFrom("switch" as const, "delete"),
        which: fc.integer({ min: 0, max: 3 })
      })
    },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant("pass" as const), seconds: fc.constantFrom(60, 600, hour, 30 * hour) })
    },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant("send" as const),
        fate: fc.constantFrom("sent" as const, "sent", "ambiguous", "pending", "crash")
      })
    }
  ),
  { minLength: 8, maxLength: 40 }
)

/** What the rules say of one person, written down apart from the SQL. */
interface Truth {
  blocked: boolean
  optedOut: boolean
  paid: boolean
  charge: { readonly id: number; closesIn: number } | undefined
  /** Per downsell: seconds since each time it may have arrived. */
  readonly got: Map<number, Array<number>>
}

const play = Effect.fnUntraced(function* (script: ReadonlyArray<Act>) {
  const sql = yield* SqlClient.SqlClient
  const leases = yield* BulkLeasesRepo
  const queue = yield* DownsellQueueRepo
  const downsells = yield* DownsellsRepo
  const payments = yield* PaymentsRepo
  const recordings = yield* RecordingsRepo

  const slug = `bot-${randomUUID().slice(0, 8)}`
  const [bot] = yield* sql<{ id: number }>`insert into bots (slug) values (${slug}) returning id`
  const botId = bot!.id
  const rules = [
    { trigger: "start", delay_seconds: 60, repeat_after_seconds: null },
    { trigger: "start", delay_seconds: 1800, repeat_after_seconds: 2 * hour },
    { trigger: "pix", delay_seconds: 300, repeat_after_seconds: null },
    { trigger: "start", delay_seconds: 0, repeat_after_seconds: null }
  ] as const
  const ids: Array<number> = []
  for (const rule of rules) {
    ids.push(yield* downsells.insert(botId, { ...rule, name: "d", content: { text: "oi" } }))
  }
  const live = new Map(ids.map((id) => [id, true]))
  const truths = people.map((): Truth => ({
    blocked: false,
    optedOut: false,
    paid: false,
    charge: undefined,
    got: new Map()
  }))
  let process = 0
  let [lease] = yield* leases.acquire("p0", [botId])

  let updateId = 0
  const touch = (
    index: number,
    more: { readonly started?: boolean; readonly optedOut?: boolean; readonly blocked?: boolean }
  ) =>
    recordings.write([
      {
        botId,
        updateId: ++updateId,
        hold: { owner: "x" },
        slug,
        person: {
          telegramId: people[index]!,
          name: "Ana",
          firstName: "Ana",
          username: undefined,
          languageCode: undefined,
          seenAt: new Date(),
          started: false,
          blocked: false,
          ...more
        },
        events: []
      }
    ])

  const charge = Effect.fnUntraced(function* (index: number) {
    const truth = truths[index]!
    if (truth.charge !== undefined) return
    const opening = yield* payments.openOrCreate({
      transactionId: randomUUID(),
      webhookKey: randomUUID(),
      gateway: "pushinpay",
      valueCents: 1990,
      botId,
      botSlug: slug,
      telegramId: people[index]!,
      personName: "Ana",
      planId: 1,
      planName: "Mensal",
      source: undefined,
      requestId: "r"
    })
    if (!("payment" in opening)) return
    const { payment } = opening
    const created = { paymentId: payment.id, chargeId: randomUUID(), pixCode: "x", rawStatus: "created" }
    yield* payments.markPending({ ...created, expiresMinutes: 60, firstQuerySeconds: 60 })
    truth.charge = { id: payment.id, closesIn: hour }
  })

  const pay = Effect.fnUntraced(function* (index: number) {
    const truth = truths[index]!
    const open = truth.charge
    if (open === undefined) return
    yield* sql.withTransaction(
      Effect.gen(function* () {
        yield* payments.move(open.id, "paid", {})
        yield* payments.markBuyer(open.id)
        yield* payments.cancelDownsells(botId, slug, people[index]!)
      })
    )
    truth.paid = true
    truth.charge = undefined
  })

  const pass = Effect.fnUntraced(function* (seconds: number) {
    const by = sql`make_interval(secs => ${seconds})`
    yield* sql`update downsells_queue set scheduled_at = scheduled_at - ${by}, sent_at = sent_at - ${by},
      updated_at = updated_at - ${by}, created_at = created_at - ${by} where bot_slug = ${slug}`
    yield* sql`update payments set expires_at = expires_at - ${by} where bot_id = ${botId}`
    for (const truth of truths) {
      for (const [id, ages] of truth.got)
        truth.got.set(
          id,
          ages.map((age) => age + seconds)
        )
      if (truth.charge !== undefined) truth.charge.closesIn -= seconds
    }
  })

  const check = (target: DownsellTarget) => {
    const truth = truths[people.indexOf(target.telegramId as (typeof people)[number])]!
    const rule = rules[ids.indexOf(target.downsellId)]!
    assert.isFalse(truth.blocked, "blocked")
    assert.isFalse(truth.optedOut, "opted out")
    assert.isFalse(truth.paid, "paid")
    assert.isTrue(live.get(target.downsellId), "inactive or deleted")
    if (rule.trigger === "pix") assert.isAbove(truth.charge?.closesIn ?? 0, 0, "no open charge")
    // A row may have been scheduled long before it leaves: what counts is that it is not the same one twice.
    const before = truth.got.get(target.downsellId) ?? []
    if (rule.repeat_after_seconds === null) assert.deepStrictEqual(before, [], "twice")
    else
      assert.isTrue(
        before.every((age) => age >= rule.repeat_after_seconds),
        `again after ${before.join()} s`
      )
  }

  const arrived = (target: DownsellTarget) => {
    const { got } = truths[people.indexOf(target.telegramId as (typeof people)[number])]!
    got.set(target.downsellId, [...(got.get(target.downsellId) ?? []), 0])
  }

  const send = Effect.fnUntraced(function* (fate: "sent" | "ambiguous" | "pending" | "crash") {
    if (lease === undefined) return
    const mine = lease
    const targets = yield* queue.due([{ botId, slug, limit: 100 }], 0)
    const answers = yield* queue.depart(targets.map(({ id }) => ({ id, lease: mine })))
    const leaving = targets.filter((_, index) => answers[index] === "go")
    leaving.forEach(check)
    if (fate !== "pending") leaving.forEach(arrived)
    if (fate !== "crash") {
      yield* queue.settle(
        leaving.map(({ id }) => ({
          id,
          lease: mine,
          status: fate,
          error: undefined,
          messageId: undefined,
          retryAfterSeconds: 30,
          tried: true
        }))
      )
      return
    }
    // Another process takes over; who was on the way is not sent to again, and the dead one's word counts no more.
    yield* sql`update bot_leases set until = now() - interval '1 second' where bot_id = ${botId}`
    lease = (yield* leases.acquire(`p${++process}`, [botId]))[0]
    assert.strictEqual(yield* queue.abandon([lease!]), leaving.length)
    assert.isTrue((yield* queue.depart(leaving.map(({ id }) => ({ id, lease: mine })))).every((one) => one === "lost"))
  })

  for (const act of script) {
    switch (act.kind) {
      case "start":
        truths[act.who]!.blocked = false
        yield* touch(act.who, { started: true })
        break
      case "charge":
        yield* charge(act.who)
        break
      case "pay":
        yield* pay(act.who)
        break
      case "block":
      case "unblock":
        truths[act.who]!.blocked = act.kind === "block"
        yield* touch(act.who, { blocked: act.kind === "block" })
        break
      case "stop":
      case "return":
        truths[act.who]!.optedOut = act.kind === "stop"
        truths[act.who]!.blocked = false
        yield* touch(act.who, { optedOut: act.kind === "stop" })
        break
      case "switch":
        if (!(yield* downsells.load({ ids: [botId], slugs: [] })).some(({ id }) => id === ids[act.which]!)) break
        live.set(ids[act.which]!, live.get(ids[act.which]!) !== true)
        yield* downsells.update(ids[act.which]!, { active: live.get(ids[act.which]!)! })
        break
      case "delete":
        live.set(ids[act.which]!, false)
        yield* downsells.remove(ids[act.which]!)
        break
      case "pass":
        yield* pass(act.seconds)
        break
      case "send":
        yield* send(act.fate)
        break
    }
  }

  // The counters say what the rows say, and the rows what happened.
  const tallies = yield* downsells.tallies(botId)
  const left = yield* sql<{ pending: number }>`
    select count(*) as pending from downsells_queue q join bot_downsells d on d.id = q.downsell_id
    where q.bot_slug = ${slug} and q.status = 'pending' and d.deleted_at is null`
  assert.strictEqual(
    [...tallies.values()].reduce((sum, one) => sum + one.pending, 0),
    left[0]?.pending
  )
  return Option.none()
})

describe("for any sequence of start, charge, pay, block, /parar, changes, crashes and time", () => {
  it.live(
    "nobody gets what the rules forbid, nor anything twice",
    () =>
      Effect.gen(function* () {
        const run = Effect.runPromiseWith(yield* Effect.context<Layer.Success<typeof layer>>())
        yield* Effect.promise(() =>
          fc.assert(
            fc.asyncProperty(acts, (script) => run(Effect.asVoid(play(script)))),
            { numRuns: 30 }
          )
        )
      }).pipe(Effect.provide(layer)),
    60_000
  )
})
