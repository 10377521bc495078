import { Context, Effect, Layer } from "effect"
import type { ListenOptions } from "./http/listen.ts"
import type { Options as MetaOptions } from "./meta/Dataset.ts"
import { SandboxMeta } from "./meta/SandboxMeta.ts"
import type { Options as PushinPayOptions } from "./pushinpay/Options.ts"
import { SandboxPushinPay } from "./pushinpay/SandboxPushinPay.ts"
import type { SandboxError } from "./SandboxError.ts"
import type { Options as SyncPayOptions } from "./syncpay/Options.ts"
import { SandboxSyncPay } from "./syncpay/SandboxSyncPay.ts"
import type { Options as TelegramOptions } from "./telegram/Options.ts"
import { SandboxTelegram } from "./telegram/SandboxTelegram.ts"
import type { Options as UtmifyOptions } from "./utmify/Orders.ts"
import { SandboxUtmify } from "./utmify/SandboxUtmify.ts"

export interface SandboxOptions {
  readonly telegram?: TelegramOptions & ListenOptions
  readonly pushinpay?: PushinPayOptions & ListenOptions
  readonly syncpay?: SyncPayOptions & ListenOptions
  readonly meta?: MetaOptions & ListenOptions
  readonly utmify?: UtmifyOptions & ListenOptions
}

type Services = Sandbox | SandboxTelegram | SandboxPushinPay | SandboxSyncPay | SandboxMeta | SandboxUtmify

/** All stand-ins together, and the environment that points the service at them. */
export class Sandbox extends Context.Service<
  Sandbox,
  {
    readonly telegram: SandboxTelegram["Service"]
    readonly pushinpay: SandboxPushinPay["Service"]
    readonly syncpay: SandboxSyncPay["Service"]
    readonly meta: SandboxMeta["Service"]
    readonly utmify: SandboxUtmify["Service"]
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
      Layer.provideMerge(SandboxSyncPay.layerWith(options.syncpay ?? {})),
      Layer.provideMerge(SandboxMeta.layerWith(options.meta ?? {})),
      Layer.provideMerge(SandboxUtmify.layerWith(options.utmify ?? {}))
    )

  static readonly layer = Sandbox.layerWith({})
}

const make = Effect.fnUntraced(function* (options: SandboxOptions) {
  const telegram = yield* SandboxTelegram
  const pushinpay = yield* SandboxPushinPay
  const syncpay = yield* SandboxSyncPay
  const meta = yield* SandboxMeta
  const utmify = yield* SandboxUtmify
  const [pixel] = Object.entries(yield* meta.pixels)
  const { clientId, clientSecret } = yield* syncpay.credential
  const webhookToken = options.pushinpay?.webhookToken
  return Sandbox.of({
    telegram,
    pushinpay,
    syncpay,
    meta,
    utmify,
    env: {
      TELEGRAM_API_URL: telegram.url,
      PUSHINPAY_URL: `${pushinpay.url}/api`,
      PUSHINPAY_TOKEN: yield* pushinpay.token,
      ...(webhookToken === undefined || webhookToken === null ? {} : { PUSHINPAY_WEBHOOK_TOKEN: webhookToken }),
      SYNCPAY_URL: syncpay.url,
      SYNCPAY_CLIENT_ID: clientId,
      SYNCPAY_CLIENT_SECRET: clientSecret,
      UTMIFY_URL: utmify.url,
      UTMIFY_TOKEN: yield* utmify.token,
      FACEBOOK_API_URL: `${meta.url}/v26.0`,
      ...(pixel === undefined ? {} : { FACEBOOK_PIXEL_ID: pixel[0], FACEBOOK_ACCESS_TOKEN: pixel[1] })
    }
  })
})
