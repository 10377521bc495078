import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Logger } from "effect"
import { TestClock } from "effect/testing"
import { surviving } from "../../src/repo/surviving.ts"

const collecting = (lines: Array<string>) =>
  Logger.layer([Logger.make(({ logLevel, message }) => void lines.push(`${logLevel} ${String(message)}`))])

describe("background work", () => {
  it.effect("goes on after failures and defects, with one line at their beginning and one at their end", () => {
    const lines: Array<string> = []
    return Effect.gen(function* () {
      let turns = 0
      const turn = Effect.suspend(() => {
        turns += 1
        if (turns === 2 || turns === 3) return Effect.fail("o banco sumiu")
        if (turns === 4) return Effect.die(new Error("defeito"))
        return Effect.sleep("10 seconds")
      })
      const loop = yield* Effect.forkChild(surviving("A tarefa")(turn))
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(turns, 2)
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(turns, 5)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(turns, 6)
      assert.deepStrictEqual(lines, [
        "Warn [AVISO] A tarefa falhou; continuo tentando",
        "Info A tarefa voltou a funcionar"
      ])
      yield* Fiber.interrupt(loop)
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(turns, 6)
    }).pipe(Effect.provide(Layer.fresh(collecting(lines))))
  })
})
