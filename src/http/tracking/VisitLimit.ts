import { Clock, Context, Effect, Layer } from "effect"
import { householdOf } from "./clientIp.ts"

/**
 * Behind one address of a mobile network stand hundreds of people, so a burst is large; what goes on longer is a
 * machine. A session is a row: at most 10 of them per second and address come into being.
 */
const burst = 600
const perSecond = 10

/** Addresses remembered at once, about 100 bytes each; the one longest unseen is forgotten first. */
const longestMemory = 50_000

/** How many visits of one address are written down. */
export class VisitLimit extends Context.Service<
  VisitLimit,
  { readonly allows: (ip: string | undefined) => Effect.Effect<boolean> }
>()("funil/http/VisitLimit") {
  static readonly layer = Layer.sync(VisitLimit, () => {
    const seen = new Map<string, { left: number; atMs: number }>()

    const allows = (ip: string | undefined) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const key = householdOf(ip ?? "")
        const before = seen.get(key)
        const left =
          before === undefined ? burst : Math.min(burst, before.left + ((now - before.atMs) / 1000) * perSecond)
        seen.delete(key)
        if (seen.size >= longestMemory) seen.delete(seen.keys().next().value!)
        seen.set(key, { left: left >= 1 ? left - 1 : left, atMs: now })
        return left >= 1
      })

    return VisitLimit.of({ allows })
  })
}
