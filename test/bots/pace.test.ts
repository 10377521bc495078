import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { makePace } from "../../src/bots/pace.ts"

describe("makePace", () => {
  it.effect("lets ten go at once and then twenty per minute, in order; a rest saves up no more than ten", () =>
    Effect.gen(function* () {
      const turn = yield* makePace
      const gone: Array<number> = []
      const fibers = yield* Effect.forEach(
        Array.from({ length: 31 }, (_, index) => index),
        (index) =>
          Effect.forkChild(
            Effect.andThen(
              turn,
              Effect.sync(() => void gone.push(index))
            ),
            { startImmediately: true }
          )
      )
      assert.strictEqual(gone.length, 10)
      yield* TestClock.adjust("59 seconds")
      assert.strictEqual(gone.length, 29)
      yield* TestClock.adjust("4 seconds")
      yield* Effect.forEach(fibers, Fiber.join)
      assert.deepStrictEqual(
        gone,
        Array.from({ length: 31 }, (_, index) => index)
      )

      yield* TestClock.adjust("1 hour")
      for (let index = 0; index < 10; index++) yield* turn
      const eleventh = yield* Effect.forkChild(turn, { startImmediately: true })
      assert.isUndefined(eleventh.pollUnsafe())
      yield* Fiber.interrupt(eleventh)
    })
  )
})
