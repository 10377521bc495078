import { Context, Effect, Layer } from "effect"
import type { FaultAt } from "../Faults.ts"
import { control, route } from "../http/control.ts"
import { listen, type ListenOptions } from "../http/listen.ts"
import type { SandboxError } from "../SandboxError.ts"
import { type ApiCall, Dataset, type Options, type Received } from "./Dataset.ts"
import { metaHandler } from "./server.ts"

export type Fault = FaultAt<"events">

/** A local stand-in for Meta: the Conversions API, the browser's Pixel, and what the Events Manager would show. */
export class SandboxMeta extends Context.Service<
  SandboxMeta,
  {
    /** FACEBOOK_API_URL is this plus `/v26.0`; the Pixel's library is `/en_US/fbevents.js`. */
    readonly url: string
    readonly pixels: Effect.Effect<Readonly<Record<string, string>>>
    readonly configure: (options: Options) => Effect.Effect<void>
    /** Everything taken, twins too. */
    readonly received: Effect.Effect<ReadonlyArray<Received>>
    readonly calls: Effect.Effect<ReadonlyArray<ApiCall>>
    readonly waitForEvents: (
      predicate: (event: Received) => boolean,
      options?: { readonly count?: number; readonly timeoutMs?: number }
    ) => Effect.Effect<ReadonlyArray<Received>, SandboxError>
    readonly waitForCalls: (
      predicate: (call: ApiCall) => boolean,
      options?: { readonly count?: number; readonly timeoutMs?: number }
    ) => Effect.Effect<ReadonlyArray<ApiCall>, SandboxError>
    readonly fail: (fault: Fault) => Effect.Effect<number>
    readonly clearFaults: Effect.Effect<void>
    /** Forgets events and calls. */
    readonly clear: Effect.Effect<void>
  }
>()("funil/sandbox/SandboxMeta") {
  static readonly layerWith = (options: Options & ListenOptions): Layer.Layer<SandboxMeta, SandboxError> =>
    Layer.effect(
      SandboxMeta,
      Effect.suspend(() => make(options))
    )

  static readonly layer = SandboxMeta.layerWith({})
}

const WAIT_MS = 10_000

const make = Effect.fnUntraced(function* (options: Options & ListenOptions) {
  const dataset = new Dataset(options)
  const url = yield* listen(metaHandler(dataset, control(controlRoutes(dataset))), options)
  return SandboxMeta.of({
    url,
    pixels: Effect.sync(() => dataset.settings.pixels),
    configure: (changes) => Effect.sync(() => void Object.assign(dataset.settings, changes)),
    received: Effect.sync(() => [...dataset.received]),
    calls: Effect.sync(() => [...dataset.calls]),
    waitForEvents: (predicate, { count = 1, timeoutMs = WAIT_MS } = {}) =>
      dataset.taken.collect(dataset.received, predicate, { count, timeoutMs, what: "Eventos esperados no Meta" }),
    waitForCalls: (predicate, { count = 1, timeoutMs = WAIT_MS } = {}) =>
      dataset.called.collect(dataset.calls, predicate, { count, timeoutMs, what: "Chamadas esperadas ao Meta" }),
    fail: (fault) => Effect.sync(() => dataset.faults.arm(fault)),
    clearFaults: Effect.sync(() => dataset.faults.clear()),
    clear: Effect.sync(() => dataset.clear())
  })
})

/** `/__sandbox/…` of the Meta stand-in. */
const controlRoutes = (dataset: Dataset) => [
  route("GET", "/events", () => Effect.sync(() => dataset.received)),
  route("GET", "/test-events", () =>
    Effect.sync(() => dataset.received.filter(({ testCode }) => testCode !== undefined))
  ),
  route("GET", "/counters", () => Effect.sync(() => dataset.counted())),
  route("GET", "/calls", () => Effect.sync(() => dataset.calls)),
  route("POST", "/options", ({ body }) => Effect.sync(() => void Object.assign(dataset.settings, body as Options))),
  route("POST", "/faults", ({ body }) => Effect.sync(() => ({ id: dataset.faults.arm(body as Fault) }))),
  route("DELETE", "/faults", () => Effect.sync(() => dataset.faults.clear())),
  route("DELETE", "/events", () => Effect.sync(() => dataset.clear()))
]
