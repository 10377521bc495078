import { Effect } from "effect"
import type { Call } from "../../src/sandbox/telegram/CallLog.ts"
import type { SandboxTelegram } from "../../src/sandbox/telegram/SandboxTelegram.ts"

export interface Answered {
  /** The person's update is due now. */
  readonly due: (person: number) => void
  /** Makes the load and waits until as many were answered: how long each waited, in milliseconds. */
  readonly round: (count: number, load: () => Promise<unknown>) => Promise<Float64Array<ArrayBuffer>>
  /** Calls of this method that answered nobody. */
  readonly others: () => number
}

/**
 * How long people wait: from the moment an update is due at the webhook until the first call of this method for its person
 * arrives at the stand-in, on one clock.
 */
export const watchAnswers = async (telegram: SandboxTelegram["Service"], method: string): Promise<Answered> => {
  const dueAt = new Map<number, number>()
  let waits: Array<number> = []
  let others = 0
  let expected = Number.POSITIVE_INFINITY
  let allArrived = () => {}
  const onCall = (call: Call) => {
    if (call.method !== method) return
    const person = Number(call.params["chat_id"])
    const begun = dueAt.get(person)
    if (begun === undefined) return void (others += 1)
    // Whatever comes to this person later is of something else.
    dueAt.delete(person)
    waits.push(call.receivedAt - begun)
    if (waits.length >= expected) allArrived()
  }
  await Effect.runPromise(telegram.configure({ onCall }))
  return {
    due: (person) => dueAt.set(person, performance.now()),
    round: async (count, load) => {
      waits = []
      const all = new Promise<void>((resolve) => {
        expected = count
        allArrived = resolve
      })
      await load()
      await all
      return Float64Array.from(waits)
    },
    others: () => others
  }
}
