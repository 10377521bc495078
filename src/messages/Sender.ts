import { Context, Effect, Layer, Option } from "effect"
import { BotHealth } from "../bots/BotHealth.ts"
import { Bots } from "../bots/Bots.ts"
import type { Bot } from "../domain/bot.ts"
import * as Log from "../log/Log.ts"
import { Attachments } from "../media/Attachments.ts"
import type { Held } from "../repo/lease.ts"
import { BotUnusable } from "../telegram/reasons.ts"
import { TelegramClient } from "../telegram/TelegramClient.ts"
import { TelegramError } from "../telegram/TelegramError.ts"
import { plainText, type TelegramCall, withoutMedia } from "./compose.ts"
import { type GaveUp, makeGate, type Passage, type Restore } from "./lanes/Gate.ts"
import type { Lane } from "./lanes/lane.ts"
import { type History, nextStep, untried } from "./lanes/policy.ts"

export type { Lane } from "./lanes/lane.ts"

export interface Sending {
  readonly bot: Bot
  readonly lane: Lane
  /** In their order, to one chat. */
  readonly calls: ReadonlyArray<TelegramCall>
  /** Calls already confirmed by an earlier run: they are not sent again. */
  readonly from?: number
  /** After each confirmed call: how many are confirmed now. Awaited before the next one leaves. */
  readonly onConfirmed?: (confirmed: number) => Effect.Effect<void>
  /**
   * The longest pause that Telegram may ask for before this comes back as `RateLimited`, with the seconds that are
   * left. A minute for replies; bulk waits without end unless told otherwise.
   */
  readonly patienceSeconds?: number
  /**
   * Awaited whenever the first call is about to leave, again when it leaves again after a refusal. False: it stays, and
   * nothing of this was sent. Queues write down here that the person may have the message, before he does. What has
   * begun to arrive is then finished, whatever the patience.
   */
  readonly departing?: Effect.Effect<boolean>
  /**
   * What this belongs to. Looked at directly before every call, whatever that has waited for: its turn, a pause, an
   * upload. Once another process has it, the send is interrupted.
   */
  readonly held?: Held
}

export interface Sent {
  /** Message ids as Telegram gave them, of this run. */
  readonly messageIds: ReadonlyArray<number>
  /** The group became a supergroup with this id: to be stored. */
  readonly migratedTo?: number
  /** `departing` kept it back. */
  readonly withdrawn?: true
}

/** One `send` and what it has come to so far. */
interface Run {
  readonly sending: Sending
  readonly passage: Passage
  readonly restore: Restore
  readonly messageIds: Array<number>
  migratedTo: number | undefined
  /** The bot as the latest call used it. */
  bot: Bot
  /** Nothing is confirmed yet. */
  isFirst: boolean
  withdrawn: boolean
}

// A person who waits is worth a minute of patience; whatever takes longer goes back to where it came from.
const replyPatienceSeconds = 60

// Until somebody has found out what is the matter with the bot, its bulk does not run into the same refusal.
const unusableRestMs = 2_000

/**
 * Sends composed messages, each in its turn: replies before downsells before shots, bulk at the bot's pace, one chat
 * about once a second, everybody else unaffected by one who is slow or limited (lanes/). What follows from each answer
 * of Telegram stands in lanes/policy. While a bot is paused by its seller its bulk is held here, not lost.
 */
export class Sender extends Context.Service<
  Sender,
  {
    /** Suspends until the last call is confirmed. Bulk is held back here by as much as its lane is slow. */
    readonly send: (sending: Sending) => Effect.Effect<Sent, TelegramError>
  }
>()("funil/messages/Sender") {
  static readonly layerNoDeps = Layer.effect(
    Sender,
    Effect.suspend(() => make)
  )

  static readonly layer = Sender.layerNoDeps.pipe(Layer.provide(BotHealth.layer))
}

const make = Effect.gen(function* () {
  const telegram = yield* TelegramClient
  const attachments = yield* Attachments
  const bots = yield* Bots
  const health = yield* BotHealth
  const gate = yield* makeGate
  const scope = yield* Effect.scope

  yield* bots.onChange((bot) =>
    Effect.sync(() => (Option.isSome(bots.byId(bot.id)) ? gate.configure(bot) : gate.dismiss(bot.id)))
  )

  const atPresent = (bot: Bot): Bot => Option.getOrElse(bots.byId(bot.id), () => bot)

  const request = (run: Run, call: TelegramCall) => {
    const { departing } = run.sending
    if (departing === undefined || !run.isFirst) return made(run, call)
    return Effect.flatMap(departing, (may) => {
      run.withdrawn = !may
      return may ? made(run, call) : Effect.void
    })
  }

  /** With the token of the moment: it may have changed while the call waited. */
  const made = (run: Run, call: TelegramCall): Effect.Effect<unknown, TelegramError> =>
    Effect.suspend(() => {
      const { migratedTo, sending } = run
      const bot = atPresent(sending.bot)
      run.bot = bot
      if (Option.isNone(bot.token)) return withoutToken(bot, call.method)
      const token = bot.token.value
      // The chat's new id, and what is paid for, also reach what Attachments makes of the call.
      const paid = sending.lane !== "reply" && bot.allowPaidBroadcast && /^(send|copy)/.test(call.method)
      const { held } = sending
      return attachments.attach(bot, call, ({ method, payload }) => {
        const calling = telegram.call(
          token,
          method,
          paid || migratedTo !== undefined
            ? {
                ...payload,
                ...(paid ? { allow_paid_broadcast: true } : {}),
                ...(migratedTo === undefined ? {} : { chat_id: migratedTo })
              }
            : payload,
          held?.certain
        )
        if (held === undefined) return calling
        return Effect.flatMap(held.sure, (ours) => (ours ? calling : Effect.interrupt))
      })
    })

  const deliver = (
    run: Run,
    call: TelegramCall,
    history: History,
    giveUpAt: number
  ): Effect.Effect<void, TelegramError> =>
    gate.pass(run.passage, giveUpAt, run.restore, request(run, call)).pipe(
      Effect.map((result) => {
        if (run.withdrawn) return
        run.isFirst = false
        gate.meters.outcome(run.sending.lane, "sent")
        collectIds(result, run.messageIds)
      }),
      Effect.catch((error) => recover(run, call, error, history, giveUpAt))
    )

  const recover = (
    run: Run,
    call: TelegramCall,
    error: TelegramError | GaveUp,
    history: History,
    giveUpAt: number
  ): Effect.Effect<void, TelegramError> => {
    const { bot } = run
    const { lane } = run.sending
    const failed = (failure: TelegramError) => {
      gate.meters.outcome(lane, failure.reason._tag)
      return Effect.fail(failure)
    }
    if (error._tag === "GaveUp") {
      return failed(new TelegramError({ method: call.method, botId: bot.id, reason: error.reason }))
    }
    const step = nextStep(lane, error.reason, history)
    switch (step._tag) {
      case "Done":
        gate.meters.outcome(lane, error.reason._tag)
        return Effect.void
      case "Pause":
        return deliver(run, call, history, giveUpAt)
      case "Again": {
        const again = deliver(run, call, step.history, giveUpAt)
        return step.afterMs === 0 ? again : Effect.andThen(run.restore(Effect.sleep(step.afterMs)), again)
      }
      case "Plain":
        return deliver(run, plainText(call), step.history, giveUpAt)
      case "WordsOnly":
        return Effect.andThen(
          Log.recovered("Uma mídia foi recusada; a mensagem segue sem ela", error, {
            slug: bot.slug,
            event_name: "media_refused"
          }),
          sendWords(run, call, error, step.history, giveUpAt)
        )
      case "Move":
        run.migratedTo = step.chatId
        return deliver(run, call, step.history, giveUpAt)
      case "BotUnusable":
        gate.restBulk(run.passage, unusableRestMs)
        return Effect.andThen(examine(bot, error), failed(error))
      case "Fail":
        return failed(error)
    }
  }

  /** A medium that Telegram refused does not take the words and the buttons with it. */
  const sendWords = (run: Run, call: TelegramCall, error: TelegramError, history: History, giveUpAt: number) => {
    const words = withoutMedia(call)
    if (words !== undefined) return deliver(run, words, history, giveUpAt)
    gate.meters.outcome(run.sending.lane, error.reason._tag)
    return Effect.void
  }

  const examine = (bot: Bot, { reason }: TelegramError) =>
    reason._tag === "BotUnusable" && Option.isSome(bot.token)
      ? health
          .unusable(bot, reason)
          .pipe(Log.logged(`A verificação do bot ${bot.slug}`), Effect.forkIn(scope), Effect.asVoid)
      : Effect.void

  const sendFrom = (run: Run, index: number): Effect.Effect<Sent, TelegramError> => {
    const { calls, onConfirmed, patienceSeconds } = run.sending
    const call = calls[index]
    if (call === undefined) return Effect.succeed(sentBy(run))
    const begun = run.sending.departing !== undefined && !run.isFirst
    const patience = begun
      ? Infinity
      : (patienceSeconds ?? (run.sending.lane === "reply" ? replyPatienceSeconds : Infinity))
    return Effect.flatMap(deliver(run, call, untried, gate.now() + patience * 1000), () => {
      if (run.withdrawn) return Effect.succeed<Sent>({ messageIds: [], withdrawn: true })
      const next = Effect.suspend(() => sendFrom(run, index + 1))
      return onConfirmed === undefined ? next : Effect.andThen(run.restore(onConfirmed(index + 1)), next)
    })
  }

  // Without a span of its own: it would cost more than the lanes do, and every call it makes has one.
  const send = (sending: Sending) =>
    Effect.uninterruptibleMask((restore) => {
      const first = sending.calls[sending.from ?? 0]
      if (first === undefined) return Effect.succeed<Sent>({ messageIds: [] })
      const bot = atPresent(sending.bot)
      const passage = gate.begin(bot, first.payload.chat_id, sending.lane)
      const run: Run = {
        sending,
        passage,
        restore,
        messageIds: [],
        migratedTo: undefined,
        bot,
        isFirst: true,
        withdrawn: false
      }
      return Effect.onExit(sendFrom(run, sending.from ?? 0), () => {
        gate.end(passage)
        return Effect.void
      })
    })

  return Sender.of({ send })
})

const sentBy = ({ messageIds, migratedTo }: Run): Sent =>
  migratedTo === undefined ? { messageIds } : { messageIds, migratedTo }

const withoutToken = (bot: Bot, method: string) =>
  Effect.fail(
    new TelegramError({
      method,
      botId: bot.id,
      reason: new BotUnusable({ why: "unauthorized", description: "no token" })
    })
  )

/** One message, an album of them, or `true`. */
const collectIds = (result: unknown, ids: Array<number>): void => {
  for (const message of Array.isArray(result) ? result : [result]) {
    if (typeof message === "object" && message !== null && typeof message.message_id === "number") {
      ids.push(message.message_id)
    }
  }
}
