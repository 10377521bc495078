import { Effect, Equal, Option, Queue, type Scope } from "effect"
import type { Bot } from "../domain/bot.ts"
import * as Log from "../log/Log.ts"
import type { BotKeys } from "../repo/botKeys.ts"

type Handle = (bot: Bot) => Effect.Effect<void>

/** The bots of this process and who wants to know of their changes. */
export const makeMemory = (scope: Scope.Scope) => {
  const byId = new Map<number, Bot>()
  const bySlug = new Map<string, Bot>()
  const listeners = new Set<Queue.Queue<Bot>>()

  const tell = (bot: Bot) => {
    for (const queue of listeners) Queue.offerUnsafe(queue, bot)
  }

  const remove = (bot: Bot) => {
    byId.delete(bot.id)
    if (bySlug.get(bot.slug)?.id === bot.id) bySlug.delete(bot.slug)
    // Whoever works for this bot hears that there is nothing to do any more.
    tell({ ...bot, active: false })
  }

  const put = (bot: Bot) => {
    const before = byId.get(bot.id)
    if (before !== undefined && Equal.equals(before, bot)) return
    if (before !== undefined && before.slug !== bot.slug && bySlug.get(before.slug)?.id === bot.id) {
      bySlug.delete(before.slug)
    }
    byId.set(bot.id, bot)
    bySlug.set(bot.slug, bot)
    tell(bot)
  }

  /** What was read takes the place of what was there; what was asked for and is not among it is gone. */
  const replace = (keys: BotKeys | undefined, loaded: ReadonlyArray<Bot>) => {
    const found = new Set(loaded.map((bot) => bot.id))
    const asked =
      keys === undefined
        ? [...byId.values()]
        : [...keys.ids.map((id) => byId.get(id)), ...keys.slugs.map((slug) => bySlug.get(slug))]
    for (const bot of asked) if (bot !== undefined && !found.has(bot.id) && byId.has(bot.id)) remove(bot)
    for (const bot of loaded) put(bot)
  }

  const guarded = (handle: Handle, bot: Bot) =>
    Effect.catchCause(handle(bot), (cause) =>
      Log.error(`[ERRO] A mudança do bot ${bot.slug} não foi levada adiante: ${Log.detailOf(cause)}`, {
        slug: bot.slug
      })
    )

  /** The first round is over when this returns; later changes come in their order, without holding back anybody else. */
  const listen = Effect.fnUntraced(function* (handle: Handle) {
    const queue = yield* Queue.unbounded<Bot>()
    const present = [...byId.values()]
    listeners.add(queue)
    yield* Effect.forEach(present, (bot) => guarded(handle, bot), { discard: true })
    const next = Effect.flatMap(Queue.take(queue), (bot) => guarded(handle, bot))
    yield* Effect.forkIn(Effect.forever(next), scope)
  })

  return {
    find: (slug: string) => Option.fromUndefinedOr(bySlug.get(slug)),
    byId: (id: number) => Option.fromUndefinedOr(byId.get(id)),
    all: (): ReadonlyArray<Bot> => [...byId.values()],
    replace,
    listen
  }
}
