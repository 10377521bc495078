import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Redacted } from "effect"
import { TestClock } from "effect/testing"
import type { Bots } from "../../src/bots/Bots.ts"
import type { Bot } from "../../src/domain/bot.ts"
import { keepRegistered } from "../../src/bots/webhookKeeper.ts"
import { botNamed } from "../http/door.ts"

describe("keeping bots registered", () => {
  it.effect("an attempt that breaks costs neither its bot nor the others their address", () =>
    Effect.gen(function* () {
      const token = Option.some(Redacted.make("1:AA"))
      const fresh = (id: number): Bot => ({
        ...botNamed(`bot${id}`),
        id,
        token,
        active: true,
        webhookSecret: Option.none()
      })
      const all = [fresh(1), fresh(2)]
      const bots: Pick<Bots["Service"], "byId" | "onChange"> = {
        byId: (id) => Option.fromUndefinedOr(all.find((bot) => bot.id === id)),
        onChange: (handle) => Effect.forEach(all, handle, { discard: true })
      }
      const tried: Array<string> = []
      yield* keepRegistered({
        bots: bots as Bots["Service"],
        publicUrl: "https://loja.exemplo.com",
        turn: Effect.void,
        ensure: (bot) =>
          Effect.suspend(() => {
            if (tried.push(bot.slug) === 1) return Effect.die("defeito")
            all[all.indexOf(bot)] = { ...bot, webhookSecret: Option.some("s"), webhookUrl: Option.some("registrado") }
            return Effect.void
          })
      })
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(tried, ["bot1", "bot2", "bot1"])
    }).pipe(Effect.scoped)
  )
})
