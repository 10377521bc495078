import { Clock, Duration, Effect, Option, type Redacted, type Scope } from "effect"
import type { SqlError } from "effect/sql"
import type { Bot } from "../domain/bot.ts"
import * as Log from "../log/Log.ts"
import { telemetry } from "../log/telemetry.ts"
import type { BotsRepo, ClaimedCheck } from "../repo/BotsRepo.ts"
import { surviving } from "../repo/surviving.ts"
import type { BotUnusable } from "../telegram/reasons.ts"
import type { TelegramClient } from "../telegram/TelegramClient.ts"
import type { Bots } from "./Bots.ts"
import { makeHourlyPace } from "./pace.ts"
import { type Drift, inspect, type Inspection } from "./webhookDrift.ts"
import { type Failure, isForGood, waitAfter } from "./webhookFailure.ts"
import { webhookPrefixOf, webhookUrlOf } from "./webhookKeeper.ts"

type Token = Redacted.Redacted<string>

/** How long an answer of Telegram is good for. */
const everySeconds = 600
/** How soon a check that has become due is noticed; also after a start, which has more urgent things to do. */
const lookEvery = "5 seconds"

interface Means {
  readonly repo: BotsRepo["Service"]
  readonly telegram: TelegramClient["Service"]
  readonly updates: ReadonlyArray<string>
}

/** Asks Telegram what it knows of a bot's address and keeps what it says for the panel. */
export type Look = (bot: Bot, token: Token, url: string, registeredAtMs: number) => Effect.Effect<Inspection, Failure>

export const makeLook =
  ({ repo, telegram, updates }: Means): Look =>
  (bot, token, url, registeredAtMs) =>
    Effect.gen(function* () {
      const info = yield* telegram.call(token, "getWebhookInfo")
      const inspection = inspect(info, { url, registeredAtMs, updates }, yield* Clock.currentTimeMillis)
      yield* repo.webhookChecked(bot.id, url, inspection.error, inspection.pending)
      return inspection
    })

interface Checking {
  readonly bots: Bots["Service"]
  readonly repo: BotsRepo["Service"]
  readonly publicUrl: string
  readonly turn: Effect.Effect<void>
  readonly look: Look
  readonly registerAgain: (bot: Bot) => void
  /** Telegram does not serve this bot any more. */
  readonly unusable: (bot: Bot, reason: BotUnusable) => Effect.Effect<void>
}

/**
 * In the background: asks Telegram every ten minutes, or as often as its pace allows, whether it still knows each bot
 * under our address, and registers anew what is not as it should be. Of the processes that share a database one asks
 * for all, whichever comes first; an address that is not ours in the database is another system's affair.
 */
export const checkRegistered = Effect.fnUntraced(function* (
  checking: Checking
): Effect.fn.Return<void, never, Scope.Scope> {
  const { bots, look, publicUrl, registerAgain, repo, turn, unusable } = checking
  const pace = yield* makeHourlyPace
  let failures = 0

  const drifted = Effect.fnUntraced(function* (bot: Bot, { found, sentence }: Drift) {
    telemetry.webhookRepairs.record({ found })
    yield* Log.warn(`[WEBHOOK] Registro de novo o endereço do bot ${bot.slug}: ${sentence}`, {
      slug: bot.slug,
      event_name: "webhook_drift",
      found
    })
    registerAgain(bot)
  })

  const troubled = (bot: Bot, before: string | null, error: string | null) =>
    error === null || error === before
      ? Effect.void
      : Log.warn(`[WEBHOOK] As mensagens do bot ${bot.slug} não estão chegando: ${error}`, { slug: bot.slug })

  const refused = Effect.fnUntraced(function* (bot: Bot, url: string, before: string | null, failure: Failure) {
    const sentence = failure._tag === "TelegramError" ? failure.sentence : ""
    yield* repo.webhookChecked(bot.id, url, sentence, null)
    if (failure._tag === "TelegramError" && failure.reason._tag === "BotUnusable") {
      return yield* unusable(bot, failure.reason)
    }
    if (sentence === before) return
    yield* Log.recovered(`Não consegui conferir o endereço do bot ${bot.slug} no Telegram`, failure, { slug: bot.slug })
  })

  const check = Effect.fnUntraced(function* (claimed: ClaimedCheck): Effect.fn.Return<void, SqlError.SqlError> {
    while (true) {
      const bot = Option.getOrUndefined(bots.byId(claimed.id))
      if (bot === undefined || !bot.active || Option.isNone(bot.token)) return
      const url = webhookUrlOf(publicUrl, bot.slug)
      if (!Option.contains(bot.webhookUrl, url)) return
      yield* Effect.andThen(pace, turn)
      const result = yield* Effect.result(look(bot, bot.token.value, url, claimed.registeredAt?.getTime() ?? 0))
      if (result._tag === "Success") {
        failures = 0
        const { drift, error } = result.success
        return yield* drift === undefined ? troubled(bot, claimed.error, error) : drifted(bot, drift)
      }
      const { failure } = result
      if (failure._tag === "SqlError") return yield* failure
      if (isForGood(failure)) return yield* refused(bot, url, claimed.error, failure)
      const wait = waitAfter(failure, failures)
      // Telegram away or limiting us is the same for every bot: one line, and the next bot is no better off.
      if (failures++ === 0) {
        yield* Log.recovered(
          `Não consegui conferir os endereços dos bots no Telegram e tento de novo em ${Duration.toSeconds(wait)} s`,
          failure
        )
      }
      yield* Effect.sleep(wait)
    }
  })

  const round = Effect.gen(function* () {
    const claimed = yield* repo.claimWebhookCheck(webhookPrefixOf(publicUrl), everySeconds)
    yield* claimed === undefined ? Effect.sleep(lookEvery) : check(claimed)
  })

  const rounds = surviving("A conferência dos endereços no Telegram")(round)
  yield* Effect.andThen(Effect.sleep(lookEvery), rounds).pipe(Effect.withTracerEnabled(false), Effect.forkScoped)
})
