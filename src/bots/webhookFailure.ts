import { Duration } from "effect"
import type { SqlError } from "effect/sql"
import type { TelegramError } from "../telegram/TelegramError.ts"

/** What may go wrong between the database and Telegram. */
export type Failure = TelegramError | SqlError.SqlError

export const isLimited = (failure: Failure): boolean =>
  failure._tag === "TelegramError" && failure.reason._tag === "RateLimited"

/** Trying again changes nothing. */
export const isForGood = (failure: Failure): boolean => failure._tag === "TelegramError" && !failure.retryable

/** Until the next try: what Telegram says, else longer each time; a refusal may still end (a domain that is too new). */
export const waitAfter = (failure: Failure, failures: number): Duration.Duration => {
  if (failure._tag === "TelegramError" && failure.reason._tag === "RateLimited") {
    return Duration.seconds(failure.reason.retryAfterSeconds)
  }
  const seconds = isForGood(failure) ? { first: 60, longest: 3_600 } : { first: 5, longest: 300 }
  return Duration.seconds(Math.min(seconds.first * 2 ** Math.min(failures, 10), seconds.longest))
}
