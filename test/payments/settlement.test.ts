import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { SqlClient } from "effect/sql"
import * as fc from "fast-check"
import { canMove, type GatewayStatus, interpretStatus, type PaymentStatus, wasPaid } from "../../src/domain/payment.ts"
import type { ChargeState } from "../../src/payments/PaymentGateway.ts"
import { Settlement } from "../../src/payments/Settlement.ts"
import { PaymentsRepo } from "../../src/repo/PaymentsRepo.ts"
import { ana, factsOf, openBot, payments, Room } from "./room.ts"

const setup = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const repo = yield* PaymentsRepo
  const bot = yield* openBot
  let last = 0
  /** A charge of a person of its own, as far as `status`. */
  const charge = Effect.fnUntraced(function* (status: PaymentStatus) {
    const n = ++last
    const opening = yield* repo.openOrCreate({
      transactionId: `t${n}`,
      webhookKey: `chave-${n}`,
      gateway: "pushinpay",
      valueCents: 990,
      botId: bot.id,
      botSlug: bot.slug,
      telegramId: n,
      personName: "Ana",
      planId: 7,
      planName: "Mensal",
      source: undefined,
      requestId: "pedido"
    })
    assert(opening._tag === "Created")
    const { payment } = opening
    if (status === "pending") {
      yield* repo.markPending({
        paymentId: payment.id,
        chargeId: `c${n}`,
        pixCode: "000201",
        rawStatus: "created",
        expiresMinutes: 60,
        firstQuerySeconds: 60
      })
    }
    return Option.getOrThrow(yield* repo.findById(payment.id))
  })
  return { sql, repo, bot, charge, settlement: yield* Settlement, room: yield* Room }
})

const state = (status: GatewayStatus, more: Partial<ChargeState> = {}): ChargeState => ({
  status,
  rawStatus: status,
  valueCents: 990,
  ...more
})

const follow = (from: PaymentStatus, said: ReadonlyArray<GatewayStatus>): PaymentStatus =>
  said.reduce<PaymentStatus>((status, one) => {
    const to = interpretStatus(status, one)
    return to !== "pending" && canMove(status, to) ? to : status
  }, from)

const histories = fc.tuple(
  fc.constantFrom<PaymentStatus>("creating", "pending"),
  fc.array(fc.constantFrom<GatewayStatus>("pending", "paid", "expired", "canceled", "refunded", "charged_back"), {
    minLength: 1,
    maxLength: 6
  })
)

describe("Settlement", () => {
  it.live("any states in any order, alone or at once, end in the same rows", () =>
    Effect.gen(function* () {
      const { charge, settlement } = yield* setup
      const samples = fc.sample(histories, { numRuns: 120, seed: 20261123 })
      yield* Effect.forEach(
        samples,
        Effect.fnUntraced(function* ([from, said], index) {
          const payment = yield* charge(from)
          // Every third history is told all at once; where the order changes the end, it is not predicted.
          const atOnce = index % 3 === 0 && !said.includes("canceled")
          yield* Effect.forEach(said, (status) => settlement.apply(payment, state(status), "query"), {
            concurrency: atOnce ? "unbounded" : 1,
            discard: true
          })
          const facts = yield* factsOf(payment.id)
          const end = follow(from, said)
          const paid = wasPaid(end) ? 1 : 0
          const created = from === "pending" || paid === 1 ? 1 : 0
          assert.deepStrictEqual(
            facts,
            {
              status: end,
              created,
              paid,
              deliveries: paid,
              has_paid: created === 0 ? null : paid === 1
            },
            `${from}: ${said.join(", ")}`
          )
        }),
        { concurrency: 4, discard: true }
      )
    }).pipe(Effect.provide(payments()))
  )

  it.live("a payment says when, how much, by whom; later states do not take that away", () =>
    Effect.gen(function* () {
      const { sql, charge, settlement } = yield* setup
      const payment = yield* charge("pending")
      yield* settlement.apply(payment, state("refunded"), "query")
      yield* settlement.apply(
        payment,
        state("paid", { feeCents: 30, netCents: 960, endToEndId: "E1", payerName: "Zé", payerDocument: "***" }),
        "query"
      )
      const [row] = yield* sql`
        select status, gateway_status, fee_cents, net_cents, end_to_end_id, payer_name, payer_document,
          paid_at is not null and refunded_at is not null as dated from payments where id = ${payment.id}`
      assert.deepStrictEqual(row, {
        status: "refunded",
        gateway_status: "refunded",
        fee_cents: 30,
        net_cents: 960,
        end_to_end_id: "E1",
        payer_name: "Zé",
        payer_document: "***",
        dated: true
      })
    }).pipe(Effect.provide(payments()))
  )

  it.live("the event stands at the instant of the payment, with everything a report needs", () =>
    Effect.gen(function* () {
      const { sql, bot, charge, settlement } = yield* setup
      const payment = yield* charge("pending")
      yield* settlement.apply(payment, state("paid"), "query")
      const [event] = yield* sql`
        select e.event_id, e.bot_id, e.bot_slug, e.bot_user_id = u.id as known, e.telegram_id, e.tg_id, e.payment_id,
          e.price_cents, e.transaction_id, e.occurred_at = p.paid_at as on_time
        from funnel_events e join payments p on p.id = e.payment_id
          join bot_users u on u.bot_id = p.bot_id and u.telegram_id = p.telegram_id
        where e.event_name = 'pix_paid'`
      assert.deepStrictEqual(event, {
        event_id: `pix_paid:payment:${payment.id}`,
        bot_id: bot.id,
        bot_slug: "vip",
        known: true,
        telegram_id: payment.telegramId,
        tg_id: payment.telegramId,
        payment_id: payment.id,
        price_cents: 990,
        transaction_id: payment.transactionId,
        on_time: true
      })
    }).pipe(Effect.provide(payments()))
  )

  it.live("takes back the person's downsells of this bot, and nobody else's", () =>
    Effect.gen(function* () {
      const { sql, bot, charge, settlement } = yield* setup
      const payment = yield* charge("pending")
      const [downsell] = yield* sql<{ id: number }>`
        insert into bot_downsells (bot_id, slug, name, content) values (${bot.id}, 'vip', 'volta', '{}') returning id`
      const queue = (telegramId: number, slug: string, botId: number | null) => sql`
        insert into downsells_queue (downsell_id, bot_id, slug, tg_id, schedule_at, bot_slug, telegram_id, trigger,
          scheduled_at)
        values (${downsell!.id}, ${botId}, ${slug}, ${String(telegramId)}, now(), ${slug}, ${telegramId}, 'pix', now())`
      yield* queue(payment.telegramId!, "vip", null)
      yield* queue(payment.telegramId!, "outro", null)
      yield* queue(ana.telegramId, "vip", bot.id)
      yield* settlement.apply(payment, state("paid"), "query")
      const rows = yield* sql`select status, cancel_reason from downsells_queue order by id`
      assert.deepStrictEqual(rows, [
        { status: "canceled", cancel_reason: "paid" },
        { status: "pending", cancel_reason: null },
        { status: "pending", cancel_reason: null }
      ])
    }).pipe(Effect.provide(payments()))
  )

  it.live("another value or another charge is refused, once in the log", () =>
    Effect.gen(function* () {
      const { charge, settlement, room } = yield* setup
      const payment = yield* charge("pending")
      const wrong = state("paid", { valueCents: 99 })
      assert.strictEqual((yield* settlement.apply(payment, wrong, "query"))._tag, "Refused")
      assert.strictEqual((yield* settlement.apply(payment, wrong, "query"))._tag, "Refused")
      const foreign = yield* settlement.apply(payment, state("paid", { id: "outra" }), "query")
      assert.deepInclude(foreign, { _tag: "Refused", status: "pending" })
      assert.strictEqual((yield* factsOf(payment.id)).status, "pending")
      assert.strictEqual(room.log.filter((line) => line.includes(" ERROR ")).length, 2)
    }).pipe(Effect.provide(payments()))
  )
})
