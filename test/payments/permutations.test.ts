import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Exit, Fiber, Layer, Option, Scope } from "effect"
import { SqlClient } from "effect/sql"
import * as fc from "fast-check"
import { type GatewayStatus, type PaymentStatus, wasPaid } from "../../src/domain/payment.ts"
import { Checkout } from "../../src/payments/Checkout.ts"
import { Gateways } from "../../src/payments/Gateways.ts"
import type { PaymentGateway } from "../../src/payments/PaymentGateway.ts"
import { Settlement } from "../../src/payments/Settlement.ts"
import { WebhookInbox } from "../../src/payments/WebhookInbox.ts"
import { Outbox } from "../../src/tracking/Outbox.ts"
import { Reports } from "../../src/tracking/Reports.ts"
import { Fuse, mortalRepos } from "./mortal.ts"
import { eventually, openBot, payments, plan } from "./room.ts"

type Fact = "paid" | "expired" | "refunded"
type Step = "response" | Fact

/** A charge's life as it is told: what happens to it, in which order we hear of it, and when our process dies. */
interface Life {
  readonly told: ReadonlyArray<Step>
  readonly crashAt: number
  readonly crashAfter: boolean
  readonly asksEachTime: boolean
}

const lives: fc.Arbitrary<Life> = fc.record({
  told: fc
    .record({
      facts: fc.subarray<Fact>(["paid", "expired", "refunded"], { minLength: 0 }),
      again: fc.array(fc.nat({ max: 2 }), { maxLength: 3 })
    })
    .chain(({ again, facts }) => {
      const repeated = again.flatMap((i) => facts.slice(i, i + 1))
      const steps: ReadonlyArray<Step> = ["response", ...facts, ...repeated]
      return fc.shuffledSubarray([...steps], { minLength: steps.length })
    }),
  crashAt: fc.integer({ min: 1, max: 40 }),
  crashAfter: fc.boolean(),
  asksEachTime: fc.boolean()
})

/** What the gateway's own books say at the end of that life. */
const truthOf = ({ told }: Life): GatewayStatus =>
  (["refunded", "paid", "expired"] as const).find((fact) => told.includes(fact)) ?? "pending"

interface Account {
  readonly id: string
  readonly truth: GatewayStatus
  readonly response: Deferred.Deferred<void>
  key: string
}

/** A gateway that answers creations when it is told to, and knows the end of every charge's story. */
const scripted = (accounts: Map<string, Account>, secondsBetweenQueries: number): PaymentGateway => ({
  name: "pushinpay",
  capabilities: {
    minCents: 1,
    refund: false,
    secondsBetweenQueries,
    firstQuerySeconds: 3600,
    legalNotice: Option.none()
  },
  configured: true,
  createCharge: ({ description, webhookUrl }) =>
    Effect.gen(function* () {
      const account = accounts.get(description)!
      account.key = Option.getOrThrow(webhookUrl).split("/").at(-1)!
      yield* Deferred.await(account.response)
      return { id: account.id, pixCode: `000201${account.id}`, rawStatus: "created" }
    }),
  getCharge: (id) =>
    Effect.sync(() => {
      const { truth } = [...accounts.values()].find((account) => account.id === id)!
      return { id, status: truth, rawStatus: truth, valueCents: plan.priceCents }
    }),
  refund: () => Effect.void,
  readWebhook: ({ body }) =>
    Effect.sync(() => ({ proof: "none", events: [JSON.parse(new TextDecoder().decode(body))] }))
})

interface Row {
  readonly status: PaymentStatus
  /** The buyer's code was stored: the answer to the creation was not lost. */
  readonly code: boolean
  readonly created: number
  readonly paid: number
  readonly refunded: number
  readonly deliveries: number
  readonly has_paid: boolean | null
}

const setup = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const bot = yield* openBot
  const accounts = new Map<string, Account>()

  const startProcess = Effect.fnUntraced(function* (fuse: Fuse, secondsBetweenQueries: number) {
    const scope = yield* Scope.make()
    const layers = Checkout.layer.pipe(
      Layer.provideMerge(WebhookInbox.layer),
      Layer.provideMerge(Settlement.layer),
      Layer.provideMerge(Layer.merge(Gateways.layerOf([scripted(accounts, secondsBetweenQueries)]), Reports.layer)),
      Layer.provideMerge(Outbox.layer),
      Layer.provideMerge(mortalRepos(fuse))
    )
    const services = yield* Layer.build(Layer.fresh(layers)).pipe(Scope.provide(scope))
    return {
      checkout: Context.get(services, Checkout),
      inbox: Context.get(services, WebhookInbox),
      end: Effect.asVoid(Effect.exit(Scope.close(scope, Exit.void)))
    }
  })

  /** Lives one life to its end and answers what it left in the database. */
  return Effect.fnUntraced(function* (life: Life, number: number) {
    const name = `vida-${number}`
    const id = `c${number}`
    const account: Account = { id, truth: truthOf(life), response: yield* Deferred.make<void>(), key: "" }
    accounts.set(name, account)
    const seconds = life.asksEachTime ? 0 : 60
    const fuse = new Fuse(life.crashAt, life.crashAfter)
    let process = yield* startProcess(fuse, seconds)
    let revived = false
    let answered = false

    /** Another node takes over: leases have run out, and what was being created is given up on. */
    const takeOver = Effect.gen(function* () {
      if (!fuse.dead || revived) return
      revived = true
      yield* process.end
      yield* sql`update gateway_events set lease_until = null where state = 'waiting' and gateway_charge_id = ${id}`
      yield* sql`update payments set status = 'unknown' where status = 'creating' and plan_name = ${name}`
      process = yield* startProcess(new Fuse(Infinity, false), seconds)
    })
    const tap = Effect.suspend(() =>
      Effect.forkChild(
        Effect.exit(
          process.checkout.open({
            bot,
            plan: { ...plan, name },
            priceCents: plan.priceCents,
            person: { telegramId: 1_000_000 + number, name: "Ana" },
            requestId: name
          })
        )
      )
    )
    let creating = yield* tap
    yield* eventually(
      Effect.sync(() => account.key !== "" || fuse.dead),
      (begun) => begun
    )
    if (account.key === "") {
      // It died before the gateway knew of anything: the tap is handled again.
      yield* takeOver
      creating = yield* tap
      yield* eventually(
        Effect.sync(() => account.key),
        (key) => key !== ""
      )
    }
    const post = (status: Fact) =>
      Effect.suspend(() =>
        Effect.exit(
          process.inbox.receive("pushinpay", {
            headers: {},
            query: "",
            body: new TextEncoder().encode(
              JSON.stringify({ id, status, rawStatus: status, valueCents: plan.priceCents })
            ),
            pathKey: account.key,
            requestId: name
          })
        )
      )
    const dealtWith = eventually(
      sql`select 1 from gateway_events
        where gateway_charge_id = ${id} and state = 'waiting' and next_attempt_at <= now()`,
      (open) => open.length === 0 || fuse.dead
    )
    for (const step of life.told) {
      if (step === "response") {
        yield* Deferred.succeed(account.response, undefined)
        answered = Exit.isSuccess(yield* Fiber.join(creating))
      } else {
        const answer = yield* post(step)
        yield* takeOver
        // A gateway repeats what was not answered with 200.
        if (Exit.isFailure(answer)) yield* post(step)
        yield* dealtWith
      }
      yield* takeOver
    }
    yield* eventually(
      Effect.gen(function* () {
        yield* takeOver
        yield* sql`
          update gateway_events set next_attempt_at = now(), lease_until = null, state = 'waiting'
          where gateway_charge_id = ${id} and state in ('waiting', 'unmatched')`
        yield* sql`update payments set checked_at = null where plan_name = ${name}`
        yield* process.inbox.wake
        return yield* sql`select 1 from gateway_events where gateway_charge_id = ${id} and state <> 'done'`
      }),
      (open) => open.length === 0
    )
    yield* process.end
    const rows = yield* sql<Row>`
      select p.status, p.pix_copy_paste is not null as code,
        (select count(*) from funnel_events e where e.payment_id = p.id and e.event_name = 'pix_created') as created,
        (select count(*) from funnel_events e where e.payment_id = p.id and e.event_name = 'pix_paid') as paid,
        (select count(*) from funnel_events e where e.payment_id = p.id and e.event_name = 'pix_refunded') as refunded,
        (select count(*) from outbox o where o.payment_id = p.id and o.event_name = 'delivery') as deliveries,
        (select u.has_paid from bot_users u where u.bot_id = p.bot_id and u.telegram_id = p.telegram_id) as has_paid
      from payments p where p.plan_name = ${name} and p.gateway_charge_id is not null`
    return { rows, crashed: fuse.dead, answered }
  })
})

const expected = (life: Life, code: boolean): Row => {
  const status = truthOf(life)
  const paid = wasPaid(status) ? 1 : 0
  const created = code || paid === 1 ? 1 : 0
  return {
    status,
    code,
    created,
    paid,
    refunded: status === "refunded" ? 1 : 0,
    deliveries: paid,
    has_paid: created === 0 ? null : paid === 1
  }
}

describe("a charge, in whatever order its story is told and whenever a process dies", () => {
  it.live("ends in the same rows: one delivery, one pix_paid", () =>
    Effect.gen(function* () {
      const liveOn = yield* setup
      const samples = fc.sample(lives, { numRuns: 100, seed: 20261123 })
      let crashes = 0
      yield* Effect.forEach(
        samples,
        Effect.fnUntraced(function* (life, number) {
          const { answered, crashed, rows } = yield* liveOn(life, number)
          const what = `${JSON.stringify(life)} ${JSON.stringify(rows)}`
          if (crashed) crashes += 1
          // Of a charge that nobody pays and whose answer was lost nobody ever hears again.
          if (rows.length === 0) return assert.isTrue(crashed && truthOf(life) === "pending", what)
          assert.deepStrictEqual(rows, [expected(life, rows[0]!.code)], what)
          // On a busy machine the gateway's answer may also come after the 8 s that it is waited for.
          assert.isTrue(rows[0]!.code || !answered, what)
        }),
        { concurrency: 4, discard: true }
      )
      assert.isAtLeast(crashes, 50)
    }).pipe(Effect.provide(payments()))
  )
})
