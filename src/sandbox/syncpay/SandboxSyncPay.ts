import { Context, Effect, Layer, type Scope } from "effect"
import type { Delivery } from "../Courier.ts"
import { control } from "../http/control.ts"
import { listen, type ListenOptions } from "../http/listen.ts"
import { attempt, attemptAsync, type SandboxError } from "../SandboxError.ts"
import { type ApiCall, Bank, type Payer } from "./Bank.ts"
import type { Charge } from "./Charge.ts"
import { controlRoutes } from "./controlRoutes.ts"
import type { Fault } from "./Faults.ts"
import type { Hook } from "./Hooks.ts"
import type { Options } from "./Options.ts"
import { syncPayHandler } from "./server.ts"

/** A local stand-in for SyncPay, and the hand of the buyers who pay. Charges are found by id in any case. */
export class SandboxSyncPay extends Context.Service<
  SandboxSyncPay,
  {
    /** `http://127.0.0.1:<port>`; SYNCPAY_URL. */
    readonly url: string
    /** The credential it accepts now. */
    readonly credential: Effect.Effect<{ readonly clientId: string; readonly clientSecret: string }>
    readonly configure: (options: Options) => Effect.Effect<void>

    readonly charges: Effect.Effect<ReadonlyArray<Charge>>
    readonly charge: (id: string) => Effect.Effect<Charge, SandboxError>
    readonly calls: Effect.Effect<ReadonlyArray<ApiCall>>
    readonly deliveries: Effect.Effect<ReadonlyArray<Delivery>>
    /** Webhooks of the whole account, with their tokens. */
    readonly webhooks: Effect.Effect<ReadonlyArray<Hook>>
    /** Queries that came too soon. */
    readonly violations: Effect.Effect<number>
    readonly tokensIssued: Effect.Effect<number>
    /** Forgets requests, deliveries and violations; charges, tokens and webhooks stay. */
    readonly clear: Effect.Effect<void>

    /** Each of these answers when the first attempts of its webhooks are over. */
    readonly pay: (id: string, payer?: Payer) => Effect.Effect<void, SandboxError>
    readonly refuse: (id: string) => Effect.Effect<void, SandboxError>
    readonly refund: (id: string) => Effect.Effect<void, SandboxError>
    /** MED: the payer disputes the transfer. */
    readonly dispute: (id: string) => Effect.Effect<void, SandboxError>
    /** Sends the webhooks of the present status again. */
    readonly resend: (id: string) => Effect.Effect<void, SandboxError>
    /** The seller takes money out; those who listen to everything hear of it. */
    readonly withdraw: (valueCents: number) => Effect.Effect<void>
    /** Sends what `holdWebhooks` held back, the last first when `reverse` is given. */
    readonly release: (options?: { readonly reverse?: boolean }) => Effect.Effect<void>
    /** Registers a webhook as a seller does in the panel. */
    readonly register: (url: string, event: string) => Effect.Effect<Hook>
    /** Tokens given out so far are refused from now on. */
    readonly revokeTokens: Effect.Effect<void>

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
>()("funil/sandbox/SandboxSyncPay") {
  static readonly layerWith = (options: Options & ListenOptions): Layer.Layer<SandboxSyncPay, SandboxError> =>
    Layer.effect(
      SandboxSyncPay,
      Effect.suspend(() => make(options))
    )

  static readonly layer = SandboxSyncPay.layerWith({})
}

const WAIT_MS = 10_000

const make = Effect.fnUntraced(function* (options: Options & ListenOptions) {
  const bank = yield* Effect.acquireRelease(
    Effect.sync(() => new Bank(options)),
    (made) => Effect.sync(() => made.close())
  )
  const url = yield* listen(syncPayHandler(bank, control(controlRoutes(bank))), options)
  const { charges, changed, called, calls, webhooks, faults, tokens, settings } = bank
  const { courier, hooks } = webhooks

  return SandboxSyncPay.of({
    url,
    credential: Effect.sync(() => ({ clientId: settings.clientId, clientSecret: settings.clientSecret })),
    configure: (changes) => Effect.sync(() => void Object.assign(settings, changes)),
    charges: Effect.sync(() => [...charges.values()]),
    charge: (id) => attempt(() => bank.charge(id)),
    calls: Effect.sync(() => [...calls]),
    deliveries: Effect.sync(() => [...courier.deliveries]),
    webhooks: Effect.sync(() => [...hooks.all.values()]),
    violations: Effect.sync(() => bank.violations),
    tokensIssued: Effect.sync(() => tokens.issued),
    clear: Effect.sync(() => {
      calls.length = 0
      courier.deliveries.length = 0
      bank.violations = 0
    }),
    pay: (id, payer) => attemptAsync(() => bank.pay(id, payer)),
    refuse: (id) => attemptAsync(() => bank.refuse(id)),
    refund: (id) => attemptAsync(() => bank.refund(id)),
    dispute: (id) => attemptAsync(() => bank.dispute(id)),
    resend: (id) => attemptAsync(() => webhooks.resend(bank.charge(id))),
    withdraw: (valueCents) => Effect.promise(() => webhooks.cashOut(valueCents)),
    release: ({ reverse = false } = {}) => Effect.promise(() => courier.release(reverse)),
    register: (hookUrl, event) => Effect.sync(() => hooks.add({ url: hookUrl, event, title: "Painel" })),
    revokeTokens: Effect.sync(() => tokens.revoke()),
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
        .collect(calls, predicate, { count: 1, timeoutMs, what: "Chamadas esperadas à SyncPay" })
        .pipe(Effect.map(([first]) => first as ApiCall)),
    waitForDelivery: (predicate, { count = 1, timeoutMs = WAIT_MS } = {}) =>
      courier.watch.collect(courier.deliveries, predicate, { count, timeoutMs, what: "Avisos esperados" }),
    fail: (fault) => Effect.sync(() => faults.arm(fault)),
    disarm: (fault) => Effect.sync(() => faults.disarm(fault)),
    clearFaults: Effect.sync(() => faults.clear())
  })
})
