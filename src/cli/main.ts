import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { Command } from "effect/cli"
import { boot } from "../boot.ts"
import { version } from "../version.ts"
import { funil, withoutConfig } from "./funil.ts"
import { afterHelp, presenterLayer } from "./presenter.ts"

const terminal = Layer.merge(NodeServices.layer, presenterLayer)

if (process.argv[2] === "init") {
  withoutConfig.pipe(Command.run({ version }), afterHelp, Effect.provide(terminal), NodeRuntime.runMain)
} else {
  boot(funil.pipe(Command.run({ version }), afterHelp, Effect.provide(terminal)), { quiet: true })
}
