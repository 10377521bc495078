import { Context, Effect, Layer } from "effect"
import type { FaultAt } from "../Faults.ts"
import { control, route } from "../http/control.ts"
import { listen, type ListenOptions } from "../http/listen.ts"
import { attempt, type SandboxError, unknown } from "../SandboxError.ts"
import { type ApiCall, type Options, type Order, Orders } from "./Orders.ts"
import { utmifyHandler } from "./server.ts"

export type Fault = FaultAt<"order">

/** A local stand-in for UTMify, and a look at what its dashboard would know. */
export class SandboxUtmify extends Context.Service<
  SandboxUtmify,
  {
    /** UTMIFY_URL. */
    readonly url: string
    readonly token: Effect.Effect<string>
    readonly configure: (options: Options) => Effect.Effect<void>
    readonly orders: Effect.Effect<ReadonlyArray<Order>>
    readonly calls: Effect.Effect<ReadonlyArray<ApiCall>>
    /** The first order that satisfies the predicate, now or as soon as one does. */
    readonly waitForOrder: (
      predicate: (order: Order) => boolean,
      timeoutMs?: number
    ) => Effect.Effect<Order, SandboxError>
    readonly waitForCalls: (
      predicate: (call: ApiCall) => boolean,
      options?: { readonly count?: number; readonly timeoutMs?: number }
    ) => Effect.Effect<ReadonlyArray<ApiCall>, SandboxError>
    readonly fail: (fault: Fault) => Effect.Effect<number>
    readonly clearFaults: Effect.Effect<void>
    /** Forgets orders and calls. */
    readonly clear: Effect.Effect<void>
  }
>()("funil/sandbox/SandboxUtmify") {
  static readonly layerWith = (options: Options & ListenOptions): Layer.Layer<SandboxUtmify, SandboxError> =>
    Layer.effect(
      SandboxUtmify,
      Effect.suspend(() => make(options))
    )

  static readonly layer = SandboxUtmify.layerWith({})
}

const WAIT_MS = 10_000

const make = Effect.fnUntraced(function* (options: Options & ListenOptions) {
  const orders = new Orders(options)
  const url = yield* listen(utmifyHandler(orders, control(controlRoutes(orders))), options)
  return SandboxUtmify.of({
    url,
    token: Effect.sync(() => orders.settings.token),
    configure: (changes) => Effect.sync(() => void Object.assign(orders.settings, changes)),
    orders: Effect.sync(() => [...orders.orders.values()]),
    calls: Effect.sync(() => [...orders.calls]),
    waitForOrder: (predicate, timeoutMs = WAIT_MS) =>
      Effect.map(
        orders.stored.collect(orders.orders.values(), predicate, {
          count: 1,
          timeoutMs,
          what: "Pedidos esperados na UTMify"
        }),
        ([first]) => first as Order
      ),
    waitForCalls: (predicate, { count = 1, timeoutMs = WAIT_MS } = {}) =>
      orders.called.collect(orders.calls, predicate, { count, timeoutMs, what: "Chamadas esperadas à UTMify" }),
    fail: (fault) => Effect.sync(() => orders.faults.arm(fault)),
    clearFaults: Effect.sync(() => orders.faults.clear()),
    clear: Effect.sync(() => {
      orders.orders.clear()
      orders.calls.length = 0
    })
  })
})

/** `/__sandbox/…` of the UTMify stand-in. */
const controlRoutes = (orders: Orders) => [
  route("GET", "/orders", () => Effect.sync(() => [...orders.orders.values()])),
  route("GET", "/orders/:id", ({ path }) =>
    attempt(() => {
      const order = orders.orders.get(path["id"] ?? "")
      if (order === undefined) throw unknown("A UTMify de mentira não conhece esse pedido.")
      return order
    })
  ),
  route("GET", "/calls", () => Effect.sync(() => orders.calls)),
  route("POST", "/options", ({ body }) => Effect.sync(() => void Object.assign(orders.settings, body as Options))),
  route("POST", "/faults", ({ body }) => Effect.sync(() => ({ id: orders.faults.arm(body as Fault) }))),
  route("DELETE", "/faults", () => Effect.sync(() => orders.faults.clear())),
  route("DELETE", "/orders", () => Effect.sync(() => orders.orders.clear()))
]
