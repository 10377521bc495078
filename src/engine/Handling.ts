import { type Cause, Context, Effect, Exit, Layer, Option, Schema } from "effect"
import { Bots } from "../bots/Bots.ts"
import type { Bot } from "../domain/bot.ts"
import * as Log from "../log/Log.ts"
import { detailOf } from "../log/sentences.ts"
import { stopwatch, telemetry } from "../log/telemetry.ts"
import type { Recording } from "../repo/RecordingsRepo.ts"
import { UpdatesRepo } from "../repo/UpdatesRepo.ts"
import type { TelegramReason } from "../telegram/reasons.ts"
import { TelegramError } from "../telegram/TelegramError.ts"
import { Footing } from "./Footing.ts"
import { type Handled, Handlers } from "./Handlers.ts"
import { silent, type UpdateJob } from "./job.ts"
import { Leftovers } from "./Leftovers.ts"
import { quietOutcome } from "./quiet.ts"
import { Recorder } from "./Recorder.ts"

// A failing update holds only its own person; after these it is set aside so that the person's next one gets its turn.
const retryDelaysMs = [300, 2_000, 8_000]

// Telegram away says nothing about the update, which is tried until Telegram is back.
const unreachedDelaysMs = [300, 2_000, 8_000, 15_000]
/** A wish of Telegram's may be hours; sooner than an hour nothing is asked again. */
const longestPauseMs = 3_600_000
/** So many wait out their pauses here; the rest is set aside, so that the memory keeps room for other bots' updates. */
const mostPausing = 8_000

/** Longer than all patience of the sender and the checkout together: whoever takes this long hangs. */
const deadlineSeconds = 90

/** A handler did not come to an end. */
export class HandlerTimeout extends Schema.TaggedError<HandlerTimeout>()("HandlerTimeout", {
  seconds: Schema.Int
}) {
  readonly retryable = true
}

/** Takes one update from the inbox to done: handler, then its recording. Never fails; a poison update ends as dead. */
export class Handling extends Context.Service<
  Handling,
  {
    /** Answers what is over now: this update, and of those in `along` (asked when its answer is out) all that it served for too. */
    readonly run: (job: UpdateJob, along: () => ReadonlyArray<UpdateJob>) => Effect.Effect<ReadonlyArray<UpdateJob>>
    /** For a tap whose answer is under way already: its spinner stops. */
    readonly acknowledge: (job: UpdateJob) => Effect.Effect<void>
    /** Updates that get no answer, all of them in one transaction. */
    readonly runQuiet: (jobs: ReadonlyArray<UpdateJob>) => Effect.Effect<void>
  }
>()("funil/engine/Handling") {
  static readonly layer = Layer.effect(
    Handling,
    Effect.suspend(() => make)
  )
}

const make = Effect.gen(function* () {
  const bots = yield* Bots
  const footing = yield* Footing
  const handlers = yield* Handlers
  const leftovers = yield* Leftovers
  const recorder = yield* Recorder
  const updates = yield* UpdatesRepo

  let pausing = 0

  const serving = (job: UpdateJob) => Option.filter(bots.byId(job.botId), (bot) => bot.active)

  const setAside = Effect.fnUntraced(function* (
    bot: Bot,
    job: UpdateJob,
    attempts: number,
    cause: Cause.Cause<unknown>
  ) {
    yield* Log.error(
      `[ERRO] A mensagem ${job.updateId} de ${job.personId ?? "alguém"} falhou ${timesOf(attempts)} e foi separada: ${detailOf(cause)}`,
      { event_name: "update_dead" }
    )
    count(job, "dead", bot.slug)
    telemetry.deadUpdates.record({ bot: bot.slug })
    yield* Effect.catch(updates.markDead(job, attempts, detailOf(cause)), () => Effect.sync(() => leftovers.add(job)))
  })

  const passedOn = (job: UpdateJob) =>
    Log.info(`[BOT] O atendimento da mensagem ${job.updateId} passou para outro processo`)

  const once = Effect.fnUntraced(function* (bot: Bot, job: UpdateJob) {
    const seconds = stopwatch()
    const exit = yield* Effect.exit(
      handlers.handle(bot, job).pipe(
        Effect.timeoutOrElse({
          duration: `${deadlineSeconds} seconds`,
          orElse: () => Effect.fail(new HandlerTimeout({ seconds: deadlineSeconds }))
        })
      )
    )
    telemetry.handlers.record({ kind: job.kind, result: Exit.isSuccess(exit) ? "ok" : "failed" }, seconds())
    return exit
  })

  const conclude = Effect.fnUntraced(function* (bot: Bot, job: UpdateJob, handled: Handled, waiting: () => Waiting) {
    const along = handled.answered === true ? waiting() : []
    yield* Effect.forEach(along, (other) => handlers.acknowledge(bot, other), {
      concurrency: "unbounded",
      discard: true
    })
    const ended = [job, ...along]
    for (const one of ended) count(one, "done", bot.slug)
    yield* recorder.record(along.length === 0 ? handled : { ...handled, along })
    return ended
  })

  const keepSilent = Effect.fnUntraced(function* (job: UpdateJob) {
    count(job, "silent")
    yield* recorder.record(silent(job))
    return [job]
  })

  /** Nothing left, and nothing is wrong with the update: the person gets the answer when Telegram takes it. */
  const waitOut = Effect.fnUntraced(function* (job: UpdateJob, pauseMs: number, times: number, detail: string) {
    count(job, "retried")
    if (times === 0) {
      yield* Log.warn(`[AVISO] O atendimento de ${job.personId ?? "alguém"} espera pelo Telegram: ${detail}`)
      yield* Effect.ignore(updates.saveAttempt(job, job.attempts, detail))
    }
    pausing += 1
    yield* Effect.ensuring(
      Effect.sleep(pauseMs),
      Effect.sync(() => void (pausing -= 1))
    )
  })

  const handle = Effect.fnUntraced(function* (begunFor: Bot, job: UpdateJob, waiting: () => Waiting) {
    let attempts = job.attempts
    let pauses = 0
    let refusal: Cause.Cause<unknown> | undefined
    while (yield* footing.sure(job)) {
      const bot = Option.getOrUndefined(serving(job))
      if (bot === undefined) {
        if (refusal === undefined) return yield* keepSilent(job)
        // Stopped because of the very answer that this one got: kept for when the bot works again.
        yield* setAside(begunFor, job, attempts, refusal)
        return [job]
      }
      const exit = yield* once(bot, job)
      if (Exit.isSuccess(exit)) return yield* conclude(bot, job, exit.value, waiting)
      // An interrupted handler that lost its update; any other interruption came from inside and is a failed try.
      if (job.hold.lost) break
      const reason = telegramReason(exit)
      refusal = reason?._tag === "BotUnusable" ? exit.cause : undefined
      if (refusal === undefined && Option.isNone(serving(job))) continue
      const pauseMs = pausing < mostPausing ? pauseOf(reason, pauses) : undefined
      if (pauseMs !== undefined) {
        yield* waitOut(job, pauseMs, pauses, detailOf(exit.cause))
        pauses += 1
        continue
      }
      attempts += 1
      const delay = retryDelaysMs[attempts - 1]
      if (delay === undefined) {
        yield* setAside(bot, job, attempts, exit.cause)
        return [job]
      }
      count(job, "retried")
      yield* Log.warn(
        `[AVISO] O atendimento de ${job.personId ?? "alguém"} falhou e será tentado de novo: ${detailOf(exit.cause)}`,
        { attempts }
      )
      yield* Effect.ignore(updates.saveAttempt(job, attempts, detailOf(exit.cause)))
      yield* Effect.sleep(delay)
    }
    yield* passedOn(job)
    return [job]
  })

  const run = Effect.fnUntraced(function* (job: UpdateJob, waiting: () => Waiting) {
    const bot = serving(job)
    // A bot that is gone or paused answers nobody, then or later (contract, section 3).
    if (Option.isNone(bot)) return yield* keepSilent(job)
    return yield* handle(bot.value, job, waiting).pipe(
      Effect.annotateLogs({ request_id: job.requestId, slug: bot.value.slug, telegram_id: job.personId }),
      Effect.withSpan("Engine.update", { attributes: { slug: bot.value.slug, kind: job.kind } })
    )
  })

  const acknowledge = (job: UpdateJob) =>
    Option.match(serving(job), { onNone: () => Effect.void, onSome: (bot) => handlers.acknowledge(bot, job) })

  const runQuiet = Effect.fnUntraced(function* (jobs: ReadonlyArray<UpdateJob>) {
    const recordings: Array<Recording> = []
    for (const job of jobs) {
      const bot = serving(job)
      const outcome = Option.isSome(bot) ? quietOutcome(bot.value, job) : { recording: silent(job) }
      count(job, Option.isSome(bot) ? "done" : "silent", Option.getOrUndefined(bot)?.slug)
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

  return Handling.of({ run, acknowledge, runQuiet })
})

type Waiting = ReadonlyArray<UpdateJob>

const timesOf = (attempts: number) => (attempts === 1 ? "1 vez" : `${attempts} vezes`)

const telegramReason = (exit: Exit.Exit<unknown, unknown>): TelegramReason | undefined => {
  const error = Option.getOrUndefined(Exit.findErrorOption(exit))
  return error instanceof TelegramError ? error.reason : undefined
}

/** How long to wait when Telegram, not the update, is the reason; the more often, the longer. */
const pauseOf = (reason: TelegramReason | undefined, times: number): number | undefined => {
  if (reason?._tag === "RateLimited") return Math.min(reason.retryAfterSeconds * 1000, longestPauseMs)
  return reason?._tag === "Unreachable" ? unreachedDelaysMs[Math.min(times, unreachedDelaysMs.length - 1)] : undefined
}

const count = (job: UpdateJob, result: "done" | "silent" | "retried" | "dead", slug?: string) => {
  telemetry.updates.record({ kind: job.kind, result })
  if (slug !== undefined) telemetry.updatesOfBots.record({ bot: slug })
}
