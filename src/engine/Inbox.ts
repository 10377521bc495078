import { Cause, Context, Effect, Exit, Layer, Schema } from "effect"
import { makeBatcher } from "../db/Batcher.ts"
import type { Bot } from "../domain/bot.ts"
import { telemetry } from "../log/telemetry.ts"
import { type InboxRow, UpdatesRepo } from "../repo/UpdatesRepo.ts"
import { Dispatcher } from "./Dispatcher.ts"
import { jobOf, type UpdateJob } from "./job.ts"
import { Leftovers } from "./Leftovers.ts"
import { Node } from "./Node.ts"
import { Overflow } from "./Overflow.ts"
import { Pressure } from "./Pressure.ts"
import { parseUpdate, personIdOf, updateIdOf } from "./update.ts"

/** An update as it came in: the raw text is what gets stored, the parsed one what gets handled. */
export interface RawUpdate {
  readonly raw: string
  readonly json: unknown
  readonly requestId: string
}

/** The update could not be committed; whoever sent it must send it again. */
export class InboxUnavailable extends Schema.TaggedError<InboxUnavailable>()("InboxUnavailable", {
  detail: Schema.String
}) {
  readonly retryable = true
}

/** JSON, but no Telegram update: it has no usable `update_id`. */
export class InvalidUpdate extends Schema.TaggedError<InvalidUpdate>()("InvalidUpdate", {}) {
  readonly retryable = false
}

// Telegram waits 60 s, the blueprint 200 ms: a commit that takes this long is an outage.
const commitTimeout = "4 seconds"
const longestWaitMs = 4_500

/** The door for updates, from webhooks and from long polling alike. */
export class Inbox extends Context.Service<
  Inbox,
  {
    /** Returns once the update is committed; a repeated one is committed already. */
    readonly accept: (bot: Bot, update: RawUpdate) => Effect.Effect<void, InboxUnavailable | InvalidUpdate>
    /** The same without a fiber of its own; `done` gets why not, or nothing. */
    readonly submit: (
      bot: Bot,
      update: RawUpdate,
      done: (refused?: Cause.Cause<InboxUnavailable | InvalidUpdate>) => void
    ) => void
  }
>()("funil/engine/Inbox") {
  static readonly layer = Layer.effect(
    Inbox,
    Effect.gen(function* () {
      const updates = yield* UpdatesRepo
      const dispatcher = yield* Dispatcher
      const node = yield* Node
      const pressure = yield* Pressure
      const leftovers = yield* Leftovers
      const overflow = yield* Overflow

      // Two statements under way: while one waits for the disk, the next group gathers. Measured on 2 cores, requests a
      // second at 64 and at 256 connections: one 19,000 and 23,500, two 17,000 and 26,000, three 14,500 and 23,500.
      const commit = yield* makeBatcher({
        maxSize: 500,
        concurrency: 2,
        run: (rows: ReadonlyArray<InboxRow>) =>
          overflow
            .during((spills) => {
              const owner = spills ? null : node.id()
              return updates
                .insertMany(owner, rows)
                .pipe(Effect.map((fresh) => fresh.map((isFresh) => (isFresh ? owner : undefined))))
            })
            .pipe(
              Effect.timeout(commitTimeout),
              // A statement of many requests belongs to the trace of none.
              Effect.withTracerEnabled(false),
              Effect.mapError((error) => new InboxUnavailable({ detail: error._tag }))
            ),
        patience: { ms: longestWaitMs, error: () => new InboxUnavailable({ detail: "TimeoutError" }) }
      })

      // Those of one commit begin when all of them are answered: nobody's acknowledgement waits for another's handler.
      let committed: Array<UpdateJob> = []
      const begin = () => {
        const jobs = committed
        committed = []
        jobs.forEach(dispatcher.offer)
      }
      const soon = (job: UpdateJob) => {
        if (committed.push(job) === 1) queueMicrotask(begin)
      }

      const submit: Inbox["Service"]["submit"] = (bot, update, done) => {
        const updateId = updateIdOf(update.json)
        if (updateId === undefined) return done(Cause.fail(new InvalidUpdate()))
        const incoming = parseUpdate(update.json)
        const row: InboxRow = {
          botId: bot.id,
          updateId,
          personId: personIdOf(incoming),
          kind: incoming.kind,
          payload: update.raw,
          requestId: update.requestId,
          receivedAt: new Date()
        }
        pressure.begin()
        commit.submit(row, (result) => {
          pressure.end()
          if (Exit.isFailure(result)) {
            // It may have been committed all the same, and its repetition will then not be news.
            leftovers.add(row)
            return done(result.cause)
          }
          const owner = result.value
          if (owner === undefined) telemetry.repeatedUpdates.record({})
          // Without an owner it waits in the table until there is room.
          else if (owner !== null) soon(jobOf(row, incoming, owner))
          done()
        })
      }

      const accept = (bot: Bot, update: RawUpdate) =>
        Effect.callback<void, InboxUnavailable | InvalidUpdate>((resume) =>
          submit(bot, update, (refused) => resume(refused === undefined ? Effect.void : Effect.failCause(refused)))
        )

      return Inbox.of({ accept, submit })
    })
  )
}
