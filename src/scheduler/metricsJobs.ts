import { Clock, Duration, Effect, Layer } from "effect"
import { detachOldPartitions, ensurePartitions } from "../db/Partitions.ts"
import { RollupsRepo } from "../repo/RollupsRepo.ts"
import { Scheduler } from "./Scheduler.ts"

/** Of the time, at most this part goes into counting, whatever the traffic. */
const share = 0.05
const everySeconds = 30

/**
 * After a count of everything, which is rare and takes minutes, the next is not put off: until then every question reads
 * all that came since from the rows.
 */
export const untilNextCount = (tookMs: number, recomputed: number) =>
  recomputed === Infinity ? everySeconds * 1000 : Math.max(everySeconds * 1000, tookMs / share)

/** While a crowd comes, so often what it did is counted apart from the rest. */
const crowdEverySeconds = 3

/** The funnel's numbers and the tables they come from. */
export const MetricsJobs = Layer.effectDiscard(
  Effect.gen(function* () {
    const scheduler = yield* Scheduler
    const rollups = yield* RollupsRepo

    let nextCountMs = 0
    const counting = Effect.gen(function* () {
      if ((yield* Clock.currentTimeMillis) >= nextCountMs) {
        const [took, recomputed] = yield* Effect.timed(rollups.refresh)
        nextCountMs = (yield* Clock.currentTimeMillis) + untilNextCount(Duration.toMillis(took), recomputed)
      }
      const [took, crowded] = yield* Effect.timed(rollups.advance())
      const restMs = nextCountMs - (yield* Clock.currentTimeMillis)
      return crowded ? Math.min(restMs, Math.max(crowdEverySeconds * 1000, Duration.toMillis(took) / share)) : restMs
    })

    yield* scheduler.add({
      name: "rollups",
      title: "contar os eventos do funil",
      every: "10 minutes",
      owner: "one",
      run: () => counting,
      traced: false
    })
    yield* scheduler.add({
      name: "partitions",
      title: "criar as partições dos próximos meses",
      every: "12 hours",
      owner: "one",
      run: () => Effect.asVoid(ensurePartitions(3))
    })
    yield* scheduler.add({
      name: "event_retention",
      title: "separar as partições antigas dos eventos",
      every: "12 hours",
      owner: "one",
      run: () => Effect.asVoid(detachOldPartitions)
    })
  })
)
