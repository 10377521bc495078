import { Duration, Effect, Option, Queue } from "effect"
import type { Bot } from "../domain/bot.ts"
import * as Log from "../log/Log.ts"
import type { Bots } from "./Bots.ts"
import { type Failure, isLimited, waitAfter } from "./webhookFailure.ts"

/** Where Telegram reaches a bot. */
export const webhookUrlOf = (publicUrl: string, slug: string): string =>
  `${publicUrl}/tg/${encodeURIComponent(slug)}/webhook`

/** Some process has told Telegram where this bot is reached. */
export const isRegistered = (bot: Bot): boolean => Option.isSome(bot.webhookUrl) && Option.isSome(bot.webhookSecret)

interface Keeping {
  readonly bots: Bots["Service"]
  readonly publicUrl: string
  readonly turn: Effect.Effect<void>
  readonly ensure: (bot: Bot) => Effect.Effect<void, Failure>
}

/**
 * In the background: at the start every active bot that is not registered under our address, later those that nobody
 * has registered. An address of somebody else's that appears later is left alone: two nodes with different
 * `PUBLIC_URL`s would take the bots from each other for ever.
 */
export const keepRegistered = Effect.fnUntraced(function* ({ bots, ensure, publicUrl, turn }: Keeping) {
  const scope = yield* Effect.scope
  const due = yield* Queue.unbounded<Due>()
  const waiting = new Set<number>()
  const failures = new Map<number, number>()
  let atStart = true

  const isDue = (bot: Bot, everyAddress: boolean) =>
    bot.active &&
    (!isRegistered(bot) || (everyAddress && !Option.contains(bot.webhookUrl, webhookUrlOf(publicUrl, bot.slug))))

  const enqueue = (one: Due) => {
    if (waiting.has(one.botId)) return
    waiting.add(one.botId)
    Queue.offerUnsafe(due, one)
  }

  yield* bots.onChange((bot) =>
    Effect.sync(() => {
      if (isDue(bot, atStart)) enqueue({ botId: bot.id, everyAddress: atStart })
    })
  )
  atStart = false

  const attempt = Effect.fnUntraced(function* (one: Due) {
    waiting.delete(one.botId)
    const bot = Option.getOrUndefined(bots.byId(one.botId))
    if (bot === undefined || !isDue(bot, one.everyAddress)) return void failures.delete(one.botId)
    yield* turn
    const result = yield* Effect.result(ensure(bot))
    if (result._tag === "Success") return void failures.delete(bot.id)
    const before = failures.get(bot.id) ?? 0
    failures.set(bot.id, before + 1)
    const wait = waitAfter(result.failure, before)
    yield* Log.recovered(
      `Não consegui registrar o endereço do bot ${bot.slug} no Telegram e tento de novo em ${Duration.toSeconds(wait)} s`,
      result.failure,
      { slug: bot.slug }
    )
    const again = Effect.andThen(
      Effect.sleep(wait),
      Effect.sync(() => enqueue(one))
    )
    // The limit that a 429 names may be that of our address: then no other bot has a chance either.
    if (isLimited(result.failure)) return yield* again
    yield* Effect.forkIn(again, scope)
  })

  yield* Queue.take(due).pipe(
    Effect.flatMap(attempt),
    Effect.forever,
    Log.logged("O registro dos endereços no Telegram"),
    Effect.forkIn(scope)
  )
})

/** `everyAddress`: registered elsewhere is not good enough. */
interface Due {
  readonly botId: number
  readonly everyAddress: boolean
}
