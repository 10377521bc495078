import { assert, describe, it } from "@effect/vitest"
import { Exit } from "effect"
import { outcomeOf } from "../../src/engine/bulk/outcome.ts"
import { Ambiguous, RateLimited, type TelegramReason, Unreachable } from "../../src/telegram/reasons.ts"
import { TelegramError } from "../../src/telegram/TelegramError.ts"

const failing = (reason: TelegramReason) => Exit.fail(new TelegramError({ method: "sendMessage", botId: 1, reason }))
const away = new Unreachable({ description: "rede: ECONNREFUSED" })

describe("what a message of bulk came to", () => {
  it("is no try when nothing left, however long Telegram is away or wants a pause, and the bot's others wait too", () => {
    for (const reason of [away, new RateLimited({ retryAfterSeconds: 90, description: "limited" })]) {
      const { restSeconds, status, tried } = outcomeOf(failing(reason), 0)
      assert.deepStrictEqual([status, tried], ["pending", false])
      assert.isAbove(restSeconds ?? 0, 0)
    }
  })

  it("is final when it may have arrived, or when a part of it did", () => {
    assert.strictEqual(outcomeOf(failing(new Ambiguous({ harmless: false, description: "x" })), 0).status, "ambiguous")
    assert.strictEqual(outcomeOf(failing(away), 1).status, "failed")
  })
})
