import { Context, Effect, Layer } from "effect"
import type { SqlError } from "effect/sql"
import type { Bot } from "../domain/bot.ts"
import * as Log from "../log/Log.ts"
import type { TelegramCall } from "../messages/telegramCall.ts"
import type { TelegramError } from "../telegram/TelegramError.ts"
import { labelOf, withFilesAgain, wrongFilesOf } from "./heal.ts"
import type { MediaStoreError } from "./MediaStoreError.ts"
import { makeFormerIds } from "./sending/formerIds.ts"
import { makeDelivery, type Mode, type Send } from "./sending/deliver.ts"
import { placesOf } from "./sending/places.ts"

export type UploadError = TelegramError | MediaStoreError | SqlError.SqlError

/**
 * Brings files of the library into calls, between whoever sends and Telegram. What Telegram has is named by its id and
 * costs nothing here; a file that it does not have is uploaded by the first call that needs it, by one process at a
 * time, and its id kept for all others.
 */
export class Attachments extends Context.Service<
  Attachments,
  {
    /**
     * For messages to people: uploads what has to be, uploads again what Telegram forgot, and leaves out what cannot be
     * had. `send` gets a call that Telegram can take; what it answers comes back, or `true` where nothing was left.
     */
    readonly attach: (bot: Bot, call: TelegramCall, send: Send) => Effect.Effect<unknown, TelegramError>
    /** Nothing is left out: for previews. */
    readonly upload: (bot: Bot, call: TelegramCall, send: Send) => Effect.Effect<unknown, UploadError>
    /** For the warm-up chat: nothing is sent that Telegram has by then. */
    readonly warm: (bot: Bot, call: TelegramCall, send: Send) => Effect.Effect<void, UploadError>
    /** The name of this process in `media_cache`. */
    readonly owner: string
  }
>()("funil/media/Attachments") {
  static readonly layer = Layer.effect(
    Attachments,
    Effect.suspend(() => make)
  )

  /** Lets every call pass as it is: for rooms without media. */
  static readonly layerNone = Layer.succeed(Attachments, {
    attach: (_, call, send) => send(call),
    upload: (_, call, send) => send(call),
    warm: () => Effect.void,
    owner: "none"
  })
}

const make = Effect.gen(function* () {
  const { atPresent, deliver, forget, owner, refresh } = yield* makeDelivery
  const mediaOf = yield* makeFormerIds

  const healed = Effect.fnUntraced(function* (
    bot: Bot,
    call: TelegramCall,
    sent: TelegramCall,
    error: TelegramError,
    send: Send,
    mode: Mode
  ) {
    // Where something was left out, the places do not match any more.
    const present = atPresent(bot)
    const wrong =
      placesOf(sent).length === placesOf(call).length
        ? wrongFilesOf(sent, error, (fileId) => mediaOf(bot, present, fileId))
        : []
    if (wrong.length === 0) return yield* error
    for (const { fileId, media } of wrong) {
      if (!(yield* Effect.mapError(forget(bot, media, fileId), () => error))) continue
      yield* Log.warn(
        `[AVISO] O Telegram não reconhece mais a mídia ${labelOf(media)} do bot ${bot.slug}; envio o arquivo de novo`,
        { slug: bot.slug }
      )
    }
    yield* refresh(bot)
    return yield* deliver(bot, withFilesAgain(call, sent, wrong), send, mode)
  })

  const healing = (bot: Bot, call: TelegramCall, send: Send, mode: Mode): Effect.Effect<unknown, UploadError> =>
    Effect.suspend(() => {
      let sent = call
      const noted: Send = (ready) => {
        sent = ready
        return send(ready)
      }
      const first = call.cold === true ? deliver(bot, call, noted, mode) : noted(call)
      return Effect.catchTag(first, "TelegramError", (error) => healed(bot, call, sent, error, send, mode))
    })

  return Attachments.of({
    attach: (bot, call, send) =>
      call.kind === "text"
        ? send(call)
        : Effect.catchIf(healing(bot, call, send, { lenient: true }), isNotTelegrams, Effect.die),
    upload: (bot, call, send) => healing(bot, call, send, { lenient: false }),
    warm: (bot, call, send) => Effect.asVoid(deliver(bot, call, send, { lenient: false, warmup: true })),
    owner
  })
})

/** A lenient delivery has no such failures. */
const isNotTelegrams = (error: UploadError): error is MediaStoreError | SqlError.SqlError =>
  error._tag !== "TelegramError"
