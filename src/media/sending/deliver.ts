import { Effect, Option, Result } from "effect"
import type { InputFile } from "grammy"
import { Bots } from "../../bots/Bots.ts"
import type { Bot } from "../../domain/bot.ts"
import { nameOfMedia } from "../../domain/botMedia.ts"
import { LibraryFile, type TelegramCall } from "../../messages/telegramCall.ts"
import type { TelegramError } from "../../telegram/TelegramError.ts"
import { makeAbsent } from "./absent.ts"
import { filesIn } from "./answer.ts"
import { type Claimed, makeClaims } from "./claims.ts"
import { leaveOut } from "./leaveOut.ts"
import { makeLocks } from "./locks.ts"
import { placesOf, withPlaces } from "./places.ts"

/** Makes the call; what it answers is Telegram's answer. */
export type Send = (call: TelegramCall) => Effect.Effect<unknown, TelegramError>

export interface Mode {
  /** A file that cannot be had is left out, so that the words arrive. */
  readonly lenient: boolean
  /** To the warm-up chat, where nothing is sent that Telegram has by then. */
  readonly warmup?: boolean
}

// Others wait for the new id behind the lock; a database that hangs must not hold them.
const reloadPatience = "2 seconds"

/** Sends calls with files of the library in them: ids where they are known by now, else the bytes, once. */
export const makeDelivery = Effect.gen(function* () {
  const bots = yield* Bots
  const claims = yield* makeClaims
  const absent = makeAbsent()
  const locked = makeLocks()

  const atPresent = (bot: Bot): Bot => Option.getOrElse(bots.byId(bot.id), () => bot)
  const refresh = (bot: Bot) => Effect.ignore(Effect.timeout(bots.reload(bot.id), reloadPatience))
  const lockName = (bot: Bot, { media }: LibraryFile) => `${bot.id}/${media.storedKind}/${media.sha256}`

  /** An id that memory has learnt since the call was composed, or the file with its claim. */
  const settle = (bot: Bot, { media }: LibraryFile) => {
    const name = nameOfMedia({ kind: media.storedKind, sha256: media.sha256 })
    const fileId = atPresent(bot).media.get(name)?.fileId
    return fileId === undefined ? claims.take(bot, media) : Effect.succeed(fileId)
  }

  /** What goes into each place of the call; nothing where a file cannot be had. Fills `taken`. */
  const settleAll = Effect.fnUntraced(function* (bot: Bot, call: TelegramCall, taken: Array<Claimed>, mode: Mode) {
    const settled: Array<string | InputFile | undefined> = []
    for (const [index, place] of placesOf(call).entries()) {
      settled[index] = undefined
      if (!(place instanceof LibraryFile)) {
        settled[index] = place
        continue
      }
      const name = lockName(bot, place)
      if (mode.lenient && (yield* absent.has(name))) continue
      const one = yield* Effect.result(settle(bot, place))
      if (Result.isFailure(one)) {
        if (!mode.lenient) return yield* one.failure
        yield* absent.add(name, bot, place, one.failure)
      } else if (typeof one.success === "string") {
        settled[index] = one.success
      } else {
        taken.push({ ...one.success, index })
        settled[index] = one.success.file
      }
    }
    return settled
  })

  const learn = Effect.fnUntraced(function* (bot: Bot, taken: ReadonlyArray<Claimed>, answer: unknown, mode: Mode) {
    if (taken.length === 0) return
    const files = filesIn(answer, taken)
    for (const [at, one] of taken.entries()) yield* claims.settle(bot, one, files[at], mode.warmup === true)
    yield* refresh(bot)
  })

  const attempt = Effect.fnUntraced(function* (
    bot: Bot,
    call: TelegramCall,
    send: Send,
    mode: Mode,
    taken: Array<Claimed>
  ) {
    const settled = yield* settleAll(bot, call, taken, mode)
    if (mode.warmup === true && taken.length === 0) return true
    const missing = new Set(settled.flatMap((place, index) => (place === undefined ? [index] : [])))
    const whole = withPlaces(
      call,
      settled.map((place) => place ?? "")
    )
    const ready = leaveOut(whole, missing)
    if (ready === undefined) return true
    const answer = yield* send(ready)
    // The places behind one that was left out have moved up.
    const shift = (index: number) => index - [...missing].filter((one) => one < index).length
    yield* learn(
      bot,
      taken.map((one) => ({ ...one, index: shift(one.index) })),
      answer,
      mode
    )
    return answer
  })

  /** Telegram took none of it because of a file: the seller learns why, and the buyer gets the rest. */
  const withoutRefused = Effect.fnUntraced(function* (
    bot: Bot,
    call: TelegramCall,
    taken: ReadonlyArray<Claimed>,
    error: TelegramError
  ) {
    const named = taken.filter((one) => error.description.includes(`message #${one.index + 1} `))
    const guilty = named.length > 0 ? named : taken
    const places = placesOf(call)
    for (const one of taken) {
      const place = places[one.index]
      if (!guilty.includes(one) || !(place instanceof LibraryFile)) {
        yield* claims.release(one.key)
        continue
      }
      yield* absent.add(lockName(bot, place), bot, place, error)
      yield* claims.refused(one.key, error)
    }
  })

  const deliver = (bot: Bot, call: TelegramCall, send: Send, mode: Mode) => {
    const names = placesOf(call).flatMap((place) => (place instanceof LibraryFile ? [lockName(bot, place)] : []))
    const work = Effect.suspend(() => {
      const taken: Array<Claimed> = []
      return attempt(bot, call, send, mode, taken).pipe(
        Effect.catchIf(
          (error) => mode.lenient && taken.length > 0 && error._tag === "TelegramError" && isUnfit(error),
          (error) =>
            error._tag === "TelegramError"
              ? Effect.andThen(
                  withoutRefused(bot, call, taken.splice(0), error),
                  Effect.suspend(() => attempt(bot, call, send, mode, taken))
                )
              : error
        ),
        claims.holding(taken)
      )
    })
    return locked(names)(work)
  }

  return { owner: claims.owner, forget: claims.forget, atPresent, refresh, deliver }
})

const isUnfit = ({ reason }: TelegramError): boolean => reason._tag === "BadFile" && reason.remedy === "none"
