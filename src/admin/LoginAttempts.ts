import { Clock, Context, Effect, Layer } from "effect"

const allowed = 5
const windowMs = 5 * 60_000
// Whoever has so many addresses is stopped by the length of the password.
const maxAddresses = 10_000

export type Judgement =
  | { readonly _tag: "Accepted" }
  | { readonly _tag: "Wrong"; readonly left: number }
  | { readonly _tag: "Wait"; readonly minutes: number }

/** Five wrong passwords per address, then none is looked at for the rest of five minutes, the right one included. */
export class LoginAttempts extends Context.Service<
  LoginAttempts,
  { readonly judge: (address: string, accepts: () => boolean) => Effect.Effect<Judgement> }
>()("funil/admin/LoginAttempts") {
  static readonly layer = Layer.sync(LoginAttempts, () => {
    const known = new Map<string, { count: number; endMs: number }>()

    // In one go: attempts made side by side count like those made one after the other.
    const judge = (address: string, accepts: () => boolean) =>
      Effect.map(Clock.currentTimeMillis, (now): Judgement => {
        const key = networkOf(address)
        const before = known.get(key)
        const current = before !== undefined && before.endMs > now ? before : { count: 0, endMs: now + windowMs }
        if (current.count >= allowed) {
          return { _tag: "Wait", minutes: Math.max(1, Math.ceil((current.endMs - now) / 60_000)) }
        }
        if (accepts()) {
          known.delete(key)
          return { _tag: "Accepted" }
        }
        if (known.size >= maxAddresses) known.clear()
        known.set(key, { ...current, count: current.count + 1 })
        return { _tag: "Wrong", left: allowed - current.count - 1 }
      })

    return LoginAttempts.of({ judge })
  })
}

/** One line has a whole /64 of IPv6 addresses. */
const networkOf = (address: string): string =>
  address.includes(":") && !address.includes(".") ? address.split(":").slice(0, 4).join(":") : address
