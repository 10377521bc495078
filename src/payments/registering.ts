import { Duration, Effect, Option } from "effect"
import * as Log from "../log/Log.ts"
import type { PaymentGateway } from "./PaymentGateway.ts"
import { WebhookTokens } from "./WebhookTokens.ts"

/** Doubled with every failure. Nothing waits for it: payments are asked for meanwhile. */
const firstWait = Duration.minutes(1)
const longestWait = Duration.hours(1)

/**
 * In the background, at the start: tells a gateway where all payments of its account are to be announced. Ends when it
 * has worked once.
 */
export const keepTrying = Effect.fnUntraced(function* (gateway: PaymentGateway, publicUrl: string) {
  const { ensureWebhook, name } = gateway
  if (ensureWebhook === undefined || !gateway.configured) return
  const tokens = yield* WebhookTokens
  const url = `${publicUrl}/api/payments/webhook/${name}`

  const register = Effect.gen(function* () {
    const made = yield* ensureWebhook(url, yield* tokens.find(name, url))
    if (Option.isNone(made)) return
    yield* tokens.keep(name, url, made.value)
    yield* Log.info(`[WEBHOOK] Endereço registrado na ${name}: ela avisa cada pagamento na hora`, { gateway: name })
  })

  const attempt = Effect.fn("Gateways.register")(function* () {
    const done = yield* Effect.result(tokens.alone(name, url, register))
    if (done._tag === "Success") return Option.isSome(done.success)
    yield* Log.recovered(
      `Não consegui registrar o endereço de avisos na ${name}; os pagamentos seguem sendo conferidos por consulta`,
      done.failure,
      { gateway: name }
    )
    return false
  })

  let wait = firstWait
  while (!(yield* attempt())) {
    yield* Effect.sleep(wait)
    wait = Duration.min(Duration.times(wait, 2), longestWait)
  }
}, Log.logged("O registro do endereço de avisos de um gateway"))
