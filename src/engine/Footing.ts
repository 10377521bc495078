import { Context, Effect, Layer, Option } from "effect"
import { Bots } from "../bots/Bots.ts"
import type { Held } from "../repo/lease.ts"
import { UpdatesRepo } from "../repo/UpdatesRepo.ts"
import type { UpdateJob } from "./job.ts"
import { Node } from "./Node.ts"
import { Turns } from "./Turns.ts"

const tryAgainAfter = "500 millis"

/**
 * Whether a job is still ours. A process that stood still, or was cut off from the database, may have been taken for
 * dead: before it begins something for a person, and between two messages, it must be certain that it was not. Normally
 * a look at memory says so.
 */
export class Footing extends Context.Service<
  Footing,
  {
    /** Waits for certainty if need be. False: another process has the update. */
    readonly sure: (job: UpdateJob) => Effect.Effect<boolean>
    /** The same for the Sender, which also stops for a bot that its seller paused while the message waited. */
    readonly of: (job: UpdateJob) => Held
    /** After a confirmed message that is followed by others: writes it down, and interrupts whoever lost the update. */
    readonly confirmed: (job: UpdateJob, blocks: number) => Effect.Effect<void>
  }
>()("funil/engine/Footing") {
  static readonly layer = Layer.effect(
    Footing,
    Effect.gen(function* () {
      const bots = yield* Bots
      const node = yield* Node
      const turns = yield* Turns
      const updates = yield* UpdatesRepo

      /** Under a new name only what nobody has taken is still ours. */
      const renew = Effect.fnUntraced(function* (job: UpdateJob) {
        while (!job.hold.lost && job.hold.owner !== node.id()) {
          const name = node.id()
          const kept = yield* Effect.option(updates.retain(job.hold.owner, name, [job]))
          if (kept._tag === "None") yield* Effect.sleep(tryAgainAfter)
          else if (kept.value.length === 0) job.hold.lost = true
          else job.hold.owner = name
          yield* node.certainty
        }
        return !job.hold.lost
      })

      const certain = (job: UpdateJob) => !job.hold.lost && node.certain() && job.hold.owner === node.id()

      const sure = (job: UpdateJob) =>
        Effect.suspend(() => {
          if (job.hold.lost) return Effect.succeed(false)
          return certain(job) ? Effect.succeed(true) : Effect.andThen(node.certainty, renew(job))
        })

      const serves = ({ botId }: UpdateJob) => Option.exists(bots.byId(botId), (bot) => bot.active)

      const of = (job: UpdateJob): Held => ({
        certain: () => certain(job) && serves(job),
        sure: Effect.map(sure(job), (ours) => ours && serves(job))
      })

      const confirmed = Effect.fnUntraced(function* (job: UpdateJob, blocks: number) {
        job.progress = blocks
        // Losing the mark costs at most one repeated block after a crash; waiting for an outage would cost more.
        const held = yield* Effect.orElseSucceed(updates.saveProgress(job, blocks), () => true)
        if (!held && job.hold.owner === node.id()) job.hold.lost = true
        if (!(yield* sure(job))) return yield* Effect.interrupt
        if (job.personId !== null) yield* turns.keep({ botId: job.botId, personId: job.personId })
        if (!(yield* sure(job))) return yield* Effect.interrupt
      })

      return Footing.of({ sure, of, confirmed })
    })
  )
}
