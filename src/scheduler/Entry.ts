import type { Effect, Fiber } from "effect"
import type { Change } from "../db/Changes.ts"
import type { JobLease } from "../repo/JobsRepo.ts"

interface Given {
  readonly name: string
  readonly title: string
  readonly owner: "each" | "one"
  readonly everyMs: number
  readonly traced?: boolean
  readonly tables?: ReadonlyArray<string>
  readonly run: (lease: JobLease) => Effect.Effect<number | void, unknown>
  readonly now: number
}

/** However often it is called, a job begins at most every so often: many calls become one run. */
const restMs = 100
/** After a failure it is tried again sooner than its period, but not every second for hours. */
const longestPauseMs = 60_000
const firstPauseMs = 1_000

/** A job and when it runs next. Pure; the time comes from outside, in ms that never go back. */
export class Entry {
  readonly job: Omit<Given, "now">
  dueAt: number
  running = false
  failures = 0
  finishedAt: Date | undefined
  error: string | undefined
  fiber: Fiber.Fiber<void> | undefined
  /** The right by which it runs. */
  lease: JobLease | undefined
  #beganAt = Number.NEGATIVE_INFINITY
  /** Called for while it was running. */
  #calledFor = Infinity

  constructor({ now, ...job }: Given) {
    this.job = job
    this.dueAt = now
  }

  hears(change: Change): boolean {
    const { tables } = this.job
    return tables !== undefined && (change._tag === "Resync" || tables.includes(change.table))
  }

  /** Something will be due in so long. */
  call(now: number, inMs: number): void {
    const at = Math.max(now + Math.max(0, inMs), this.#beganAt + restMs)
    if (this.running) this.#calledFor = Math.min(this.#calledFor, at)
    else this.dueAt = Math.min(this.dueAt, at)
  }

  begin(now: number, lease: JobLease): void {
    this.running = true
    this.lease = lease
    this.#beganAt = now
    this.#calledFor = Infinity
  }

  /** It went over to another process in the midst of it. */
  lost(): void {
    this.fiber?.interruptUnsafe()
  }

  succeeded(now: number, nextInMs: number | void): void {
    this.failures = 0
    this.#ended(now + Math.min(this.job.everyMs, Math.max(0, nextInMs ?? Infinity)))
  }

  failed(now: number): void {
    const pauseMs = Math.min(firstPauseMs * 2 ** Math.min(this.failures, 20), longestPauseMs)
    this.failures += 1
    this.#ended(now + pauseMs)
    this.dueAt = now + pauseMs
  }

  #ended(dueAt: number): void {
    this.running = false
    this.dueAt = Math.max(Math.min(dueAt, this.#calledFor), this.#beganAt + restMs)
  }
}
