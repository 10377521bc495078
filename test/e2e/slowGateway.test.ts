import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { ana, botToken, sentTo } from "../support/shop.ts"
import { World } from "../support/world.ts"

describe("a gateway that takes its time", () => {
  it.live("the buyer reads a kind sentence within 2 s, may try again for the same price, and gets his code", () =>
    Effect.gen(function* () {
      const { sandbox, service, shop } = yield* World
      const { pushinpay, telegram } = sandbox
      yield* service.admin("PUT", `/api/admin/bots/${shop.slug}/messages/start`, {
        text: "Olá {nome}!",
        buttons: [[{ text: "Com desconto", plan_id: shop.planId, price_cents: 990 }]]
      })
      yield* pushinpay.configure({ latencyMs: 3_500 })
      yield* telegram.person(ana)
      yield* telegram.sendText(botToken, ana, "/start")
      yield* telegram.waitFor(sentTo(ana.id, /Olá Ana/))
      const tappedAt = Date.now()
      yield* telegram.press(botToken, ana, "Com desconto")
      const consoling = yield* telegram.waitFor(sentTo(ana.id, /está demorando/))
      assert.isAtMost(Date.now() - tappedAt, 2_000)
      const markup = JSON.stringify(consoling.params["reply_markup"])
      assert.include(markup, "Tentar de novo")
      assert.include(markup, `p:${shop.planId}:990`)
      yield* telegram.waitFor(sentTo(ana.id, /<code>/))
      const charges = yield* pushinpay.charges
      assert.deepStrictEqual(
        charges.map(({ valueCents }) => valueCents),
        [990]
      )
      assert.notInclude(service.log, " ERROR ")
    }).pipe(Effect.provide(World.layerWith({ telegram: { timeScale: 0.01 } })))
  )
})
