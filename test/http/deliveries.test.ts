import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { DeliveryView } from "../../src/domain/payment.ts"
import type { Replay } from "../../src/repo/OutboxRepo.ts"
import { openDoor } from "./door.ts"

const delivery: DeliveryView = {
  id: 7,
  destination: "utmify",
  event_name: "pix_paid",
  payment_id: 3,
  status: "pending",
  attempts: 2,
  last_error: "a UTMify recusou o pedido (resposta 400): customer.ip",
  next_attempt_at: "2025-11-07T12:00:00.000Z",
  created_at: "2025-11-07T12:00:00.000Z"
}

describe("POST /api/admin/deliveries/:id/replay", () => {
  it.live("sends it now, also where its destination was paused", () =>
    Effect.gen(function* () {
      const woken: Array<string> = []
      const asked: Array<number> = []
      const door = yield* openDoor({
        outboxRepo: {
          replay: (id) =>
            Effect.sync((): Replay => {
              asked.push(id)
              return { _tag: "Replayed", delivery }
            })
        },
        outbox: { retryNow: (destination) => Effect.sync(() => void woken.push(destination)) }
      })
      const answer = yield* door.asAdmin("POST", "/api/admin/deliveries/7/replay")
      assert.deepStrictEqual([answer.status, answer.json], [200, delivery])
      assert.deepStrictEqual([asked, woken], [[7], ["utmify"]])
      assert.isTrue(door.lines.some((line) => line.includes("A entrega 7 para utmify voltou para a fila")))
    })
  )

  it.live("says in a sentence why not", () =>
    Effect.gen(function* () {
      const answers = [
        ["Missing", 404, /não existe/],
        ["Sent", 409, /já chegou/],
        ["Newer", 409, /mais novo/]
      ] as const
      for (const [_tag, status, sentence] of answers) {
        const door = yield* openDoor({ outboxRepo: { replay: () => Effect.succeed({ _tag }) } })
        const answer = yield* door.asAdmin("POST", "/api/admin/deliveries/7/replay")
        assert.strictEqual(answer.status, status)
        assert.match(answer.json.message, sentence)
      }
      const door = yield* openDoor()
      assert.strictEqual((yield* door.asAdmin("POST", "/api/admin/deliveries/sete/replay")).status, 404)
    })
  )
})
