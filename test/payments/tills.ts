import { Context, Effect, Layer, Option } from "effect"
import type { CourierSettings } from "../../src/sandbox/Courier.ts"
import type { FaultAnswer } from "../../src/sandbox/Faults.ts"
import { SandboxPushinPay } from "../../src/sandbox/pushinpay/SandboxPushinPay.ts"
import type { SandboxError } from "../../src/sandbox/SandboxError.ts"
import { SandboxSyncPay } from "../../src/sandbox/syncpay/SandboxSyncPay.ts"
import { payments, syncPayments } from "./room.ts"

/** What the conformance suite lets every stand-in do, by the same names. */
export type TillOptions = Partial<CourierSettings> & {
  readonly autoPay?: "before-response"
  readonly latencyMs?: number
  readonly queryWindowMs?: number
}

export interface TillCharge {
  readonly id: string
  readonly code: string
  readonly valueCents: number
  readonly webhookUrl: string | null
  readonly queries: number
}

type Act = (id: string) => Effect.Effect<void, SandboxError>

/** The buyers' and the gateway's side of a gateway under test. */
export class Till extends Context.Service<
  Till,
  {
    readonly charges: Effect.Effect<ReadonlyArray<TillCharge>>
    readonly charge: (id: string) => Effect.Effect<TillCharge, SandboxError>
    readonly configure: (options: TillOptions) => Effect.Effect<void>
    readonly release: (options: { readonly reverse: boolean }) => Effect.Effect<void>
    readonly pay: Act
    readonly refund: Act
    readonly dispute: Option.Option<Act>
    /** How often the gateway's own rule for questions was broken. */
    readonly violations: Effect.Effect<number>
    readonly failNext: (operation: "create" | "query", answer: FaultAnswer) => Effect.Effect<number>
    /** From now on nobody's credential is good. */
    readonly revoke: Effect.Effect<void>
    /** A webhook that says `paid`, as anybody could write it. */
    readonly forged: (id: string, cents: number) => { readonly body: string; readonly type: string }
  }
>()("test/payments/Till") {}

const pushinPay = Effect.map(SandboxPushinPay, (bank) =>
  Till.of({
    ...bank,
    dispute: Option.none(),
    failNext: (operation, answer) => bank.fail({ operation, answer }),
    revoke: bank.configure({ token: "outro" }),
    forged: (id, cents) => ({
      body: `id=${id}&status=paid&value=${cents}&end_to_end_id=E1`,
      type: "application/x-www-form-urlencoded"
    })
  })
)

const syncPay = Effect.map(SandboxSyncPay, (bank) =>
  Till.of({
    ...bank,
    dispute: Option.some(bank.dispute),
    failNext: (operation, answer) => bank.fail({ operation, answer }),
    revoke: Effect.andThen(bank.configure({ clientSecret: "outro" }), bank.revokeTokens),
    forged: (id, cents) => ({
      body: JSON.stringify({ data: { idtransaction: id, status: "PAID_OUT", amount: cents / 100 } }),
      type: "application/json"
    })
  })
)

type Rooms = ReturnType<typeof payments>

export interface GatewayUnderTest {
  readonly name: string
  /** Within which a payment is found when no webhook comes (contract, section 8). */
  readonly deadlineSeconds: number
  /** The gateway's own rule: two questions about one charge are never closer together. */
  readonly ruleSeconds: number
  readonly room: (
    options: TillOptions
  ) => Layer.Layer<Till | Exclude<Layer.Success<Rooms>, SandboxPushinPay>, Layer.Error<Rooms>>
}

/** Every gateway of the service with its stand-in. A new one is added here, and nowhere else in the suite. */
export const gatewaysUnderTest: ReadonlyArray<GatewayUnderTest> = [
  {
    name: "pushinpay",
    deadlineSeconds: 75,
    ruleSeconds: 60,
    room: (bank) => Layer.provideMerge(Layer.effect(Till, pushinPay), payments({ bank }))
  },
  {
    name: "syncpay",
    deadlineSeconds: 30,
    ruleSeconds: 20,
    room: (bank) => Layer.provideMerge(Layer.effect(Till, syncPay), syncPayments({ bank }))
  }
]
