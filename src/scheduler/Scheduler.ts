import { type Duration, Effect, Layer, Schedule } from "effect"
import { ensurePartitions } from "../db/Partitions.ts"
import { Recovery } from "../engine/Recovery.ts"
import * as Log from "../log/Log.ts"
import { UpdatesRepo } from "../repo/UpdatesRepo.ts"

/** The inbox keeps updates this long: Telegram repeats one for at most 24 h (facts/telegram, section 1). */
const inboxHours = 48

/** The named jobs of the service, each with its period; a job never overlaps itself, and its failure never ends it. */
export const SchedulerLayer = Layer.effectDiscard(
  Effect.gen(function* () {
    const recovery = yield* Recovery
    const updates = yield* UpdatesRepo

    yield* job("retomar atendimentos interrompidos", "3 seconds", recovery.run)
    yield* job("criar as partições dos próximos meses", "12 hours", ensurePartitions(3))
    yield* job("apagar mensagens antigas da caixa de entrada", "1 hour", updates.deleteOlderThan(inboxHours))
  })
)

const job = <A, E, R>(name: string, period: Duration.Input, run: Effect.Effect<A, E, R>) =>
  run.pipe(
    Effect.withSpan(`Scheduler.${name}`),
    Effect.catchCause((cause) => Log.warn(`[AVISO] A tarefa "${name}" falhou e será repetida: ${Log.detailOf(cause)}`)),
    Effect.repeat(Schedule.spaced(period)),
    Log.logged(`A tarefa "${name}"`),
    Effect.forkScoped
  )
