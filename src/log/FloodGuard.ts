import { Clock, Context, Effect, Layer } from "effect"
import * as Log from "./Log.ts"

const quietMs = 1000
// Keys hold slugs of our own bots and names of gateways only, so this many is already a fault; forgetting them costs
// some lines more.
const maxKeys = 10_000

/** Lines that a stranger can cause at will: at most one per second and key; the next one says how many were left out. */
export class FloodGuard extends Context.Service<
  FloodGuard,
  {
    readonly warn: (key: string, sentence: string, fields?: Readonly<Record<string, unknown>>) => Effect.Effect<void>
    /** For a line of another kind. `more` is empty, or says how many like it were left out. */
    readonly line: (key: string, write: (more: string) => Effect.Effect<void>) => Effect.Effect<void>
  }
>()("funil/log/FloodGuard") {
  static readonly layer = Layer.sync(FloodGuard, () => {
    const seen = new Map<string, { lastMs: number; leftOut: number }>()

    const line = Effect.fnUntraced(function* (key: string, write: (more: string) => Effect.Effect<void>) {
      const now = yield* Clock.currentTimeMillis
      const before = seen.get(key)
      if (before !== undefined && now - before.lastMs < quietMs) {
        before.leftOut++
        return
      }
      if (seen.size >= maxKeys) seen.clear()
      seen.set(key, { lastMs: now, leftOut: 0 })
      const leftOut = before?.leftOut ?? 0
      yield* write(leftOut === 0 ? "" : ` (e mais ${leftOut} iguais desde o último aviso)`)
    })

    const warn = (key: string, sentence: string, fields: Readonly<Record<string, unknown>> = {}) =>
      line(key, (more) => Log.warn(`[AVISO] ${sentence}${more}`, fields))

    return FloodGuard.of({ line, warn })
  })
}
