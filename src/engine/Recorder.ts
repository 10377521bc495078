import { Cause, Context, Effect, Layer, Schedule } from "effect"
import type { SqlError } from "effect/sql"
import { makeBatcher } from "../db/Batcher.ts"
import { isPoison } from "../db/poison.ts"
import * as Log from "../log/Log.ts"
import { telemetry } from "../log/telemetry.ts"
import { type Recording, RecordingsRepo } from "../repo/RecordingsRepo.ts"
import { UpdatesRepo } from "../repo/UpdatesRepo.ts"
import { Node } from "./Node.ts"
import { Pressure } from "./Pressure.ts"

const whileDatabaseIsAway = Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("1 second")]).pipe(
  Schedule.jittered
)

/** Writes what handlers leave behind, many people in one transaction, and waits for an absent database. */
export class Recorder extends Context.Service<
  Recorder,
  {
    /** Returns once committed. It does not fail: messages have left already, so the truth must get in. */
    readonly record: (recording: Recording) => Effect.Effect<void>
    /** The same for many at once. */
    readonly recordAll: (recordings: ReadonlyArray<Recording>) => Effect.Effect<void>
  }
>()("funil/engine/Recorder") {
  static readonly layer = Layer.effect(
    Recorder,
    Effect.gen(function* () {
      const recordings = yield* RecordingsRepo
      const updates = yield* UpdatesRepo
      const pressure = yield* Pressure
      const node = yield* Node

      const setAside = Effect.fnUntraced(function* (recording: Recording, error: SqlError.SqlError) {
        yield* Log.failure(
          `O registro da mensagem ${recording.updateId} do bot ${recording.slug} foi separado`,
          error,
          {
            slug: recording.slug,
            event_name: "update_dead"
          }
        )
        telemetry.deadUpdates.record({ bot: recording.slug })
        // Where not even that may be written, it must not keep its neighbours waiting for ever.
        yield* updates
          .markDead(recording, 1, Log.detailOf(Cause.fail(error)))
          .pipe(Effect.catchIf(isPoison, () => Effect.void))
      })

      /** A row under another name is somebody else's, unless that is our own new one. */
      const writeHeld = Effect.fnUntraced(function* (batch: ReadonlyArray<Recording>) {
        let rest = batch
        while (rest.length > 0) {
          const names = new Map(rest.map((recording) => [recording, recording.hold.owner]))
          const unwritten = yield* recordings.write(rest)
          for (const { events } of rest) for (const { name } of events) telemetry.funnelEvents.record({ event: name })
          if (unwritten.length > 0) yield* node.certainty
          rest = unwritten.filter((recording) => recording.hold.owner !== names.get(recording))
        }
      })

      /** One refused row must not keep its neighbours out: halves are tried until it stands alone. */
      const write = (batch: ReadonlyArray<Recording>): Effect.Effect<void, SqlError.SqlError> =>
        Effect.catch(writeHeld(batch), (error) => {
          if (!isPoison(error)) return Effect.fail(error)
          if (batch.length === 1) return setAside(batch[0]!, error)
          const middle = batch.length >> 1
          return Effect.andThen(write(batch.slice(0, middle)), write(batch.slice(middle)))
        })

      // One line when it begins and one when it is over.
      let failing = false
      const failed = (error: SqlError.SqlError) =>
        Effect.suspend(() => {
          if (failing) return Effect.void
          failing = true
          return Log.recovered("O banco de dados não gravou atendimentos; continuo tentando", error)
        })
      const succeeded = Effect.suspend(() => {
        if (!failing) return Effect.void
        failing = false
        return Log.info("[BANCO] Os atendimentos que esperavam pelo banco de dados foram gravados")
      })

      const recordAll = (batch: ReadonlyArray<Recording>) =>
        write(batch).pipe(
          Effect.tapError(failed),
          Effect.retry(whileDatabaseIsAway),
          Effect.andThen(succeeded),
          Effect.orDie,
          // A statement for many people belongs to the trace of none.
          Effect.withTracerEnabled(false)
        )

      const record = yield* makeBatcher({
        maxSize: 500,
        concurrency: 1,
        run: (batch: ReadonlyArray<Recording>) => Effect.as(recordAll(batch), batch),
        before: pressure.ease
      })

      return Recorder.of({ record: (recording) => Effect.asVoid(record(recording)), recordAll })
    })
  )
}
