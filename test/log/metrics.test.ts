import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { valueOf } from "../support/metrics.ts"
import { eventually } from "../support/service.ts"
import { ana, botToken, orderPix, sentTo } from "../support/shop.ts"
import { hook, privateMessage, secretOf } from "../support/updates.ts"
import { World } from "../support/world.ts"

describe("the metrics of a running service", () => {
  it.live("tell the way of a buyer, step by step, and name no person", () =>
    Effect.gen(function* () {
      const { sandbox, service, shop } = yield* World
      const { pushinpay, telegram } = sandbox
      const charge = yield* orderPix(sandbox, ana)
      yield* pushinpay.pay(charge.id)
      yield* telegram.waitFor(sentTo(ana.id, /Seu acesso/))
      const secret = yield* secretOf(shop.slug)
      const again = privateMessage(ana, "oi")
      for (let times = 0; times < 3; times++) yield* hook(service, shop.slug, secret, again)
      yield* hook(service, shop.slug, "errada", again)
      const expected = {
        'funil_updates_total{kind="start",result="done"}': 1,
        'funil_updates_total{kind="tap",result="done"}': 1,
        'funil_updates_total{kind="text",result="done"}': 1,
        'funil_bot_updates_total{bot="vip"}': 3,
        funil_updates_repeated_total: 2,
        'funil_ack_seconds_count{result="ok"}': 5,
        'funil_ack_seconds_count{result="unauthorized"}': 1,
        'funil_handler_seconds_count{kind="start",result="ok"}': 1,
        'funil_handler_seconds_count{kind="tap",result="ok"}': 1,
        'funil_checkout_seconds_count{gateway="pushinpay",result="created"}': 1,
        'funil_gateway_events_total{gateway="pushinpay",state="done"}': 1,
        'funil_deliveries_total{destination="telegram",result="sent"}': 1,
        'funil_outbox_rows{destination="telegram",status="pending"}': 0,
        funil_inbox_dead_rows: 0,
        funil_updates_in_process: 0,
        funil_nodes_alive: 1,
        funil_database_up: 1
      }
      const series = Object.keys(expected)
      const text = yield* eventually(
        Effect.map(service.request("GET", "/metrics"), (answer) => answer.text),
        (found) => series.every((name) => valueOf(found, name) === expected[name as keyof typeof expected])
      ).pipe(
        // For a failure that says which.
        Effect.catch(() => Effect.map(service.request("GET", "/metrics"), (answer) => answer.text))
      )
      assert.deepStrictEqual(Object.fromEntries(series.map((name) => [name, valueOf(text, name)])), expected)
      const places = (state: string) => valueOf(text, `funil_database_connections{state="${state}"}`)
      assert.strictEqual(places("in_use") + places("free"), 12)
      assert.strictEqual(places("waiting"), 0)
      const settled = text.match(/^funil_settlements_total\{result="paid",proof="\w+"\} 1$/gm) ?? []
      assert.lengthOf(settled, 1)
      for (const found of [String(ana.id), ana.first_name, ana.username, botToken, secret, charge.id]) {
        assert.notInclude(text, found)
      }
    }).pipe(Effect.provide(World.layerWith({ telegram: { timeScale: 0.01 } })))
  )
})
