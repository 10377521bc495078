import { Context, Layer } from "effect"
import type { UpdateKey } from "../repo/UpdatesRepo.ts"

/** Longer than any statement may take: what is not there by then will not come. */
const keptMs = 20_000
/** A minute of 1,000 updates a second; Telegram repeats what it got no 200 for. */
const maxKept = 60_000

/**
 * Updates of which this process does not know whether they wait in its name: the answer to their commit got lost, or
 * their handling broke off. They are looked for until that is clear, because nobody else does: their owner is alive.
 */
export class Leftovers extends Context.Service<
  Leftovers,
  {
    readonly add: (key: UpdateKey) => void
    /** Those to be looked for now, and no more once a look that began late enough has seen the database. */
    readonly present: () => ReadonlyArray<UpdateKey>
    readonly lookedAt: (beganMs: number) => void
  }
>()("funil/engine/Leftovers") {
  static readonly layer = Layer.sync(Leftovers, () => {
    const kept = new Map<string, { readonly key: UpdateKey; readonly since: number }>()
    return Leftovers.of({
      add: ({ botId, updateId }) => {
        if (kept.size >= maxKept) return
        const name = `${botId}:${updateId}`
        kept.delete(name)
        kept.set(name, { key: { botId, updateId }, since: performance.now() })
      },
      present: () => [...kept.values()].map(({ key }) => key),
      lookedAt: (beganMs) => {
        for (const [name, { since }] of kept) {
          if (beganMs - since < keptMs) return
          kept.delete(name)
        }
      }
    })
  })
}
