import { Context, Effect, Layer, type Scope } from "effect"
import type { Upload } from "../http/body.ts"
import { control } from "../http/control.ts"
import { listen, type ListenOptions } from "../http/listen.ts"
import { attempt, type SandboxError, unknown } from "../SandboxError.ts"
import type { NewBot } from "./Bot.ts"
import type { Call, Counters } from "./CallLog.ts"
import { controlRoutes } from "./controlRoutes.ts"
import type { Fault } from "./Faults.ts"
import { mintFileId } from "./fileId.ts"
import { addGroup, joinByLink, leave, type NewGroup } from "./groups.ts"
import type { Options } from "./Options.ts"
import { addPerson, type NewPerson, press, type Sent, sendText, setBlocked, tap } from "./people.ts"
import { telegramHandler } from "./server.ts"
import { type VisibleMessage, visibleMessages } from "./transcript.ts"
import type { Delivery } from "./Webhook.ts"
import type { MediaKind, User } from "./wire.ts"
import { type BotKey, type PersonKey, World } from "./World.ts"

/** A local stand-in for Telegram's Bot API, and the hand that moves the people in front of it. */
export class SandboxTelegram extends Context.Service<
  SandboxTelegram,
  {
    /** `http://127.0.0.1:<port>`, what TELEGRAM_API_URL takes. */
    readonly url: string
    /** Adds a bot; the same id with another token rotates the token. */
    readonly addBot: (bot: NewBot) => Effect.Effect<User, SandboxError>
    /** From now on the token is answered with 401. */
    readonly revoke: (token: string) => Effect.Effect<void>
    /** Changes how the stand-in behaves from now on. */
    readonly configure: (options: Partial<Omit<Options, "record" | "transcripts">>) => Effect.Effect<void>

    /** All answered calls since the start or the last `clear`; empty with `record: false`. */
    readonly calls: Effect.Effect<ReadonlyArray<Call>>
    readonly counters: Effect.Effect<Counters>
    /** All attempts to deliver updates to webhooks. */
    readonly deliveries: Effect.Effect<ReadonlyArray<Delivery>>
    /** Forgets calls, deliveries and counters. */
    readonly clear: Effect.Effect<void>
    /** The first call that satisfies the predicate, at once when it was answered before, else as soon as it is. */
    readonly waitFor: (predicate: (call: Call) => boolean, timeoutMs?: number) => Effect.Effect<Call, SandboxError>
    /** The first `count` such calls. */
    readonly waitForCount: (
      count: number,
      predicate: (call: Call) => boolean,
      timeoutMs?: number
    ) => Effect.Effect<ReadonlyArray<Call>, SandboxError>
    /** The first `count` (1 when absent) attempts to deliver that satisfy the predicate. */
    readonly waitForDelivery: (
      predicate: (delivery: Delivery) => boolean,
      options?: { readonly count?: number; readonly timeoutMs?: number }
    ) => Effect.Effect<ReadonlyArray<Delivery>, SandboxError>

    /** Adds a person, or changes what is known of one. */
    readonly person: (person: NewPerson) => Effect.Effect<User>
    readonly sendText: (bot: BotKey, person: PersonKey, text: string) => Effect.Effect<Sent, SandboxError>
    /** Taps a button by its data; `forged` lets a button through that the message does not have. */
    readonly tap: (
      bot: BotKey,
      person: PersonKey,
      messageId: number,
      callbackData: string,
      options?: { readonly forged?: boolean }
    ) => Effect.Effect<Sent & { readonly queryId: string }, SandboxError>
    /** Taps the newest visible button with this label. */
    readonly press: (
      bot: BotKey,
      person: PersonKey,
      label: string
    ) => Effect.Effect<Sent & { readonly queryId: string }, SandboxError>
    readonly block: (bot: BotKey, person: PersonKey) => Effect.Effect<Sent, SandboxError>
    readonly unblock: (bot: BotKey, person: PersonKey) => Effect.Effect<Sent, SandboxError>
    readonly deactivate: (person: PersonKey) => Effect.Effect<void, SandboxError>
    /** What the person sees in the chat with the bot, oldest first. */
    readonly chat: (bot: BotKey, person: PersonKey) => Effect.Effect<ReadonlyArray<VisibleMessage>, SandboxError>

    readonly isBlocked: (bot: BotKey, person: PersonKey) => Effect.Effect<boolean, SandboxError>
    /** What a bot uploaded, as far as it was kept. */
    readonly upload: (uniqueId: string) => Upload | undefined
    /** Calls `hear` with the bot and the chat of every change of a chat, until the scope ends. */
    readonly onChat: (hear: (botId: number, chatId: number) => void) => Effect.Effect<void, never, Scope.Scope>

    /** Makes a group or channel known with the bot in it, as administrator unless told otherwise. */
    readonly addGroup: (
      bot: BotKey,
      group: NewGroup,
      role?: "administrator" | "member"
    ) => Effect.Effect<void, SandboxError>
    readonly join: (person: PersonKey, inviteLink: string) => Effect.Effect<"joined" | "requested", SandboxError>
    readonly leave: (person: PersonKey, groupId: number) => Effect.Effect<void, SandboxError>

    /** A file id that this bot may send, as if it had been uploaded before. */
    readonly registerFile: (bot: BotKey, kind: MediaKind) => Effect.Effect<string, SandboxError>
    /** Arms a fault; the answer is its number. */
    readonly fail: (fault: Fault) => Effect.Effect<number>
    readonly disarm: (fault: number) => Effect.Effect<void>
    readonly clearFaults: Effect.Effect<void>
    /**
     * Delivers an update again, one copy after another or all at once, and answers the statuses.
     * A bot that polls gets it again at its next getUpdates.
     */
    readonly redeliver: (
      bot: BotKey,
      updateId: number,
      options?: { readonly times?: number; readonly parallel?: boolean }
    ) => Effect.Effect<ReadonlyArray<number | undefined>, SandboxError>
  }
>()("funil/sandbox/SandboxTelegram") {
  static readonly layerWith = (options: Options & ListenOptions): Layer.Layer<SandboxTelegram, SandboxError> =>
    Layer.effect(
      SandboxTelegram,
      Effect.suspend(() => make(options))
    )

  static readonly layer = SandboxTelegram.layerWith({})
}

const WAIT_MS = 10_000

const make = Effect.fnUntraced(function* (options: Options & ListenOptions) {
  const world = yield* Effect.acquireRelease(
    Effect.sync(() => new World(options)),
    (made) => Effect.sync(() => made.close())
  )
  const url = yield* listen(telegramHandler(world, control(controlRoutes(world))), options)
  const { calls, deliveries, faults } = world
  const waitForCount = (count: number, predicate: (call: Call) => boolean, timeoutMs = WAIT_MS) =>
    calls.watch.collect(calls.all, predicate, { count, timeoutMs, what: "Chamadas esperadas do bot" })

  return SandboxTelegram.of({
    url,
    addBot: (bot) => attempt(() => world.addBot(bot).user),
    revoke: (token) => Effect.sync(() => void world.bots.delete(token)),
    configure: (changes) => Effect.sync(() => void Object.assign(world.settings, changes)),
    calls: Effect.sync(() => [...calls.all]),
    counters: Effect.sync(() => calls.counters()),
    deliveries: Effect.sync(() => [...deliveries]),
    clear: Effect.sync(() => {
      calls.clear()
      deliveries.length = 0
    }),
    waitForCount,
    waitFor: (predicate, timeoutMs) =>
      waitForCount(1, predicate, timeoutMs).pipe(Effect.map(([first]) => first as Call)),
    waitForDelivery: (predicate, { count = 1, timeoutMs = WAIT_MS } = {}) =>
      world.delivered.collect(deliveries, predicate, { count, timeoutMs, what: "Entregas esperadas ao webhook" }),
    person: (person) => Effect.sync(() => addPerson(world, person)),
    sendText: (bot, person, text) => attempt(() => sendText(world, bot, person, text)),
    tap: (bot, person, messageId, data, { forged = false } = {}) =>
      attempt(() => tap(world, bot, person, messageId, data, forged)),
    press: (bot, person, label) => attempt(() => press(world, bot, person, label)),
    block: (bot, person) => attempt(() => setBlocked(world, bot, person, true)),
    unblock: (bot, person) => attempt(() => setBlocked(world, bot, person, false)),
    deactivate: (person) => attempt(() => void (world.personOf(person).deactivated = true)),
    chat: (bot, person) => attempt(() => chatOf(world, bot, person)),
    isBlocked: (bot, person) =>
      attempt(() => world.bot(bot).chats.get(typeof person === "object" ? person.id : person)?.blocked ?? false),
    upload: (uniqueId) => world.uploads.get(uniqueId),
    onChat: (hear) =>
      Effect.acquireRelease(
        Effect.sync(() => world.changes.listen(({ botId, chatId }) => hear(botId, chatId))),
        (stop) => Effect.sync(stop)
      ),
    addGroup: (bot, group, role = "administrator") => attempt(() => void addGroup(world, bot, group, role)),
    join: (person, link) => attempt(() => joinByLink(world, person, link)),
    leave: (person, groupId) => attempt(() => leave(world, person, groupId)),
    registerFile: (bot, kind) => attempt(() => mintFileId(world.bot(bot).id, kind).fileId),
    fail: (fault) => Effect.sync(() => faults.arm(fault)),
    disarm: (fault) => Effect.sync(() => faults.disarm(fault)),
    clearFaults: Effect.sync(() => faults.clear()),
    redeliver: (bot, updateId, { times = 1, parallel = false } = {}) => redeliver(world, bot, updateId, times, parallel)
  })
})

const chatOf = (world: World, bot: BotKey, person: PersonKey): ReadonlyArray<VisibleMessage> => {
  const chat = world.bot(bot).chats.get(typeof person === "object" ? person.id : person)
  return chat === undefined ? [] : visibleMessages(chat)
}

const redeliver = Effect.fnUntraced(function* (
  world: World,
  botKey: BotKey,
  updateId: number,
  times: number,
  parallel: boolean
) {
  const bot = yield* attempt(() => world.bot(botKey))
  const pending = bot.recent.get(updateId)
  if (pending === undefined) return yield* unknown("Esse update não existe ou já é antigo demais.")
  const { sender } = bot
  if (sender !== undefined) {
    return yield* Effect.replicateEffect(
      Effect.promise(() => sender.repeat(pending)),
      times,
      { concurrency: parallel ? "unbounded" : 1 }
    )
  }
  const waiting = [...bot.updates]
  bot.updates.clear()
  for (const [id, update] of [[updateId, pending] as const, ...waiting]) bot.updates.set(id, update)
  bot.poll?.flush()
  return []
})
