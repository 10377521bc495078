import { Effect, Layer } from "effect"
import { BotSessionsRepo } from "../repo/BotSessionsRepo.ts"
import { ClientsRepo } from "../repo/ClientsRepo.ts"
import { Scheduler } from "./Scheduler.ts"

/** Addresses and browsers of visitors are kept as long as the Marco Civil (art. 15) asks, and not longer. */
const keptMonths = 6

export const TrackingJobs = Layer.effectDiscard(
  Effect.gen(function* () {
    const scheduler = yield* Scheduler
    const sessions = yield* BotSessionsRepo
    const clients = yield* ClientsRepo

    yield* scheduler.add({
      name: "bot_session_end",
      title: "encerrar as visitas de quem parou de usar o bot",
      every: "1 minute",
      owner: "one",
      run: () => Effect.asVoid(sessions.endIdle)
    })
    yield* scheduler.add({
      name: "visitor_retention",
      title: "apagar endereços e navegadores antigos de visitantes",
      every: "6 hours",
      owner: "one",
      run: () => Effect.asVoid(clients.deleteOlderThan(keptMonths))
    })
  })
)
