import { Duration, Effect, Equal, Option, Queue } from "effect"
import type { Bot } from "../domain/bot.ts"
import * as Log from "../log/Log.ts"
import { surviving } from "../repo/surviving.ts"
import type { Bots } from "./Bots.ts"
import { type Failure, isLimited, waitAfter } from "./webhookFailure.ts"

/** Where Telegram reaches a bot. */
export const webhookUrlOf = (publicUrl: string, slug: string): string =>
  `${webhookPrefixOf(publicUrl)}${encodeURIComponent(slug)}/webhook`

/** What the addresses of all bots begin with. */
export const webhookPrefixOf = (publicUrl: string): string => `${publicUrl}/tg/`

/** Some process has told Telegram where this bot is reached. */
export const isRegistered = (bot: Bot): boolean => Option.isSome(bot.webhookUrl) && Option.isSome(bot.webhookSecret)

interface Keeping {
  readonly bots: Bots["Service"]
  readonly publicUrl: string
  readonly turn: Effect.Effect<void>
  readonly ensure: (bot: Bot, options?: { readonly force?: boolean }) => Effect.Effect<void, Failure>
}

/**
 * In the background: at the start every active bot that is not registered under our address, later those that nobody
 * has registered. An address of somebody else's that appears later is left alone: two nodes with different
 * `PUBLIC_URL`s would take the bots from each other for ever. Answers how to have a bot registered once more.
 */
export const keepRegistered = Effect.fnUntraced(function* ({ bots, ensure, publicUrl, turn }: Keeping) {
  const scope = yield* Effect.scope
  const due = yield* Queue.unbounded<Due>()
  // From the moment a bot is queued until it is registered, through all tries: its own rows change meanwhile.
  const underWay = new Map<number, Due>()
  let atStart = true

  const isDue = (bot: Bot, everyAddress: boolean) =>
    bot.active &&
    (!isRegistered(bot) || (everyAddress && !Option.contains(bot.webhookUrl, webhookUrlOf(publicUrl, bot.slug))))

  const enqueue = (bot: Bot, everyAddress: boolean) => {
    if (!isDue(bot, everyAddress)) return
    const before = underWay.get(bot.id)
    // A new token is worth a try at once, whatever the old one was waiting for.
    if (before !== undefined && Equal.equals(before.token, bot.token)) return
    const one: Due = { botId: bot.id, token: bot.token, everyAddress, force: false, failures: 0 }
    underWay.set(bot.id, one)
    Queue.offerUnsafe(due, one)
  }

  const registerAgain = (bot: Bot) => {
    if (underWay.has(bot.id)) return
    const one: Due = { botId: bot.id, token: bot.token, everyAddress: false, force: true, failures: 0 }
    underWay.set(bot.id, one)
    Queue.offerUnsafe(due, one)
  }

  const settle = (one: Due) => {
    underWay.delete(one.botId)
    Option.map(bots.byId(one.botId), (bot) => enqueue(bot, false))
  }

  yield* bots.onChange((bot) => Effect.sync(() => enqueue(bot, atStart)))
  atStart = false

  const attempt = Effect.fnUntraced(function* (one: Due) {
    if (underWay.get(one.botId) !== one) return
    const bot = Option.getOrUndefined(bots.byId(one.botId))
    if (bot === undefined || !(one.force || isDue(bot, one.everyAddress))) return settle(one)
    yield* turn
    const result = yield* Effect.result(ensure(bot, { force: one.force }))
    if (result._tag === "Success") return settle(one)
    const wait = waitAfter(result.failure, one.failures++)
    yield* Log.recovered(
      `Não consegui registrar o endereço do bot ${bot.slug} no Telegram e tento de novo em ${Duration.toSeconds(wait)} s`,
      result.failure,
      { slug: bot.slug }
    )
    const again = Effect.andThen(Effect.sleep(wait), Queue.offer(due, one))
    // The limit that a 429 names may be that of our address: then no other bot has a chance either.
    if (isLimited(result.failure)) return yield* Effect.asVoid(again)
    yield* Effect.forkIn(again, scope)
  })

  // Whatever breaks an attempt costs neither this bot its address nor the others theirs.
  const tended = (one: Due) => Effect.onError(attempt(one), () => Queue.offer(due, one))
  yield* Queue.take(due).pipe(
    Effect.flatMap(tended),
    surviving("O registro dos endereços no Telegram"),
    Effect.forkIn(scope)
  )
  return registerAgain
})

interface Due {
  readonly botId: number
  readonly token: Bot["token"]
  /** Registered elsewhere is not good enough. */
  readonly everyAddress: boolean
  /** Registered with us is not good enough either: Telegram knows otherwise. */
  readonly force: boolean
  failures: number
}
