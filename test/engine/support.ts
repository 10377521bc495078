import { Effect, Latch, Layer } from "effect"
import { Footing } from "../../src/engine/Footing.ts"
import type { UpdateJob } from "../../src/engine/job.ts"
import { Leftovers } from "../../src/engine/Leftovers.ts"
import { Node } from "../../src/engine/Node.ts"
import { Turns } from "../../src/engine/Turns.ts"
import { parseUpdate } from "../../src/engine/update.ts"
import type { Someone } from "../support/faults.ts"
import { privateMessage } from "../support/updates.ts"

export const nodeName = "este-processo"

/** A process that is certain of itself and, unless told otherwise, alone. */
export const nodeWith = (given: Partial<Node["Service"]> = {}): Node["Service"] =>
  Node.of({
    id: () => nodeName,
    alone: () => true,
    living: () => [nodeName],
    certain: () => true,
    certainty: Effect.void,
    freed: Latch.makeUnsafe(false),
    beforeCompany: () => undefined,
    onSuccession: () => undefined,
    ...given
  })

/** Nothing is ever taken over by another process. */
export const alwaysOurs = Footing.of({
  sure: () => Effect.succeed(true),
  of: () => ({ certain: () => true, sure: Effect.succeed(true) }),
  confirmed: () => Effect.void
})

/** Nobody else has turns. */
export const atOnce = Turns.of({ during: (_, work) => work, keep: () => Effect.void })

/** The engine's ground for a process that has nobody to agree with. */
export const aloneLayers = [
  Layer.succeed(Node, nodeWith()),
  Layer.succeed(Turns, atOnce),
  Layer.succeed(Footing, alwaysOurs),
  Leftovers.layer
] as const

export const jobFrom = (json: { readonly update_id: number }, given: Partial<UpdateJob> = {}): UpdateJob => {
  const incoming = parseUpdate(json)
  return {
    botId: 1,
    updateId: json.update_id,
    personId: incoming.kind === "ignored" ? null : incoming.person.telegramId,
    kind: incoming.kind,
    requestId: `r${json.update_id}`,
    receivedAt: new Date(0),
    attempts: 0,
    progress: 0,
    incoming,
    hold: { owner: nodeName, lost: false },
    acknowledged: false,
    ...given
  }
}

export const startJob = (person: Someone, updateId: number, payload?: string, given: Partial<UpdateJob> = {}) =>
  jobFrom(privateMessage(person, payload === undefined ? "/start" : `/start ${payload}`, updateId), given)
