import { Effect, Layer } from "effect"
import { type OutboxBatch, type OutboxHandler, OutboxHandlers } from "../tracking/Outbox.ts"
import { ReportHandlers } from "../tracking/ReportHandlers.ts"
import { makeExpiry } from "./deliveries/expiry.ts"
import { failed } from "./deliveries/outcomes.ts"
import { makeProduct } from "./deliveries/product.ts"
import { makeInvitation } from "./deliveries/invitation.ts"
import { makeWithdrawal } from "./deliveries/withdrawal.ts"

/**
 * What payments have to say in Telegram, the outbox's `telegram` destination, by the name of what happened; beside it
 * those who only hear of it.
 */
export const DeliveryLayer = Layer.effect(
  OutboxHandlers,
  Effect.gen(function* () {
    const reports = yield* ReportHandlers
    const handlers: Readonly<Record<string, OutboxHandler>> = {
      delivery: yield* makeProduct,
      vip_access: yield* makeInvitation,
      access_withdrawal: yield* makeWithdrawal,
      pix_expired: yield* makeExpiry
    }
    const deliver: OutboxHandler = (row, hold) =>
      handlers[row.eventName]?.(row, hold) ?? Effect.succeed(failed(`ninguém sabe entregar "${row.eventName}"`))
    return new Map<string, OutboxHandler | OutboxBatch>([...reports, ["telegram", deliver]])
  })
)
