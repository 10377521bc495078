import { Context, Effect, Exit, Layer, type Option, Queue } from "effect"
import { makeBatcher } from "../db/Batcher.ts"
import { type Change, Changes } from "../db/Changes.ts"
import type { Bot } from "../domain/bot.ts"
import * as Log from "../log/Log.ts"
import type { BotKeys } from "../repo/botKeys.ts"
import { surviving } from "../repo/surviving.ts"
import { Catalogue, type LoadedBot } from "./Catalogue.ts"
import { makeMemory } from "./memory.ts"
import { tokenTrouble } from "./tokenTrouble.ts"

/**
 * The catalogue of bots, held in memory. The hot path reads it without waiting; changes made by the API, the panel or
 * plain SQL arrive through `Changes` within moments, on every node.
 */
export class Bots extends Context.Service<
  Bots,
  {
    /** Not deleted; may be inactive. Synchronous: a map look-up. */
    readonly find: (slug: string) => Option.Option<Bot>
    readonly byId: (id: number) => Option.Option<Bot>
    readonly all: () => ReadonlyArray<Bot>
    /** Reads one bot again; returns when what the database holds is in force here. */
    readonly reload: (botId: number) => Effect.Effect<void>
    /**
     * Runs for every bot whose memory changed, and once for each at subscription time, which is over when this returns.
     * A deleted bot comes a last time, as inactive. Never fails.
     */
    readonly onChange: (handle: (bot: Bot) => Effect.Effect<void>) => Effect.Effect<void>
  }
>()("funil/bots/Bots") {
  static readonly layer = Layer.effect(
    Bots,
    Effect.gen(function* () {
      const catalogue = yield* Catalogue
      const changes = yield* Changes
      const memory = makeMemory(yield* Effect.scope)
      const warnings = new Map<number, string>()

      const warn = Effect.fnUntraced(function* ({ bot, opened, row }: LoadedBot) {
        const trouble = row.active ? tokenTrouble(row, opened) : undefined
        if (trouble === undefined) return void warnings.delete(bot.id)
        if (warnings.get(bot.id) === trouble) return
        warnings.set(bot.id, trouble)
        yield* Log.warn(`[BOT][TOKEN] ${trouble}.`, { slug: bot.slug })
      })

      const read = Effect.fnUntraced(function* (keys?: BotKeys) {
        const loaded = yield* catalogue.load(keys)
        memory.replace(
          keys,
          loaded.map(({ bot }) => bot)
        )
        yield* Effect.forEach(loaded, warn, { discard: true })
      })

      const readAtLast = Effect.fnUntraced(function* (keys?: BotKeys) {
        let delayMs = firstDelayMs
        while (true) {
          const exit = yield* Effect.exit(read(keys))
          if (Exit.isSuccess(exit)) return
          if (Exit.hasInterrupts(exit)) return yield* Effect.interrupt
          yield* Log.warn(
            `[AVISO] Não consegui ler a configuração dos bots e tento de novo em ${delayMs} ms: ${Log.detailOf(exit.cause)}`
          )
          yield* Effect.sleep(delayMs)
          delayMs = Math.min(delayMs * 2, longestDelayMs)
        }
      })

      // One after the other: an older reading never overwrites a newer one. What is asked for meanwhile is read together.
      const readTogether = yield* makeBatcher({
        maxSize: 10_000,
        concurrency: 1,
        run: (asked: ReadonlyArray<BotKeys | undefined>) => Effect.as(readAtLast(together(asked)), asked)
      })

      const followed = yield* changes.subscribe
      yield* read()
      yield* Log.info(`[BOT] ${memory.all().length} bots carregados`, { bots: memory.all().length })
      // A reading that broke off is made good by one of everything.
      let missed = false
      const follow = Effect.gen(function* () {
        const keys = missed ? undefined : touchedBy(yield* Queue.takeAll(followed))
        missed = true
        if (!isNothing(keys)) yield* readTogether(keys)
        missed = false
      })
      yield* follow.pipe(surviving("O acompanhamento das mudanças dos bots"), Effect.forkScoped)

      return Bots.of({
        find: memory.find,
        byId: memory.byId,
        all: memory.all,
        reload: Effect.fn("Bots.reload")((botId: number) => Effect.asVoid(readTogether({ ids: [botId], slugs: [] }))),
        onChange: memory.listen
      })
    })
  )
}

const firstDelayMs = 200
// The database may be away for long; it is used again within 5 s of its return (contract, section 8).
const longestDelayMs = 3_000

const together = (asked: ReadonlyArray<BotKeys | undefined>): BotKeys | undefined => {
  const some = asked.filter((keys) => keys !== undefined)
  if (some.length < asked.length) return undefined
  return { ids: unique(some.flatMap((keys) => keys.ids)), slugs: unique(some.flatMap((keys) => keys.slugs)) }
}

/** A row of V2 knows only the slug of its bot. After a lost connection anything may have changed. */
const touchedBy = (changes: ReadonlyArray<Change>): BotKeys | undefined =>
  together(
    changes.map((change) => {
      if (change._tag === "Resync") return undefined
      if (change.botId !== undefined) return { ids: [change.botId], slugs: [] }
      return { ids: [], slugs: change.slug === undefined ? [] : [change.slug] }
    })
  )

const isNothing = (keys: BotKeys | undefined): boolean =>
  keys !== undefined && keys.ids.length === 0 && keys.slugs.length === 0

const unique = <A>(values: ReadonlyArray<A>): ReadonlyArray<A> => [...new Set(values)]
