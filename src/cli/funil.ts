import { Command } from "effect/cli"
import { backup, restore } from "./backup.ts"
import { bots } from "./bots.ts"
import { doctor } from "./doctor.ts"
import { events } from "./events.ts"
import { init } from "./init.ts"
import { migrate } from "./migrate.ts"
import { users } from "./users.ts"
import { webhook } from "./webhook.ts"

/** Every command. `--completions bash|zsh|fish` comes with Effect's CLI. */
export const funil = Command.make("funil").pipe(
  Command.withDescription("Comandos do Funil (--completions bash|zsh|fish escreve o preenchimento automático)"),
  Command.withSubcommands([init, doctor, migrate, bots, users, webhook, events, backup, restore])
)

/** Comes before there is a configuration, and may be what mends a bad one. */
export const withoutConfig = Command.make("funil").pipe(Command.withSubcommands([init]))
