import { Context, Effect, Layer, Option } from "effect"
import { HttpClient } from "effect/http"
import { Config } from "../config.ts"
import { gatewayHttpLayer } from "./gateways/http.ts"
import { makePushinPay } from "./gateways/pushinpay.ts"
import { makeSyncPay } from "./gateways/syncpay.ts"
import type { PaymentGateway } from "./PaymentGateway.ts"
import { keepTrying } from "./registering.ts"
import { watched } from "./watched.ts"
import { WebhookTokens } from "./WebhookTokens.ts"

/** Every gateway the service can speak to, by the name that bots and webhook addresses use. */
export class Gateways extends Context.Service<
  Gateways,
  {
    readonly get: (name: string) => Option.Option<PaymentGateway>
    readonly all: ReadonlyArray<PaymentGateway>
  }
>()("funil/payments/Gateways") {
  /** With these gateways and no others: for tests. */
  static readonly layerOf = (all: ReadonlyArray<PaymentGateway>) => Layer.succeed(Gateways, fromList(all))

  static readonly layer = Layer.effect(
    Gateways,
    Effect.gen(function* () {
      const config = yield* Config
      const client = yield* HttpClient.HttpClient
      const tokens = yield* WebhookTokens
      const gateways = fromList([
        makePushinPay(config.pushinpay, client),
        makeSyncPay(config.syncpay, client, tokens.ofGateway("syncpay"))
      ])
      if (Option.isSome(config.publicUrl)) {
        for (const gateway of gateways.all) yield* Effect.forkScoped(keepTrying(gateway, config.publicUrl.value))
      }
      return gateways
    })
  ).pipe(Layer.provide(Layer.merge(gatewayHttpLayer, WebhookTokens.layer)))
}

const fromList = (gateways: ReadonlyArray<PaymentGateway>) => {
  const all = gateways.map(watched)
  const byName = new Map(all.map((gateway) => [gateway.name, gateway]))
  return Gateways.of({ all, get: (name) => Option.fromUndefinedOr(byName.get(name.trim().toLowerCase())) })
}
