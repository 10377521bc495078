import { Context, Effect, Layer, type Scope } from "effect"
import { control } from "../http/control.ts"
import { listen, type ListenOptions } from "../http/listen.ts"
import { attempt, attemptAsync, type SandboxError } from "../SandboxError.ts"
import { type ApiCall, Bank, type Payer } from "./Bank.ts"
import type { Charge } from "./Charge.ts"
import { controlRoutes } from "./controlRoutes.ts"
import type { Fault } from "./Faults.ts"
import type { Options } from "./Options.ts"
import { pushinPayHandler } from "./server.ts"
import type { Delivery } from "./Webhooks.ts"

/** A local stand-in for PushinPay, and the hand of the buyers who pay. Charges are found by id in any case. */
export class SandboxPushinPay extends Context.Service<
  SandboxPushinPay,
  {
    /** `http://127.0.0.1:<port>`; PUSHINPAY_URL is this plus `/api`. */
    readonly url: string
    /** The bearer token it accepts now. */
    readonly token: Effect.Effect<string>
    readonly configure: (options: Options) => Effect.Effect<void>

    readonly charges: Effect.Effect<ReadonlyArray<Charge>>
    readonly charge: (id: string) => Effect.Effect<Charge, SandboxError>
    readonly calls: Effect.Effect<ReadonlyArray<ApiCall>>
    readonly deliveries: Effect.Effect<ReadonlyArray<Delivery>>
    /** Queries that came too soon; a real account would be blocked for them. */
    readonly violations: Effect.Effect<number>
    /** Forgets requests, deliveries and violations; charges stay. */
    readonly clear: Effect.Effect<void>

    /** Each of these answers when the first attempt of its webhook is over. */
    readonly pay: (id: string, payer?: Payer) => Effect.Effect<void, SandboxError>
    readonly cancel: (id: string) => Effect.Effect<void, SandboxError>
    readonly expire: (id: string) => Effect.Effect<void, SandboxError>
    readonly refund: (id: string) => Effect.Effect<void, SandboxError>
    /** Sends the webhook of the present status again, as the panel does. */
    readonly resend: (id: string) => Effect.Effect<void, SandboxError>
    /** Sends what `holdWebhooks` held back, the last first when `reverse` is given. */
    readonly release: (options?: { readonly reverse?: boolean }) => Effect.Effect<void>

    /** Calls `hear` with every charge that is made or changes, until the scope ends. */
    readonly onCharge: (hear: (charge: Charge) => void) => Effect.Effect<void, never, Scope.Scope>
    /** The first charge that satisfies the predicate, now or as soon as one does. */
    readonly waitForCharge: (
      predicate: (charge: Charge) => boolean,
      timeoutMs?: number
    ) => Effect.Effect<Charge, SandboxError>
    readonly waitForCall: (
      predicate: (call: ApiCall) => boolean,
      timeoutMs?: number
    ) => Effect.Effect<ApiCall, SandboxError>
    /** The first `count` (1 when absent) attempts to deliver that satisfy the predicate. */
    readonly waitForDelivery: (
      predicate: (delivery: Delivery) => boolean,
      options?: { readonly count?: number; readonly timeoutMs?: number }
    ) => Effect.Effect<ReadonlyArray<Delivery>, SandboxError>

    /** Arms a fault; the answer is its number. */
    readonly fail: (fault: Fault) => Effect.Effect<number>
    readonly disarm: (fault: number) => Effect.Effect<void>
    readonly clearFaults: Effect.Effect<void>
  }
>()("funil/sandbox/SandboxPushinPay") {
  static readonly layerWith = (options: Options & ListenOptions): Layer.Layer<SandboxPushinPay, SandboxError> =>
    Layer.effect(
      SandboxPushinPay,
      Effect.suspend(() => make(options))
    )

  static readonly layer = SandboxPushinPay.layerWith({})
}

const WAIT_MS = 10_000

const make = Effect.fnUntraced(function* (options: Options & ListenOptions) {
  const bank = yield* Effect.acquireRelease(
    Effect.sync(() => new Bank(options)),
    (made) => Effect.sync(() => made.close())
  )
  const url = yield* listen(pushinPayHandler(bank, control(controlRoutes(bank))), options)
  const { charges, changed, called, calls, webhooks, faults } = bank
  const { courier } = webhooks

  return SandboxPushinPay.of({
    url,
    token: Effect.sync(() => bank.settings.token),
    configure: (changes) => Effect.sync(() => void Object.assign(bank.settings, changes)),
    charges: Effect.sync(() => [...charges.values()]),
    charge: (id) => attempt(() => bank.charge(id)),
    calls: Effect.sync(() => [...calls]),
    deliveries: Effect.sync(() => [...courier.deliveries]),
    violations: Effect.sync(() => bank.violations),
    clear: Effect.sync(() => {
      calls.length = 0
      courier.deliveries.length = 0
      bank.violations = 0
    }),
    pay: (id, payer) => attemptAsync(() => bank.pay(id, payer)),
    cancel: (id) => attemptAsync(() => bank.cancel(id)),
    expire: (id) => attemptAsync(() => bank.expire(id)),
    refund: (id) => attemptAsync(() => bank.refund(id)),
    resend: (id) => attemptAsync(() => webhooks.resend(bank.charge(id))),
    release: ({ reverse = false } = {}) => Effect.promise(() => courier.release(reverse)),
    onCharge: (hear) =>
      Effect.acquireRelease(
        Effect.sync(() => changed.listen(hear)),
        (stop) => Effect.sync(stop)
      ),
    waitForCharge: (predicate, timeoutMs = WAIT_MS) =>
      changed
        .collect(charges.values(), predicate, { count: 1, timeoutMs, what: "Cobranças esperadas" })
        .pipe(Effect.map(([first]) => first as Charge)),
    waitForCall: (predicate, timeoutMs = WAIT_MS) =>
      called
        .collect(calls, predicate, { count: 1, timeoutMs, what: "Chamadas esperadas ao PushinPay" })
        .pipe(Effect.map(([first]) => first as ApiCall)),
    waitForDelivery: (predicate, { count = 1, timeoutMs = WAIT_MS } = {}) =>
      courier.watch.collect(courier.deliveries, predicate, { count, timeoutMs, what: "Avisos esperados" }),
    fail: (fault) => Effect.sync(() => faults.arm(fault)),
    disarm: (fault) => Effect.sync(() => faults.disarm(fault)),
    clearFaults: Effect.sync(() => faults.clear())
  })
})
