import { Clock, Effect } from "effect"

/** A handful may go at once. */
const burst = 10

/** An effect that returns when the next one may leave. Callers get their turns in the order in which they ask. */
const paceOf = (everyMs: number) =>
  Effect.sync(() => {
    let nextAt = 0
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      nextAt = Math.max(nextAt, now) + everyMs
      const waitMs = nextAt - now - burst * everyMs
      return waitMs > 0 ? Effect.sleep(waitMs) : Effect.void
    })
  })

/**
 * Telegram lets one address make about 20 first calls per minute to bots whose client it has not loaded
 * (facts/telegram, section 2): a thousand bots at a start must queue up.
 */
export const makePace = paceOf(3_000)

/** And 600 per hour: for what never ends. A hundred bots get their turn every ten minutes, a thousand every 100. */
export const makeHourlyPace = paceOf(6_000)
