import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { SqlClient } from "effect/sql"
import { Checkout } from "../../src/payments/Checkout.ts"
import { Settlement } from "../../src/payments/Settlement.ts"
import { Reconciliation } from "../../src/payments/Reconciliation.ts"
import { PaymentsRepo } from "../../src/repo/PaymentsRepo.ts"
import { SandboxPushinPay } from "../../src/sandbox/pushinpay/SandboxPushinPay.ts"
import { ana, eventually, factsOf, openBot, payments, requestFor, Room, timePasses } from "./room.ts"

const setup = Effect.gen(function* () {
  const bank = yield* SandboxPushinPay
  const checkout = yield* Checkout
  const sql = yield* SqlClient.SqlClient
  const bot = yield* openBot
  const charged = Effect.fnUntraced(function* (telegramId: number = ana.telegramId) {
    const { paymentId } = yield* checkout.open(requestFor(bot, { telegramId }))
    const [row] = yield* sql<{ charge: string }>`
      select gateway_charge_id as charge from payments where id = ${paymentId}`
    return { paymentId, charge: row!.charge }
  })
  const queriesOf = (charge: string) => Effect.map(bank.charge(charge), ({ queries }) => queries)
  return { bank, checkout, sql, bot, charged, queriesOf, reconciliation: yield* Reconciliation, room: yield* Room }
})

const dropped = { bank: { dropWebhooks: true } }

describe("Reconciliation", () => {
  it.live("finds a payment whose webhook never came, at the first question it may ask", () =>
    Effect.gen(function* () {
      const { bank, sql, charged, queriesOf } = yield* setup
      const { paymentId, charge } = yield* charged()
      const [due] = yield* sql<{ seconds: number }>`
        select extract(epoch from next_check_at - created_at)::float8 as seconds from payments`
      assert.approximately(due!.seconds, 60, 2)
      yield* bank.pay(charge)
      yield* timePasses
      const facts = yield* eventually(factsOf(paymentId), ({ status }) => status === "paid")
      assert.deepStrictEqual(facts, { status: "paid", created: 1, paid: 1, deliveries: 1, has_paid: true })
      assert.strictEqual(yield* queriesOf(charge), 1)
      assert.strictEqual(yield* bank.violations, 0)
    }).pipe(Effect.provide(payments(dropped)))
  )

  it.live("asks again within 75 s, never within 60 s, whoever wants to know", () =>
    Effect.gen(function* () {
      const { bank, sql, bot, charged, queriesOf, reconciliation } = yield* setup
      const first = yield* charged()
      yield* timePasses
      yield* eventually(queriesOf(first.charge), (queries) => queries === 1)
      const [next] = yield* eventually(
        sql<{ seconds: number; slot: number }>`
          select extract(epoch from next_check_at - now())::float8 as seconds,
            extract(epoch from now() - checked_at)::float8 as slot from payments`,
        ([row]) => row!.slot >= 0
      )
      assert.isAtLeast(next!.seconds, 60)
      assert.isAtMost(next!.seconds, 70)

      // Due at once by its own plan, asked for by the buyer as well: the gateway's rule stands above both.
      yield* sql`update payments set next_check_at = now()`
      const known = yield* reconciliation.verify(first.paymentId, ana.telegramId, bot.id)
      assert.deepStrictEqual(known, Option.some("pending"))
      const second = yield* charged(1)
      yield* sql`update payments set next_check_at = now() where id = ${second.paymentId}`
      yield* eventually(queriesOf(second.charge), (queries) => queries === 1)
      assert.strictEqual(yield* queriesOf(first.charge), 1)
      assert.strictEqual(yield* bank.violations, 0)
    }).pipe(Effect.provide(payments(dropped)))
  )

  it.live("forty whose time has come at once are all found; a round says when it had no place for more", () =>
    Effect.gen(function* () {
      const { bank, charged, sql, reconciliation } = yield* setup
      yield* Effect.forEach(
        Array.from({ length: 40 }, (_, n) => n + 1),
        charged,
        { concurrency: 20 }
      )
      for (const { id } of yield* bank.charges) yield* bank.pay(id)
      yield* timePasses
      yield* eventually(sql`select 1 from payments where status <> 'paid'`, (rows) => rows.length === 0)

      // Every place is taken by a question without an answer: there is more to do, although nothing can be begun.
      yield* bank.fail({ operation: "query", answer: { kind: "timeout" }, times: 20 })
      yield* Effect.forEach(
        Array.from({ length: 20 }, (_, n) => n + 201),
        charged,
        { concurrency: 20 }
      )
      yield* timePasses
      yield* eventually(reconciliation.askOpen, (round) => round === "full")
      assert.strictEqual(yield* reconciliation.askOpen, "full")
    }).pipe(Effect.provide(payments(dropped)))
  )

  it.live("an overdue charge is asked for once more, then expires; money that comes later still counts", () =>
    Effect.gen(function* () {
      const { bank, sql, charged, queriesOf } = yield* setup
      const { paymentId, charge } = yield* charged()
      yield* sql`update payments set expires_at = now() - interval '1 second', next_check_at = now()`
      yield* eventually(factsOf(paymentId), ({ status }) => status === "expired")
      assert.strictEqual(yield* queriesOf(charge), 1)

      const repo = yield* PaymentsRepo
      yield* bank.pay(charge)
      yield* timePasses
      yield* sql`update payments set next_check_at = now()`
      const [asked] = yield* repo.claimDue("pushinpay", 60, "expired", 10)
      assert.strictEqual(asked!.id, paymentId)
      const [next] = yield* sql<{ seconds: number }>`
        select extract(epoch from next_check_at - now())::float8 as seconds from payments`
      assert.isAtLeast(next!.seconds, 600)
    }).pipe(Effect.provide(payments(dropped)))
  )

  it.live("an overdue charge that was paid in time is paid, not expired", () =>
    Effect.gen(function* () {
      const { bank, sql, charged } = yield* setup
      const { paymentId, charge } = yield* charged()
      yield* bank.pay(charge)
      yield* sql`update payments set expires_at = now() - interval '1 second', next_check_at = now()`
      const facts = yield* eventually(factsOf(paymentId), ({ status }) => status !== "pending")
      assert.strictEqual(facts.status, "paid")
    }).pipe(Effect.provide(payments(dropped)))
  )

  it.live("backs off with age, and stops a day after the charge expired", () =>
    Effect.gen(function* () {
      const { sql, charged } = yield* setup
      const repo = yield* PaymentsRepo
      yield* charged()
      // A gateway that nobody asks: the running service must not take these questions away from the test.
      yield* sql`update payments set gateway = 'outro'`
      const nextAfter = Effect.fnUntraced(function* (age: string, which: "open" | "expired") {
        yield* sql`
          update payments set created_at = now() - ${age}::text::interval, checked_at = null,
            next_check_at = now() - interval '1 second', status = ${which === "open" ? "pending" : "expired"},
            expires_at = case when ${which === "open"}::boolean then now() + interval '30 hours'
              else now() - ${age}::text::interval end`
        yield* repo.claimDue("outro", 60, which, 10)
        const [row] = yield* sql<{ seconds: number | null }>`
          select extract(epoch from next_check_at - now())::float8 as seconds from payments`
        return row!.seconds === null ? null : Math.round(row!.seconds)
      })
      const near = (actual: number | null, expected: number) => assert.approximately(actual ?? -1, expected, 2)
      near(yield* nextAfter("1 minute", "open"), 68)
      near(yield* nextAfter("1 hour", "open"), 68)
      near(yield* nextAfter("3 hours", "open"), 188)
      near(yield* nextAfter("1 hour", "expired"), 608)
      near(yield* nextAfter("20 hours", "expired"), 3608)
      assert.isNull(yield* nextAfter("25 hours", "expired"))
    }).pipe(Effect.provide(payments(dropped)))
  )

  it.live("'já paguei' asks at once when it may, tells each person only of his own, and does not wait for ever", () =>
    Effect.gen(function* () {
      const { bank, bot, charged, queriesOf, reconciliation } = yield* setup
      const { paymentId, charge } = yield* charged()
      const stranger = yield* reconciliation.verify(paymentId, 1, bot.id)
      const otherBot = yield* reconciliation.verify(paymentId, ana.telegramId, bot.id + 1)
      const nothing = yield* reconciliation.verify(paymentId + 1000, ana.telegramId, bot.id)
      assert.deepStrictEqual([stranger, otherBot, nothing], [Option.none(), Option.none(), Option.none()])
      assert.strictEqual(yield* queriesOf(charge), 0)

      yield* bank.pay(charge)
      const paid = yield* reconciliation.verify(paymentId, ana.telegramId, bot.id)
      assert.deepStrictEqual(paid, Option.some("paid"))

      const slow = yield* charged(1)
      yield* bank.fail({ operation: "query", answer: { kind: "timeout" } })
      const started = performance.now()
      const status = yield* reconciliation.verify(slow.paymentId, 1, bot.id)
      assert.deepStrictEqual(status, Option.some("pending"))
      assert.isBelow(performance.now() - started, 3500)
    }).pipe(Effect.provide(payments(dropped)))
  )

  it.live("'já paguei' on a charge that was just asked for brings the next question forward", () =>
    Effect.gen(function* () {
      const { sql, bot, charged, reconciliation } = yield* setup
      const { paymentId } = yield* charged()
      yield* sql`update payments set checked_at = now() - interval '20 seconds', next_check_at = now() + interval '1 hour'`
      yield* reconciliation.verify(paymentId, ana.telegramId, bot.id)
      const [row] = yield* sql<{ seconds: number }>`
        select extract(epoch from next_check_at - now())::float8 as seconds from payments`
      assert.approximately(row!.seconds, 40, 3)
    }).pipe(Effect.provide(payments(dropped)))
  )

  it.live(
    "creations that died are unknown, charges nobody can ask for expire, rows of older systems are left alone",
    () =>
      Effect.gen(function* () {
        const { sql, bot, charged } = yield* setup
        const repo = yield* PaymentsRepo
        const stale = yield* charged(1)
        const forgotten = yield* charged(2)
        yield* sql`
        insert into payments (transaction_id, provider, status, created_at) values ('v2', 'pushinpay', 'creating',
          now() - interval '1 year'), ('v3', 'pushinpay', 'pending', now() - interval '1 year')`
        yield* sql`
        update payments set status = 'creating', created_at = now() - interval '31 seconds'
        where id = ${stale.paymentId}`
        yield* sql`
        update payments set gateway = 'sumido', next_check_at = now() - interval '6 minutes',
          expires_at = now() - interval '5 minutes' where id = ${forgotten.paymentId}`
        yield* repo.markStaleUnknown("morreu")
        const settlement = yield* Settlement
        yield* Effect.forEach(yield* repo.forgotten, settlement.expire)
        const rows = yield* sql`select status from payments order by id`
        assert.deepStrictEqual(
          rows.map((row) => row["status"]),
          ["unknown", "expired", "creating", "pending"]
        )
        assert.strictEqual(bot.slug, "vip")
      }).pipe(Effect.provide(payments(dropped)))
  )

  it.live("a charge the gateway does not know is one line, however often it is asked for", () =>
    Effect.gen(function* () {
      const { sql, charged, room, bank } = yield* setup
      const { charge } = yield* charged()
      yield* sql`update payments set gateway_charge_id = '9d3f2b1a-1111-4222-8333-444455556666'`
      for (const asked of [1, 2]) {
        yield* timePasses
        yield* eventually(
          Effect.map(bank.calls, (calls) => calls.filter(({ status }) => status === 404).length),
          (count) => count === asked
        )
        yield* eventually(slotAnswered, (answered) => answered)
      }
      yield* charged(1)
      assert.strictEqual(room.log.filter((line) => line.includes("não conhece esta cobrança")).length, 1)
      assert.isNotEmpty(charge)
    }).pipe(Effect.provide(payments(dropped)))
  )

  it.live("a gateway that falls silent is one line, and its return another", () =>
    Effect.gen(function* () {
      const { bank, charged, queriesOf, room } = yield* setup
      const { paymentId, charge } = yield* charged()
      yield* bank.fail({ operation: "query", answer: { kind: "http", status: 500 }, times: 2 })
      for (const failures of [1, 2]) {
        yield* timePasses
        yield* eventually(
          Effect.map(bank.calls, (calls) => calls.filter(({ status }) => status === 500).length),
          (count) => count === failures
        )
        yield* eventually(slotAnswered, (answered) => answered)
      }
      yield* bank.pay(charge)
      yield* timePasses
      yield* eventually(factsOf(paymentId), ({ status }) => status === "paid")
      assert.strictEqual(yield* queriesOf(charge), 1)
      const said = (words: string) => room.log.filter((line) => line.includes(words)).length
      assert.strictEqual(said("A consulta de pagamentos falhou; continuo tentando"), 1)
      assert.strictEqual(said("O gateway pushinpay voltou a responder"), 1)
    }).pipe(Effect.provide(payments(dropped)))
  )
})

/** The last question was answered, so its slot counts from then. */
const slotAnswered = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ answered: boolean }>`select checked_at <= now() as answered from payments`
  return row!.answered
})
