import { Context, Effect, Layer } from "effect"
import type { ListenOptions } from "./http/listen.ts"
import type { Options as PushinPayOptions } from "./pushinpay/Options.ts"
import { SandboxPushinPay } from "./pushinpay/SandboxPushinPay.ts"
import type { SandboxError } from "./SandboxError.ts"
import type { Options as SyncPayOptions } from "./syncpay/Options.ts"
import { SandboxSyncPay } from "./syncpay/SandboxSyncPay.ts"
import type { Options as TelegramOptions } from "./telegram/Options.ts"
import { SandboxTelegram } from "./telegram/SandboxTelegram.ts"

export interface SandboxOptions {
  readonly telegram?: TelegramOptions & ListenOptions
  readonly pushinpay?: PushinPayOptions & ListenOptions
  readonly syncpay?: SyncPayOptions & ListenOptions
}

type Services = Sandbox | SandboxTelegram | SandboxPushinPay | SandboxSyncPay

/** All stand-ins together, and the environment that points the service at them. */
export class Sandbox extends Context.Service<
  Sandbox,
  {
    readonly telegram: SandboxTelegram["Service"]
    readonly pushinpay: SandboxPushinPay["Service"]
    readonly syncpay: SandboxSyncPay["Service"]
    /** Environment variables by name, as the service reads them. */
    readonly env: Readonly<Record<string, string>>
  }
>()("funil/sandbox/Sandbox") {
  static readonly layerWith = (options: SandboxOptions): Layer.Layer<Services, SandboxError> =>
    Layer.effect(
      Sandbox,
      Effect.suspend(() => make(options))
    ).pipe(
      Layer.provideMerge(SandboxTelegram.layerWith(options.telegram ?? {})),
      Layer.provideMerge(SandboxPushinPay.layerWith(options.pushinpay ?? {})),
      Layer.provideMerge(SandboxSyncPay.layerWith(options.syncpay ?? {}))
    )

  static readonly layer = Sandbox.layerWith({})
}

const make = Effect.fnUntraced(function* (options: SandboxOptions) {
  const telegram = yield* SandboxTelegram
  const pushinpay = yield* SandboxPushinPay
  const syncpay = yield* SandboxSyncPay
  const { clientId, clientSecret } = yield* syncpay.credential
  const webhookToken = options.pushinpay?.webhookToken
  return Sandbox.of({
    telegram,
    pushinpay,
    syncpay,
    env: {
      TELEGRAM_API_URL: telegram.url,
      PUSHINPAY_URL: `${pushinpay.url}/api`,
      PUSHINPAY_TOKEN: yield* pushinpay.token,
      ...(webhookToken === undefined || webhookToken === null ? {} : { PUSHINPAY_WEBHOOK_TOKEN: webhookToken }),
      SYNCPAY_URL: syncpay.url,
      SYNCPAY_CLIENT_ID: clientId,
      SYNCPAY_CLIENT_SECRET: clientSecret
    }
  })
})
