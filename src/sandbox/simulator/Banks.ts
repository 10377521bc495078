import { Effect, type Scope } from "effect"
import type { Charge as PushinPayCharge } from "../pushinpay/Charge.ts"
import { Sandbox } from "../Sandbox.ts"
import { type SandboxError, unknown } from "../SandboxError.ts"
import type { Charge as SyncPayCharge } from "../syncpay/Charge.ts"

/** A charge as the buyer's bank shows it, whichever gateway made it. */
export interface BankCharge {
  readonly gateway: "pushinpay" | "syncpay"
  readonly gatewayName: string
  readonly id: string
  readonly code: string
  readonly valueCents: number
  readonly state: "open" | "paid" | "over" | "refunded"
}

export type Move = "pay" | "expire" | "refund"

export interface Banks {
  readonly charges: Effect.Effect<ReadonlyArray<BankCharge>>
  /** Answers when the gateway has told the seller, or has tried to. */
  readonly move: (gateway: string, id: string, move: Move) => Effect.Effect<void, SandboxError>
  readonly onCharge: (hear: () => void) => Effect.Effect<void, never, Scope.Scope>
}

/** The fake gateways seen from the buyer's side. */
export const makeBanks = Effect.gen(function* () {
  const { pushinpay, syncpay } = yield* Sandbox
  const moves: Record<string, Record<Move, (id: string) => Effect.Effect<void, SandboxError>>> = {
    pushinpay: {
      pay: (id) => pushinpay.pay(id),
      // PushinPay tells nobody that a charge ran out; its panel can send the notice, so that nobody has to wait here.
      expire: (id) => Effect.andThen(pushinpay.expire(id), pushinpay.resend(id)),
      refund: (id) => pushinpay.refund(id)
    },
    syncpay: {
      pay: (id) => syncpay.pay(id),
      expire: (id) => syncpay.refuse(id),
      refund: (id) => syncpay.refund(id)
    }
  }
  return {
    charges: Effect.gen(function* () {
      return [...(yield* pushinpay.charges).map(ofPushinPay), ...(yield* syncpay.charges).map(ofSyncPay)]
    }),
    move: (gateway, id, move) => moves[gateway]?.[move](id) ?? Effect.fail(unknown("Esse gateway não existe.")),
    onCharge: (hear) => Effect.andThen(pushinpay.onCharge(hear), syncpay.onCharge(hear))
  } satisfies Banks
})

const ofPushinPay = ({ id, code, valueCents, status, endToEndId }: PushinPayCharge): BankCharge => ({
  gateway: "pushinpay",
  gatewayName: "PushinPay",
  id,
  code,
  valueCents,
  // PushinPay has no word of its own for a refund: a paid charge becomes "canceled".
  state: status === "created" ? "open" : status === "paid" ? "paid" : endToEndId === null ? "over" : "refunded"
})

const ofSyncPay = ({ id, code, valueCents, status }: SyncPayCharge): BankCharge => ({
  gateway: "syncpay",
  gatewayName: "SyncPay",
  id,
  code,
  valueCents,
  state: ({ pending: "open", completed: "paid", failed: "over", refunded: "refunded", med: "refunded" } as const)[
    status
  ]
})
