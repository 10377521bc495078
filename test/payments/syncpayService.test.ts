import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { DEFAULT_CLIENT_SECRET } from "../../src/sandbox/syncpay/Options.ts"
import { ana, botToken, sentTo, wordsOf } from "../support/shop.ts"
import { World } from "../support/world.ts"

describe("a bot that charges through SyncPay", () => {
  it.live(
    "changes to it without a restart, is paid by its signed webhook, and shows no notice of another gateway",
    () =>
      Effect.gen(function* () {
        const { sandbox, service, shop } = yield* World
        const { syncpay, telegram } = sandbox
        yield* service.wrote(/\[WEBHOOK\] Endereço registrado na syncpay/)
        const changed = yield* service.admin("PATCH", `/api/admin/bots/${shop.slug}`, { gateway: "syncpay" })
        assert.deepStrictEqual([changed.status, changed.json.gateway], [200, "syncpay"])

        yield* telegram.person(ana)
        yield* telegram.sendText(botToken, ana, "/start")
        yield* telegram.waitFor(sentTo(ana.id, /Olá/))
        yield* telegram.press(botToken, ana, "Quero o mensal")
        const charge = yield* syncpay.waitForCharge(({ valueCents }) => valueCents === 1990)
        const message = yield* telegram.waitFor(sentTo(ana.id, /<code>/))
        assert.include(wordsOf(message), charge.code)
        const said = (yield* telegram.calls).map(wordsOf).join("\n")
        assert.notInclude(said, "PUSHIN PAY")

        yield* syncpay.pay(charge.id, { name: "Ana Souza" })
        yield* telegram.waitFor(sentTo(ana.id, /Seu acesso/))
        const [delivery] = yield* syncpay.deliveries
        assert.strictEqual(delivery?.answered, 200)
        const { json } = yield* service.admin("GET", "/api/admin/payments?status=paid")
        assert.deepInclude(json.items[0], {
          gateway: "syncpay",
          gateway_charge_id: charge.id,
          value_cents: 1990,
          fee_cents: 99,
          net_cents: 1891
        })
        const [hook] = yield* syncpay.webhooks
        for (const secret of [DEFAULT_CLIENT_SECRET, hook!.token]) assert.notInclude(service.log, secret)
      }).pipe(Effect.provide(World.layerWith({ syncpay: { ignoreWebhookUrl: true, notifyCreated: false } })))
  )
})
