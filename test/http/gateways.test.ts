import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { conflict, notFound, upstream } from "../../src/bots/refusals.ts"
import type { PaymentView } from "../../src/domain/payment.ts"
import type { GatewayFee } from "../../src/repo/GatewayFeesRepo.ts"
import { shownGateway } from "../support/doubles.ts"
import { openDoor } from "./door.ts"

const refunded: PaymentView = {
  id: 7,
  bot: "vip",
  telegram_id: 1,
  plan_id: 3,
  plan_name: "Mensal",
  gateway: "pushinpay",
  gateway_charge_id: "c7",
  value_cents: 1990,
  fee_cents: 30,
  net_cents: 1960,
  status: "refunded",
  end_to_end_id: "E1",
  payer_name: "Fulano",
  problem: null,
  source: null,
  created_at: "2025-11-07T12:00:00.000Z",
  paid_at: "2025-11-07T12:01:00.000Z",
  refunded_at: "2025-11-07T12:02:00.000Z"
}

describe("POST /api/admin/payments/:id/refund", () => {
  it.live("answers with the refunded payment, or says why not", () =>
    Effect.gen(function* () {
      const answers = new Map([
        [8, notFound("Este pagamento não existe.")],
        [9, conflict("Este pagamento já foi devolvido.")],
        [10, upstream("O gateway pushinpay está fora do ar.")]
      ])
      const door = yield* openDoor({
        refund: (id) => {
          const error = answers.get(id)
          return error === undefined ? Effect.succeed(refunded) : Effect.fail(error)
        }
      })
      const statusOf = (path: string) =>
        Effect.map(door.asAdmin("POST", `/api/admin/payments/${path}/refund`), ({ json, status }) => [
          status,
          json.error ?? json.status
        ])
      assert.strictEqual((yield* door.call("POST", "/api/admin/payments/7/refund")).status, 401)
      assert.deepStrictEqual(yield* statusOf("7"), [200, "refunded"])
      assert.deepStrictEqual(yield* statusOf("8"), [404, "not_found"])
      assert.deepStrictEqual(yield* statusOf("9"), [409, "conflict"])
      assert.deepStrictEqual(yield* statusOf("10"), [503, "unavailable"])
      assert.deepStrictEqual(yield* statusOf("abc"), [404, "not_found"])
    })
  )
})

describe("/api/admin/gateways", () => {
  it.live("shows what each gateway can and costs, and changes the fee", () =>
    Effect.gen(function* () {
      const saved: Array<GatewayFee> = []
      const door = yield* openDoor({
        gateways: [shownGateway],
        fees: {
          all: Effect.sync(() => [saved.at(-1) ?? { gateway: "pushinpay", fixedCents: 30, percentBps: 0 }]),
          save: (fee) => Effect.sync(() => void saved.push(fee))
        }
      })
      const shown = { name: "pushinpay", configured: true, refund: true, min_cents: 50 }
      const list = yield* door.asAdmin("GET", "/api/admin/gateways")
      assert.deepStrictEqual(list.json, {
        items: [{ ...shown, fee_fixed_cents: 30, fee_percent_bps: 0 }],
        next_cursor: null
      })
      const patch = (body: unknown) => door.asAdmin("PATCH", "/api/admin/gateways/pushinpay", body)
      assert.deepStrictEqual((yield* patch({ fee_percent_bps: 199 })).json, {
        ...shown,
        fee_fixed_cents: 30,
        fee_percent_bps: 199
      })
      assert.strictEqual((yield* patch({ fee_percent_bps: -1 })).status, 422)
      assert.strictEqual((yield* patch({ fee_fixed_cents: "muito" })).status, 422)
      assert.strictEqual((yield* door.asAdmin("PATCH", "/api/admin/gateways/outro", {})).status, 404)
      assert.lengthOf(saved, 1)
    })
  )
})
