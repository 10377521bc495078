import { Effect } from "effect"
import { Command } from "effect/cli"
import { Database } from "../db/Database.ts"
import { migrate as runMigrations } from "../db/Migrations.ts"
import { ensurePartitions } from "../db/Partitions.ts"
import { json, show } from "./output.ts"

/** `npm run migrate`: safe to repeat and to run from several machines at once. */
export const migrate = Command.make(
  "migrate",
  { json },
  Effect.fn("Cli.migrate")(function* (input) {
    const { applied } = yield* runMigrations()
    yield* ensurePartitions(3)
    const names = applied.map((name) => `  ${name}`).join("\n")
    const text = applied.length === 0 ? "O banco de dados já estava em dia." : `Migrações aplicadas:\n${names}`
    yield* show(input.json, { applied }, text)
  }, Effect.provide(Database.layer))
).pipe(Command.withDescription("Deixa o banco de dados em dia; pode ser repetido sem risco"))
