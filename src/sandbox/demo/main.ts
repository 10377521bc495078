import { NodeRuntime } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { Cause, Console, Context, Effect, Exit, Layer } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { Database } from "../../db/Database.ts"
import { startEmbedded } from "../../db/Embedded.ts"
import { CONTROL_PREFIX } from "../http/control.ts"
import { Sandbox } from "../Sandbox.ts"
import type { Funnel } from "../simulator/Seller.ts"
import { startSimulator } from "../simulator/Simulator.ts"
import { playBuyer } from "./buyer.ts"
import { presellAddress } from "./presell.ts"
import { seedDownsell } from "./downsell.ts"
import { demoBot, seed } from "./seed.ts"
import { adminToken, type DemoError, freePort, startService } from "./service.ts"
import { timeTravel } from "./timeTravel.ts"

const { values } = parseArgs({ options: { auto: { type: "boolean", default: false } } })

/** The demo sits down at the database of its service, which is shared by all processes of the folder. */
const openDatabase = Effect.fnUntraced(function* (path: string) {
  const { url } = yield* startEmbedded({ dir: join(path, ".data", "postgres") })
  return Context.get(yield* Layer.build(Database.layerUrl(url)), PgClient.PgClient)
})

/** `--auto` begins with an empty folder each time; the standing demo keeps what was done in it. */
const folder = Effect.acquireRelease(
  Effect.sync(() => (values.auto ? mkdtempSync(join(tmpdir(), "funil-demo-")) : join(".data", "demo"))),
  (path) => Effect.sync(() => values.auto && rmSync(path, { recursive: true, force: true }))
)

const demo = Effect.gen(function* () {
  const { telegram, pushinpay, env } = yield* Sandbox
  yield* telegram.addBot({ token: demoBot.token, username: demoBot.username, name: demoBot.name })
  const path = yield* folder
  const service = yield* startService(path, yield* freePort(3000), env)
  yield* seed(service)
  yield* seedDownsell(service, values.auto ? 2 : 60)
  if (values.auto) {
    yield* playBuyer(service)
    return yield* Console.log("Pronto: cada passo foi visto no Telegram e no gateway de mentira.")
  }
  const sql = yield* openDatabase(path)
  const simulator = yield* startSimulator(
    {
      slug: demoBot.slug,
      botName: demoBot.name,
      botToken: demoBot.token,
      url: service.url,
      metrics: service.call("GET", `/api/metrics?bot=${demoBot.slug}`) as Effect.Effect<Funnel, DemoError>,
      onLine: service.log.onLine,
      time: timeTravel(sql, demoBot.slug)
    },
    { port: yield* freePort(3001) }
  )
  yield* Console.log(
    [
      "",
      "  Demonstração ligada (Ctrl+C para parar):",
      "",
      `  Simulador, comece aqui: ${simulator.url}`,
      `  Presell:             ${presellAddress(service)}`,
      `  Painel:              ${service.url}/admin (senha: ${adminToken})`,
      `  API e documentação:  ${service.url}/docs`,
      `  Telegram de mentira: ${telegram.url}${CONTROL_PREFIX}`,
      `  PushinPay de mentira: ${pushinpay.url}${CONTROL_PREFIX}`,
      ""
    ].join("\n")
  )
  return yield* Effect.never
})

demo.pipe(
  Effect.scoped,
  Effect.provide(
    Sandbox.layerWith({ telegram: { uploadFolder: values.auto ? null : join(".data", "demo", "telegram") } })
  ),
  Effect.tapCause((cause) =>
    Cause.hasInterruptsOnly(cause)
      ? Effect.void
      : Console.error(`✘ A demonstração falhou: ${String((Cause.squash(cause) as Error).message)}`)
  ),
  NodeRuntime.runMain({
    disableErrorReporting: true,
    teardown: (exit, onExit) => onExit(Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause) ? 0 : 1)
  })
)
