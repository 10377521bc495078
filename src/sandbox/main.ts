import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect } from "effect"
import { parseArgs } from "node:util"
import { CONTROL_PREFIX } from "./http/control.ts"
import { Sandbox } from "./Sandbox.ts"

const { values } = parseArgs({
  options: {
    /** Telegram's port; the other stand-ins take the ones after it. Absent: any free ports. */
    port: { type: "string", default: "0" },
    host: { type: "string", default: "127.0.0.1" },
    /** A bot's token; can be given more than once. */
    bot: { type: "string", multiple: true, default: [] },
    /** For load tests: nothing is kept, the QR picture is a fixed one. */
    load: { type: "boolean", default: false }
  }
})

const { host, load } = values
const port = Number(values.port)

const program = Effect.gen(function* () {
  const { telegram, pushinpay, syncpay, meta, utmify, env } = yield* Sandbox
  for (const token of values.bot) yield* telegram.addBot({ token })
  yield* Console.log(`Telegram de mentira em ${telegram.url} (controle em ${telegram.url}${CONTROL_PREFIX})`)
  yield* Console.log(`PushinPay de mentira em ${pushinpay.url}/api (controle em ${pushinpay.url}${CONTROL_PREFIX})`)
  yield* Console.log(`SyncPay de mentira em ${syncpay.url} (controle em ${syncpay.url}${CONTROL_PREFIX})`)
  yield* Console.log(`Meta de mentira em ${meta.url}/v26.0 (controle em ${meta.url}${CONTROL_PREFIX})`)
  yield* Console.log(`UTMify de mentira em ${utmify.url} (controle em ${utmify.url}${CONTROL_PREFIX})`)
  yield* Console.log("Variáveis para o serviço:")
  for (const [name, value] of Object.entries(env)) yield* Console.log(`  ${name}=${value}`)
  return yield* Effect.never
})

program.pipe(
  Effect.provide(
    Sandbox.layerWith({
      telegram: { host, port, record: !load, acceptUnknownChats: load },
      pushinpay: { host, port: port === 0 ? 0 : port + 1, record: !load, qr: load ? "tiny" : "real" },
      syncpay: { host, port: port === 0 ? 0 : port + 2, record: !load },
      meta: { host, port: port === 0 ? 0 : port + 3, record: !load },
      utmify: { host, port: port === 0 ? 0 : port + 4, record: !load }
    })
  ),
  NodeRuntime.runMain
)
