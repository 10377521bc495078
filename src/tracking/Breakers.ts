/** A destination that takes nothing, for a reason that is not in the row. */
export interface Trouble {
  readonly reason: string
  /** What the destination itself asked for. */
  readonly afterSeconds?: number | undefined
  /** A person has to do something, as to renew a token: no use in asking every few seconds. */
  readonly alarm?: boolean | undefined
}

interface State {
  failures: number
  /** When one delivery may try again; absent while everything is well. */
  closedUntilMs?: number
  alarmed: boolean
}

/** So many failures in a row, none of which is a row's own, and only single attempts are made. */
const patience = 3
const firstPauseSeconds = 5
/** What waits is told within this time after the destination is back. */
const longestPauseSeconds = 30
const alarmPauseSeconds = 120

/** What is news about an account: it was shut for a while, or works again. */
export type News = "shut" | "open" | undefined

/**
 * One circuit breaker for each account at a destination. A dead one costs one attempt per pause, whatever waits for it,
 * and the others do not notice.
 */
export class Breakers {
  private readonly states = new Map<string, State>()

  /** Accounts that get no ordinary work now. */
  shut(): ReadonlyArray<string> {
    return [...this.states].flatMap(([account, state]) => (state.closedUntilMs === undefined ? [] : [account]))
  }

  /** Shut ones whose pause is over: one attempt each may tell whether they are back. */
  due(nowMs: number): ReadonlyArray<string> {
    return this.shut().filter((account) => (this.states.get(account)?.closedUntilMs ?? Infinity) <= nowMs)
  }

  /** The next time that `due` has something new. */
  nextDueMs(nowMs: number): number {
    const times = [...this.states.values()].map(({ closedUntilMs }) => closedUntilMs ?? Infinity)
    return Math.min(Infinity, ...times.filter((time) => time > nowMs))
  }

  /** Seconds until the account may be tried again. */
  pauseSeconds(account: string, nowMs: number): number {
    return Math.max(0, ((this.states.get(account)?.closedUntilMs ?? nowMs) - nowMs) / 1000)
  }

  /** `jitter` is around 1: processes that lost the same destination do not come back at the same moment. */
  failed(account: string, trouble: Trouble, nowMs: number, jitter: number): News {
    const state = this.states.get(account) ?? { failures: 0, alarmed: false }
    this.states.set(account, state)
    state.failures += 1
    if (trouble.afterSeconds === undefined && trouble.alarm !== true && state.failures < patience) return undefined
    const news = state.closedUntilMs === undefined || (trouble.alarm === true && !state.alarmed) ? "shut" : undefined
    state.alarmed = trouble.alarm === true
    const doubled = firstPauseSeconds * 2 ** Math.min(Math.max(state.failures - patience, 0), 10)
    const own = trouble.alarm === true ? alarmPauseSeconds : Math.min(doubled, longestPauseSeconds)
    const until = nowMs + (trouble.afterSeconds ?? own) * jitter * 1000
    // Several deliveries of one moment are one failure: the longest pause counts.
    state.closedUntilMs = Math.max(state.closedUntilMs ?? 0, until)
    return news
  }

  worked(account: string): News {
    const state = this.states.get(account)
    this.states.delete(account)
    return state?.closedUntilMs === undefined ? undefined : "open"
  }

  /** Somebody mended something: every account may be tried at once. */
  retryNow(nowMs: number): void {
    for (const state of this.states.values()) {
      if (state.closedUntilMs !== undefined) state.closedUntilMs = nowMs
    }
  }
}
