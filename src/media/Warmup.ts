import { Effect, Layer, Queue } from "effect"
import { Bots } from "../bots/Bots.ts"
import { surviving } from "../repo/surviving.ts"
import { makeTending, needsWarmup } from "./warmup/tending.ts"

/**
 * In the background: every file of every bot is sent once to the bot's warm-up chat, so that messages to people carry
 * only its id. One bot's files go one after the other, at Telegram's pace; bots do not wait for each other. A bot
 * without a warm-up chat is left alone: there the first message that needs a file uploads it.
 */
export const WarmupLayer = Layer.effectDiscard(
  Effect.gen(function* () {
    const bots = yield* Bots
    const scope = yield* Effect.scope
    const tend = yield* makeTending
    const changes = new Map<number, Queue.Queue<void>>()

    const worker = Effect.fnUntraced(function* (botId: number) {
      const changed = yield* Queue.sliding<void>(1)
      changes.set(botId, changed)
      yield* Queue.take(changed).pipe(
        Effect.andThen(tend(botId, Queue.take(changed))),
        surviving("O aquecimento das mídias de um bot"),
        Effect.forkIn(scope)
      )
      return changed
    })

    yield* bots.onChange(
      Effect.fnUntraced(function* (bot) {
        const known = changes.get(bot.id)
        // Whoever is at work has to see that there is nothing to do any more.
        if (known === undefined && !needsWarmup(bot)) return
        Queue.offerUnsafe(known ?? (yield* worker(bot.id)), undefined)
      })
    )
  })
)
