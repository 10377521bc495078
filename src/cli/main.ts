import { NodeServices } from "@effect/platform-node"
import { Effect } from "effect"
import { Command } from "effect/cli"
import { boot } from "../boot.ts"
import { version } from "../version.ts"
import { bots } from "./bots.ts"
import { doctor } from "./doctor.ts"
import { migrate } from "./migrate.ts"
import { webhook } from "./webhook.ts"

const funil = Command.make("funil").pipe(
  Command.withDescription("Comandos do Funil"),
  Command.withSubcommands([doctor, migrate, bots, webhook])
)

boot(funil.pipe(Command.run({ version }), Effect.provide(NodeServices.layer)), { quiet: true })
