import { Cause, Context, Effect, Layer, Option } from "effect"
import { Bots } from "../bots/Bots.ts"
import type { Bot } from "../domain/bot.ts"
import * as Log from "../log/Log.ts"
import { detailOf } from "../log/sentences.ts"
import type { Recording } from "../repo/RecordingsRepo.ts"
import { UpdatesRepo } from "../repo/UpdatesRepo.ts"
import { Handlers } from "./Handlers.ts"
import { silent, type UpdateJob } from "./job.ts"
import { quietOutcome } from "./quiet.ts"
import { Recorder } from "./Recorder.ts"

// A failing update holds only its own person; after these it is set aside so that the person's next one gets its turn.
const retryDelaysMs = [300, 2_000, 8_000]

/** Takes one update from the inbox to done: handler, then its recording. Never fails; a poison update ends as dead. */
export class Handling extends Context.Service<
  Handling,
  {
    readonly run: (job: UpdateJob) => Effect.Effect<void>
    /** Updates that get no answer, all of them in one transaction. */
    readonly runQuiet: (jobs: ReadonlyArray<UpdateJob>) => Effect.Effect<void>
  }
>()("funil/engine/Handling") {
  static readonly layer = Layer.effect(
    Handling,
    Effect.gen(function* () {
      const bots = yield* Bots
      const handlers = yield* Handlers
      const recorder = yield* Recorder
      const updates = yield* UpdatesRepo

      const setAside = Effect.fnUntraced(function* (job: UpdateJob, attempts: number, cause: Cause.Cause<unknown>) {
        yield* Log.error(
          `[ERRO] A mensagem ${job.updateId} de ${job.personId ?? "alguém"} falhou ${attempts} vezes e foi separada: ${detailOf(cause)}`,
          { event_name: "update_dead" }
        )
        yield* Effect.ignore(updates.markDead(job, attempts, detailOf(cause)))
      })

      const handle = Effect.fnUntraced(function* (bot: Bot, job: UpdateJob) {
        let attempts = job.attempts
        while (true) {
          const exit = yield* Effect.exit(handlers.handle(bot, job))
          if (exit._tag === "Success") return yield* recorder.record(exit.value)
          if (Cause.hasInterrupts(exit.cause)) return yield* Effect.interrupt
          attempts += 1
          const delay = retryDelaysMs[attempts - 1]
          if (delay === undefined) return yield* setAside(job, attempts, exit.cause)
          yield* Log.warn(
            `[AVISO] O atendimento de ${job.personId ?? "alguém"} falhou e será tentado de novo: ${detailOf(exit.cause)}`,
            { attempts }
          )
          yield* Effect.ignore(updates.saveAttempt(job, attempts, detailOf(exit.cause)))
          yield* Effect.sleep(delay)
        }
      })

      const run = Effect.fnUntraced(function* (job: UpdateJob) {
        const bot = bots.byId(job.botId)
        // A bot that is gone or paused answers nobody, then or later (contract, section 3).
        if (Option.isNone(bot) || !bot.value.active) return yield* recorder.record(silent(job))
        yield* handle(bot.value, job).pipe(
          Effect.annotateLogs({
            request_id: job.requestId,
            slug: bot.value.slug,
            telegram_id: job.personId
          }),
          Effect.withSpan("Engine.update", { attributes: { slug: bot.value.slug, kind: job.kind } })
        )
      })

      const runQuiet = Effect.fnUntraced(function* (jobs: ReadonlyArray<UpdateJob>) {
        const recordings: Array<Recording> = []
        for (const job of jobs) {
          const bot = bots.byId(job.botId)
          const outcome =
            Option.isSome(bot) && bot.value.active ? quietOutcome(bot.value, job) : { recording: silent(job) }
          recordings.push(outcome.recording)
          if (outcome.sentence === undefined) continue
          yield* Log.info(outcome.sentence, {
            request_id: job.requestId,
            slug: outcome.recording.slug,
            telegram_id: job.personId,
            ...outcome.fields
          })
        }
        yield* recorder.recordAll(recordings)
      })

      return Handling.of({ run, runQuiet })
    })
  )
}
