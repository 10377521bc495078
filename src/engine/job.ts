import { Clock, Effect } from "effect"
import type { PersonTouch, Recording } from "../repo/RecordingsRepo.ts"
import type { HeldKey, UnfinishedRow } from "../repo/UpdatesRepo.ts"
import type { Incoming, Person } from "./update.ts"

/** The name in which this process holds an inbox row; it changes with the process's own. */
export interface Hold {
  owner: string
  /** Another process has the row now: nothing more may be sent for it. */
  lost: boolean
}

/** A committed update on its way through the engine. */
export interface UpdateJob extends Omit<UnfinishedRow, "payload" | "progress">, HeldKey {
  readonly incoming: Incoming
  readonly hold: Hold
  /** Message blocks of its answer that are confirmed; a further try goes on behind them. */
  progress: number
  /** A tap whose spinner was stopped already. */
  acknowledged: boolean
}

type Tried = "attempts" | "progress"

/** Without the row's raw text: during a rush tens of thousands wait in memory. */
export const jobOf = (
  row: Omit<UnfinishedRow, "payload" | Tried> & Partial<Pick<UnfinishedRow, Tried>>,
  incoming: Incoming,
  owner: string
): UpdateJob => ({
  botId: row.botId,
  updateId: row.updateId,
  personId: row.personId,
  kind: row.kind,
  requestId: row.requestId,
  receivedAt: row.receivedAt,
  attempts: row.attempts ?? 0,
  progress: row.progress ?? 0,
  incoming,
  hold: { owner, lost: false },
  acknowledged: false
})

/** An update that leaves nothing behind but its own `done`. */
export const silent = (job: UpdateJob): Recording => ({
  botId: job.botId,
  updateId: job.updateId,
  hold: job.hold,
  slug: "",
  person: undefined,
  events: []
})

export const touch = (
  job: UpdateJob,
  person: Person,
  facts: {
    readonly started?: boolean
    readonly token?: string | undefined
    readonly blocked?: boolean
    readonly optedOut?: boolean
  } = {}
): PersonTouch => ({
  ...person,
  ...(facts.optedOut === undefined ? {} : { optedOut: facts.optedOut }),
  token: facts.token,
  seenAt: job.receivedAt,
  started: facts.started ?? false,
  blocked: facts.blocked ?? false
})

/** Milliseconds since the update reached us: what the person has waited so far. */
export const waitedMs = (job: UpdateJob): Effect.Effect<number> =>
  Effect.map(Clock.currentTimeMillis, (now) => now - job.receivedAt.getTime())
