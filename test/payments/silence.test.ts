import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { Checkout } from "../../src/payments/Checkout.ts"
import { openBotAt, requestFor, secondsPass } from "./room.ts"
import { gatewaysUnderTest, Till } from "./tills.ts"

const charges = 12
/** A second of the rows is so many milliseconds of the clock, by which the stand-in watches its rule. */
const msPerSecond = 20
const stepSeconds = 5

describe.each(gatewaysUnderTest)(
  "$name, when every webhook is lost",
  ({ deadlineSeconds, name, room, ruleSeconds }) => {
    it.live("is asked until every payment is found in time, and never more often than it allows", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const till = yield* Till
        const checkout = yield* Checkout
        const bot = yield* openBotAt(name)
        for (let person = 1; person <= charges; person++) yield* checkout.open(requestFor(bot, { telegramId: person }))
        const waiting = new Map((yield* till.charges).map(({ id }, index) => [id, { index, paidAt: Infinity }]))
        const latest: Array<number> = []
        let now = 0
        while (waiting.size > 0) {
          assert.isAtMost(now, 600, `${waiting.size} payments were never found`)
          for (const [id, one] of waiting) {
            // Somebody pays every so often, for two minutes.
            if (one.paidAt !== Infinity || one.index * 12 > now) continue
            yield* till.pay(id)
            one.paidAt = now
          }
          yield* secondsPass(stepSeconds * (1 - msPerSecond / 1000))
          // The rest of the step passes by the clock, by which the stand-in watches its rule.
          yield* Effect.sleep(stepSeconds * msPerSecond)
          now += stepSeconds
          const found = yield* sql<{ id: string }>`select gateway_charge_id as id from payments where status = 'paid'`
          for (const { id } of found) {
            const one = waiting.get(id)
            if (one === undefined) continue
            waiting.delete(id)
            latest.push(now - one.paidAt)
          }
        }
        assert.strictEqual(latest.length, charges)
        // Reconciliation looks once a second of the clock, which is that many seconds of the rows here.
        assert.isAtMost(Math.max(...latest), deadlineSeconds + 1000 / msPerSecond + 2 * stepSeconds)
        assert.strictEqual(yield* till.violations, 0)
      }).pipe(Effect.provide(room({ dropWebhooks: true, queryWindowMs: ruleSeconds * msPerSecond * 0.9 })))
    )
  }
)
