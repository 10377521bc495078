import { Context, Effect, Layer } from "effect"

/** Whether this process wants work: migrations are done and nobody asked it to stop. */
export class Readiness extends Context.Service<
  Readiness,
  {
    readonly isReady: () => boolean
    /** Said once, when the database is migrated and everything the handlers need is up. */
    readonly open: Effect.Effect<void>
    /** Said when the stop begins: load balancers look elsewhere while the last requests finish. */
    readonly close: Effect.Effect<void>
  }
>()("funil/http/Readiness") {
  static readonly layer = Layer.sync(Readiness, () => {
    let ready = false
    let stopping = false
    return Readiness.of({
      isReady: () => ready && !stopping,
      open: Effect.sync(() => {
        ready = true
      }),
      close: Effect.sync(() => {
        stopping = true
      })
    })
  })
}
