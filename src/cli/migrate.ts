import { Console, Effect } from "effect"
import { Command } from "effect/cli"
import { Database } from "../db/Database.ts"
import { migrate as runMigrations } from "../db/Migrations.ts"
import { ensurePartitions } from "../db/Partitions.ts"

/** `npm run migrate`: safe to repeat and to run from several machines at once. */
export const migrate = Command.make(
  "migrate",
  {},
  Effect.fn("Cli.migrate")(function* () {
    const { applied } = yield* runMigrations()
    yield* ensurePartitions(3)
    yield* applied.length === 0
      ? Console.log("O banco de dados já estava em dia.")
      : Console.log(`Migrações aplicadas:\n${applied.map((name) => `  ${name}`).join("\n")}`)
  }, Effect.provide(Database.layer))
).pipe(Command.withDescription("Deixa o banco de dados em dia; pode ser repetido sem risco"))
