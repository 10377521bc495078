import { type Duration, Effect, Layer } from "effect"
import { ensurePartitions } from "../db/Partitions.ts"
import { surviving } from "../repo/surviving.ts"
import { UpdatesRepo } from "../repo/UpdatesRepo.ts"

/** The inbox keeps updates this long: Telegram repeats one for at most 24 h (facts/telegram, section 1). */
const inboxHours = 48

/** The named jobs of the service, each with its period; a job never overlaps itself, and its failure never ends it. */
export const SchedulerLayer = Layer.effectDiscard(
  Effect.gen(function* () {
    const updates = yield* UpdatesRepo

    yield* job("criar as partições dos próximos meses", "12 hours", ensurePartitions(3))
    yield* job("apagar mensagens antigas da caixa de entrada", "1 hour", updates.deleteOlderThan(inboxHours))
  })
)

/** After a failure it is tried again sooner than its period, but not every second for hours. */
const longestPauseMs = 60_000

const job = <A, E, R>(name: string, period: Duration.Input, run: Effect.Effect<A, E, R>) =>
  run.pipe(
    Effect.withSpan(`Scheduler.${name}`),
    Effect.andThen(Effect.sleep(period)),
    surviving(`A tarefa "${name}"`, { longestPauseMs }),
    Effect.forkScoped
  )
