import { Effect, Layer } from "effect"
import { Command } from "effect/cli"
import { TokenVault } from "../bots/TokenVault.ts"
import { Config } from "../config.ts"
import { Database } from "../db/Database.ts"
import { detailOf } from "../log/sentences.ts"
import { MediaStore } from "../media/MediaStore.ts"
import { BotsRepo } from "../repo/BotsRepo.ts"
import { TelegramClient } from "../telegram/TelegramClient.ts"
import { botFindings } from "./doctor/bots.ts"
import { databaseFindings } from "./doctor/database.ts"
import { bad, type Finding, lineOf } from "./doctor/finding.ts"
import { askLayer } from "./doctor/http.ts"
import { diskFinding, storeFinding } from "./doctor/machine.ts"
import { gatewayFindings, metaFinding, publicUrlFinding, utmifyFinding } from "./doctor/outside.ts"
import { failed, json, show } from "./output.ts"

/** A line for each thing that must work, what to do about it, and exit code 1 if something does not. */
export const doctor = Command.make(
  "doctor",
  { json },
  Effect.fn("Cli.doctor")(function* (input) {
    const findings = yield* examine
    yield* show(input.json, findings, findings.map(lineOf).join("\n"))
    if (findings.some(({ state }) => state === "bad")) yield* failed
  })
).pipe(
  Command.withDescription("Confere banco de dados, relógio, endereço, bots, gateways, Meta, UTMify, mídias e disco")
)

const examine = Effect.gen(function* () {
  const config = yield* Config
  const inside = [diskFinding(config), storeFinding.pipe(Effect.provide(MediaStore.layer))]
  const outside = [publicUrlFinding(config), metaFinding(config), utmifyFinding(config)]
  return (yield* Effect.all(
    [
      throughDatabase,
      Effect.all(inside, { concurrency: "unbounded" }),
      gatewayFindings(config),
      Effect.all(outside, { concurrency: "unbounded" })
    ],
    { concurrency: "unbounded" }
  )).flat()
}).pipe(Effect.provide(askLayer))

/** Bots are only asked when the database is in the shape that this program knows. */
const throughDatabase: Effect.Effect<ReadonlyArray<Finding>, never, Config> = Effect.gen(function* () {
  const findings = yield* databaseFindings
  if (findings.some(({ what, state }) => what === "Migrações" && state === "bad")) return findings
  return [...findings, ...(yield* botFindings)]
}).pipe(
  Effect.provide(
    Layer.mergeAll(BotsRepo.layer, TokenVault.layer, TelegramClient.layer).pipe(Layer.provideMerge(Database.layer))
  ),
  Effect.catchCause((cause) =>
    Effect.succeed([bad("Banco de dados", detailOf(cause), "Confira DATABASE_URL e se o PostgreSQL está ligado.")])
  )
)
