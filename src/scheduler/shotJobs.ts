import { Effect, Layer, Option } from "effect"
import { ShotSending } from "../engine/bulk/ShotSending.ts"
import * as Log from "../log/Log.ts"
import { ShotsRepo } from "../repo/ShotsRepo.ts"
import { ShotStart } from "../shots/ShotStart.ts"
import { Scheduler } from "./Scheduler.ts"

/** Scheduled shots begin once, in one process; every process is told which are being sent. */
export const ShotJobs = Layer.effectDiscard(
  Effect.gen(function* () {
    const scheduler = yield* Scheduler
    const shots = yield* ShotsRepo
    const starting = yield* ShotStart
    const sending = yield* ShotSending

    const leftBehind = yield* Effect.orElseSucceed(shots.leftBehind, () => 0)
    if (leftBehind > 0) {
      yield* Log.warn(
        `[SHOT] ${leftBehind} mensagens de disparos que o sistema antigo começou não serão enviadas; crie um disparo novo se quiser`,
        { event_name: "shot_expired" }
      )
    }

    yield* scheduler.add({
      name: "shots_due",
      title: "começar os disparos agendados",
      every: "1 minute",
      tables: ["shots"],
      owner: "one",
      run: () =>
        Effect.gen(function* () {
          const due = yield* shots.due
          yield* Effect.forEach(due, (row) => starting.start(row, ["scheduled"]), { discard: true })
          return Option.getOrUndefined(yield* shots.nextDueMs)
        })
    })
    yield* scheduler.add({
      name: "shots_live",
      title: "ver quais disparos estão sendo enviados",
      every: "30 seconds",
      tables: ["shots"],
      traced: false,
      owner: "each",
      run: sending.refresh
    })
  })
)
