import { Clock, Effect } from "effect"

/**
 * Telegram lets one address make about 20 first calls per minute to bots whose client it has not loaded, and 600 per
 * hour (facts/telegram, section 2): a thousand bots at a start must queue up. A handful may go at once.
 */
const burst = 10
const everyMs = 3_000

/** An effect that returns when the next first call may leave. Callers get their turns in the order in which they ask. */
export const makePace = Effect.sync(() => {
  let nextAt = 0
  return Effect.flatMap(Clock.currentTimeMillis, (now) => {
    nextAt = Math.max(nextAt, now) + everyMs
    const waitMs = nextAt - now - burst * everyMs
    return waitMs > 0 ? Effect.sleep(waitMs) : Effect.void
  })
})
