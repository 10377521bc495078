import { Console, Duration, Effect } from "effect"
import { Command } from "effect/cli"
import { BotsLayer } from "../layers.ts"
import { RollupsRepo } from "../repo/RollupsRepo.ts"
import { json, show, told } from "./output.ts"

const rebuild = Command.make(
  "rebuild",
  { json },
  Effect.fn("Cli.events.rebuild")(function* (input) {
    yield* Console.error(
      "Contando de novo todos os eventos do funil. Pode demorar alguns minutos; o serviço pode ficar no ar."
    )
    const [duration] = yield* Effect.timed((yield* RollupsRepo).rebuild)
    const seconds = Math.round(Duration.toMillis(duration) / 100) / 10
    yield* show(input.json, { seconds }, `Pronto: os números foram refeitos em ${seconds} s.`)
  }, told)
).pipe(Command.withDescription("Refaz os números do funil a partir dos eventos"))

export const events = Command.make("events").pipe(
  Command.withDescription("Eventos do funil: rebuild"),
  Command.withSubcommands([rebuild]),
  Command.provide(BotsLayer)
)
