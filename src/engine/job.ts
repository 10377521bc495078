import { Clock, Effect } from "effect"
import type { PersonTouch, Recording } from "../repo/RecordingsRepo.ts"
import type { UnfinishedRow } from "../repo/UpdatesRepo.ts"
import type { Incoming, Person } from "./update.ts"

/** A committed update on its way through the engine. */
export interface UpdateJob extends UnfinishedRow {
  readonly incoming: Incoming
}

/** An update that leaves nothing behind but its own `done`. */
export const silent = (job: UpdateJob): Recording => ({
  botId: job.botId,
  updateId: job.updateId,
  slug: "",
  person: undefined,
  events: []
})

export const touch = (
  job: UpdateJob,
  person: Person,
  facts: { readonly started?: boolean; readonly blocked?: boolean } = {}
): PersonTouch => ({
  ...person,
  seenAt: job.receivedAt,
  started: facts.started ?? false,
  blocked: facts.blocked ?? false
})

/** Milliseconds since the update reached us: what the person has waited so far. */
export const waitedMs = (job: UpdateJob): Effect.Effect<number> =>
  Effect.map(Clock.currentTimeMillis, (now) => now - job.receivedAt.getTime())
