import { Cause, Context, Effect, FiberMap, Layer, Option, Redacted } from "effect"
import { Bots } from "../bots/Bots.ts"
import { allowedUpdates, Webhooks } from "../bots/Webhooks.ts"
import { Config } from "../config.ts"
import type { Bot } from "../domain/bot.ts"
import * as Log from "../log/Log.ts"
import { detailOf } from "../log/sentences.ts"
import { TelegramClient } from "../telegram/TelegramClient.ts"
import { surviving } from "../repo/surviving.ts"
import { Inbox } from "./Inbox.ts"
import { updateIdOf } from "./update.ts"

const longPollSeconds = 25

/** Without `PUBLIC_URL`, feeds the same inbox by long polling: one fiber per active bot. */
export class Polling extends Context.Service<Polling, { readonly active: boolean }>()("funil/engine/Polling") {
  static readonly layer = Layer.effect(
    Polling,
    Effect.gen(function* () {
      const config = yield* Config
      if (Option.isSome(config.publicUrl)) return Polling.of({ active: false })

      const bots = yield* Bots
      const webhooks = yield* Webhooks
      const telegram = yield* TelegramClient
      const inbox = yield* Inbox
      const fibers = yield* FiberMap.make<number>()

      /** An offset is confirmed to Telegram only by the next call, and so only after everything before is committed. */
      const poll = Effect.fnUntraced(function* (bot: Bot, token: Redacted.Redacted<string>, offset: number) {
        const updates = yield* telegram.call(token, "getUpdates", {
          offset,
          timeout: longPollSeconds,
          allowed_updates: allowedUpdates
        })
        let next = offset
        yield* Effect.forEach(
          updates as ReadonlyArray<unknown>,
          (json) => inbox.accept(bot, { raw: JSON.stringify(json), json, requestId: requestId(bot, json) }),
          { concurrency: "unbounded", discard: true }
        )
        for (const json of updates as ReadonlyArray<unknown>) next = Math.max(next, (updateIdOf(json) ?? 0) + 1)
        return next
      })

      const pollForever = Effect.fnUntraced(function* (bot: Bot, token: Redacted.Redacted<string>, forget: boolean) {
        yield* webhooks.release(bot, { forget })
        yield* Log.info(`[BOT][CONSULTA] Buscando mensagens do bot ${bot.slug} direto no Telegram (sem PUBLIC_URL)`, {
          slug: bot.slug
        })
        let offset = 0
        let failures = 0
        while (true) {
          const exit = yield* Effect.exit(Effect.withTracerEnabled(poll(bot, token, offset), false))
          if (exit._tag === "Success") {
            offset = exit.value
            failures = 0
            continue
          }
          if (Cause.hasInterrupts(exit.cause)) return yield* Effect.interrupt
          failures += 1
          if (failures === 1) {
            yield* Log.warn(
              `[BOT][CONSULTA] Não consegui buscar mensagens do bot ${bot.slug}: ${detailOf(exit.cause)}`,
              {
                slug: bot.slug
              }
            )
          }
          yield* Effect.sleep(Math.min(30_000, 500 * 2 ** Math.min(failures, 6)))
        }
      })

      // A new token of the same bot needs a new loop; any other change of the bot does not disturb it.
      const tokens = new Map<number, string>()
      // What Telegram kept for a paused bot is never answered (contract, section 3).
      const paused = new Set<number>()
      yield* bots.onChange((bot) => {
        const token = bot.active ? Option.map(bot.token, Redacted.value) : Option.none()
        if (Option.isNone(token)) {
          tokens.delete(bot.id)
          paused.add(bot.id)
          return FiberMap.remove(fibers, bot.id)
        }
        if (tokens.get(bot.id) === token.value) return Effect.void
        tokens.set(bot.id, token.value)
        const loop = surviving(`A busca de mensagens do bot ${bot.slug}`)(
          pollForever(bot, Redacted.make(token.value), paused.delete(bot.id))
        )
        return Effect.asVoid(FiberMap.run(fibers, bot.id, loop))
      })
      return Polling.of({ active: true })
    })
  )
}

const requestId = (bot: Bot, json: unknown) => `tg-${bot.id}-${updateIdOf(json) ?? 0}`
