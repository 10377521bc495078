import { NodeRuntime } from "@effect/platform-node"
import { Cause, Console, Effect, Exit } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { CONTROL_PREFIX } from "../http/control.ts"
import { Sandbox } from "../Sandbox.ts"
import { playBuyer } from "./buyer.ts"
import { demoBot, seed } from "./seed.ts"
import { freePort, startService } from "./service.ts"

const { values } = parseArgs({ options: { auto: { type: "boolean", default: false } } })

/** `--auto` begins with an empty folder each time; the standing demo keeps what was done in it. */
const folder = Effect.acquireRelease(
  Effect.sync(() => (values.auto ? mkdtempSync(join(tmpdir(), "funil-demo-")) : join(".data", "demo"))),
  (path) => Effect.sync(() => values.auto && rmSync(path, { recursive: true, force: true }))
)

const demo = Effect.gen(function* () {
  const { telegram, pushinpay, env } = yield* Sandbox
  yield* telegram.addBot({ token: demoBot.token, username: demoBot.username, name: "Clube VIP" })
  const service = yield* startService(yield* folder, yield* freePort(3000), env)
  yield* seed(service)
  if (values.auto) {
    yield* playBuyer(service)
    return yield* Console.log("Pronto: cada passo foi visto no Telegram e no gateway de mentira.")
  }
  yield* Console.log(
    [
      "",
      "  Demonstração ligada (Ctrl+C para parar):",
      `  API e documentação: ${service.url}/docs`,
      `  Telegram de mentira: ${telegram.url}${CONTROL_PREFIX}`,
      `  PushinPay de mentira: ${pushinpay.url}${CONTROL_PREFIX}`,
      ""
    ].join("\n")
  )
  return yield* Effect.never
})

demo.pipe(
  Effect.scoped,
  Effect.provide(Sandbox.layer),
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
