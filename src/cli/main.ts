import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Effect } from "effect"
import { Command } from "effect/cli"
import { boot } from "../boot.ts"
import { version } from "../version.ts"
import { funil, withoutConfig } from "./funil.ts"

if (process.argv[2] === "init") {
  withoutConfig.pipe(Command.run({ version }), Effect.provide(NodeServices.layer), NodeRuntime.runMain)
} else {
  boot(funil.pipe(Command.run({ version }), Effect.provide(NodeServices.layer)), { quiet: true })
}
