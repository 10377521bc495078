import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit } from "effect"
import { makeBatcher } from "../../src/db/Batcher.ts"

describe("makeBatcher", () => {
  it.live("answers each item once, also one whose run ends after its patience, and goes on", () =>
    Effect.gen(function* () {
      const stuck = yield* Deferred.make<void>()
      const batcher = yield* makeBatcher<string, string, string>({
        maxSize: 10,
        concurrency: 1,
        run: (items) => Effect.as(items.includes("stuck") ? Deferred.await(stuck) : Effect.void, items),
        patience: { ms: 100, error: (item) => `${item} waited too long` }
      })
      const answers: Array<string> = []
      batcher.submit("stuck", (result) =>
        answers.push(Exit.isSuccess(result) ? result.value : `refused: ${String(result.cause)}`)
      )
      const refused = yield* Effect.flip(batcher("stuck"))
      assert.strictEqual(refused, "stuck waited too long")
      yield* Deferred.succeed(stuck, undefined)
      // The worker is free again, so the end of its first run has been told.
      assert.strictEqual(yield* batcher("next"), "next")
      assert.lengthOf(answers, 1)
      assert.match(answers[0]!, /^refused/)
    }).pipe(Effect.scoped)
  )
})
