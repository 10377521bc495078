import { Schema } from "effect"

/** Telegram's own words, without secrets; for logs, never for a decision. */
const description = Schema.String

/** 429: nothing was delivered; the same call may leave again after the wait. */
export class RateLimited extends Schema.TaggedClass<RateLimited>()("RateLimited", {
  retryAfterSeconds: Schema.Finite,
  description
}) {
  get retryable() {
    return true
  }
}

/**
 * The request may have left and the answer never came (timeout, reset, 5xx). Telegram has no idempotency key, so only
 * methods whose repetition nobody sees are `harmless` to repeat.
 */
export class Ambiguous extends Schema.TaggedClass<Ambiguous>()("Ambiguous", {
  harmless: Schema.Boolean,
  description
}) {
  get retryable() {
    return this.harmless
  }
}

/** No connection came about, or the caller held it back before its first byte: certainly not delivered. */
export class Unreachable extends Schema.TaggedClass<Unreachable>()("Unreachable", { description }) {
  get retryable() {
    return true
  }
}

export const GoneWhy = Schema.Literals([
  "blocked",
  "deactivated",
  "never_started",
  "unknown_chat",
  "is_bot",
  "kicked",
  "deleted"
])
export type GoneWhy = typeof GoneWhy.Type

/** This bot cannot write to this chat: stop sending there. Not `forGood`: a new /start or a re-added bot opens it again. */
export class Gone extends Schema.TaggedClass<Gone>()("Gone", {
  why: GoneWhy,
  forGood: Schema.Boolean,
  description
}) {
  get retryable() {
    return false
  }
}

export const BotUnusableWhy = Schema.Literals(["unauthorized", "not_found", "misdirected", "frozen"])

/** The bot itself is out of service: token revoked, bot deleted or frozen, or served by another Bot API server. */
export class BotUnusable extends Schema.TaggedClass<BotUnusable>()("BotUnusable", {
  why: BotUnusableWhy,
  description
}) {
  get retryable() {
    return false
  }
}

/** The group became a supergroup: store the new id, then send there. */
export class Migrated extends Schema.TaggedClass<Migrated>()("Migrated", { chatId: Schema.Finite, description }) {
  get retryable() {
    return true
  }
}

/** The HTML was refused: the same call may leave as plain text. */
export class BadEntities extends Schema.TaggedClass<BadEntities>()("BadEntities", { description }) {
  get retryable() {
    return false
  }
}

/** `upload`: the file_id is worth nothing for this bot, send the bytes; `once`: one more try may do; `none`: unfit file. */
export const FileRemedy = Schema.Literals(["upload", "once", "none"])

export class BadFile extends Schema.TaggedClass<BadFile>()("BadFile", { remedy: FileRemedy, description }) {
  get retryable() {
    return this.remedy === "once"
  }
}

/** An edit that changes nothing: as good as done. */
export class NotModified extends Schema.TaggedClass<NotModified>()("NotModified", { description }) {
  get retryable() {
    return false
  }
}

/** The tap is too old to be answered: ignore. */
export class StaleQuery extends Schema.TaggedClass<StaleQuery>()("StaleQuery", { description }) {
  get retryable() {
    return false
  }
}

/** Telegram said no to this call for good. Its descriptions change, so an unknown refusal lands here. */
export class Rejected extends Schema.TaggedClass<Rejected>()("Rejected", { code: Schema.Finite, description }) {
  get retryable() {
    return false
  }
}

export const TelegramReason = Schema.Union([
  RateLimited,
  Ambiguous,
  Unreachable,
  Gone,
  BotUnusable,
  Migrated,
  BadEntities,
  BadFile,
  NotModified,
  StaleQuery,
  Rejected
])
export type TelegramReason = typeof TelegramReason.Type
