/**
 * When one gateway is passed over for another. It opens after some failures in a row, lets one attempt through when its
 * time is over, and closes with the first success.
 */
export interface Breaker {
  readonly failures: number
  /** Until then others are preferred; 0 while all is well. */
  readonly openUntilMs: number
  /** How long it stays open next. */
  readonly pauseMs: number
}

const threshold = 3
const firstPauseMs = 30_000
const longestPauseMs = 300_000

export const closed: Breaker = { failures: 0, openUntilMs: 0, pauseMs: firstPauseMs }

export const isOpen = (breaker: Breaker, nowMs: number): boolean => nowMs < breaker.openUntilMs

/** `waitMs`: what the gateway itself asked for, which is obeyed at once. */
export const afterFailure = (breaker: Breaker, nowMs: number, waitMs = 0): Breaker => {
  const failures = breaker.failures + 1
  if (waitMs > 0) return { ...breaker, failures, openUntilMs: nowMs + Math.min(waitMs, longestPauseMs) }
  if (failures < threshold) return { ...breaker, failures }
  return {
    failures,
    openUntilMs: nowMs + breaker.pauseMs,
    pauseMs: Math.min(breaker.pauseMs * 2, longestPauseMs)
  }
}

/**
 * Somebody is let through to see whether it works again: until that is known, the others stay away. Longer than any
 * attempt takes.
 */
export const probing = (breaker: Breaker, nowMs: number): Breaker =>
  breaker.failures < threshold ? breaker : { ...breaker, openUntilMs: nowMs + probeMs }
const probeMs = 10_000
