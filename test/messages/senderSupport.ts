import { Clock, Context, Effect, Layer, Metric, Option, Redacted } from "effect"
import { BotHealth } from "../../src/bots/BotHealth.ts"
import { Bots } from "../../src/bots/Bots.ts"
import type { Bot } from "../../src/domain/bot.ts"
import { loggerLayer } from "../../src/log/Logger.ts"
import type { TelegramCall } from "../../src/messages/compose.ts"
import { Attachments } from "../../src/media/Attachments.ts"
import { Sender, type Sending } from "../../src/messages/Sender.ts"
import type { BotUnusable, TelegramReason } from "../../src/telegram/reasons.ts"
import { TelegramClient } from "../../src/telegram/TelegramClient.ts"
import { TelegramError } from "../../src/telegram/TelegramError.ts"

/** As much of a bot as sending looks at. */
export const botNamed = (id: number, more: Partial<Bot> = {}): Bot =>
  ({
    id,
    slug: `b${id}`,
    active: true,
    token: Option.some(Redacted.make(`${id}:first`)),
    messagesPerSecond: 29,
    allowPaidBroadcast: false,
    paidMessagesPerSecond: 950,
    ...more
  }) as Bot

export const text = (chat: number | string, words = "oi"): TelegramCall => ({
  kind: "text",
  method: "sendMessage",
  payload: { chat_id: chat, text: words, parse_mode: "HTML" }
})

export interface Seen {
  readonly at: number
  readonly token: string
  readonly method: string
  // oxlint-disable-next-line typescript/no-explicit-any -- wire JSON, looked into field by field
  readonly payload: any
}

/** What Telegram says to one call: an answer, later or never if need be, or a reason of refusal. */
export type Script = (call: Seen, index: number) => Effect.Effect<unknown, TelegramReason>

export const refuse = (reason: TelegramReason): Effect.Effect<never, TelegramReason> => Effect.fail(reason)

/** A Sender over a Telegram that follows the script, with bots that the test changes as the seller would. */
export const openSender = Effect.fnUntraced(function* (
  script: Script = () => Effect.void,
  given: ReadonlyArray<Bot> = []
) {
  const clock = yield* Clock.Clock
  const seen: Array<Seen> = []
  const refused: Array<readonly [bot: Bot, reason: BotUnusable]> = []
  const lines: Array<string> = []
  const memory = new Map(given.map((bot) => [bot.id, bot]))
  const listeners: Array<(bot: Bot) => Effect.Effect<void>> = []
  const registry: Metric.MetricRegistry = new Map()

  const call = (token: Redacted.Redacted<string>, method: string, payload?: object) =>
    Effect.suspend(() => {
      const one = { at: clock.currentTimeMillisUnsafe(), token: Redacted.value(token), method, payload }
      const index = seen.push(one) - 1
      return Effect.mapBoth(script(one, index), {
        onSuccess: (answer) => answer ?? { message_id: 100 + index },
        onFailure: (reason) => new TelegramError({ method, botId: 1, reason })
      })
    })

  const sender = yield* Layer.build(
    Sender.layerNoDeps.pipe(
      Layer.provide(Attachments.layerNone),
      Layer.provide(Layer.succeed(TelegramClient, TelegramClient.of({ call: call as never }))),
      Layer.provide(
        Layer.mock(Bots, {
          find: () => Option.none(),
          all: () => [...memory.values()],
          byId: (id) => Option.fromUndefinedOr(memory.get(id)),
          onChange: (handle) =>
            Effect.suspend(() => {
              listeners.push(handle)
              return Effect.forEach([...memory.values()], handle, { discard: true })
            })
        })
      ),
      Layer.provide(
        Layer.mock(BotHealth, { unusable: (bot, reason) => Effect.sync(() => void refused.push([bot, reason])) })
      )
    )
  ).pipe(
    Effect.provideService(Metric.MetricRegistry, registry),
    Effect.map((context) => Context.get(context, Sender))
  )

  /** The seller changes a bot, or removes it. */
  const change = (bot: Bot, removed = false) =>
    Effect.suspend(() => {
      if (removed) memory.delete(bot.id)
      else memory.set(bot.id, bot)
      return Effect.forEach(listeners, (handle) => handle(bot), { discard: true })
    })

  const metric = (id: string, attributes: Readonly<Record<string, string>> = {}) =>
    Effect.map(Effect.provideService(Metric.snapshot, Metric.MetricRegistry, registry), (all) => {
      const one = all.find(
        (snapshot) =>
          snapshot.id === id && Object.entries(attributes).every(([key, value]) => snapshot.attributes?.[key] === value)
      )
      return one === undefined
        ? 0
        : "count" in one.state
          ? Number(one.state.count)
          : Number(Reflect.get(one.state, "value"))
    })

  const logger = yield* Layer.build(
    loggerLayer({ level: "warn", format: "text", write: (written) => void lines.push(written) })
  )
  const send = (sending: Sending) => Effect.provide(sender.send(sending), logger)
  /** What was written; the logger writes once per turn of the event loop. */
  const log = Effect.callback<string>((resume) => void setImmediate(() => resume(Effect.succeed(lines.join("")))))

  return { send, seen, refused, log, change, metric }
})
