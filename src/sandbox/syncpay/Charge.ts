import { randomUUID } from "node:crypto"
import { brCode } from "../pushinpay/emv.ts"
import type { NewCharge } from "./validate.ts"

export type ChargeStatus = "pending" | "completed" | "failed" | "refunded" | "med"

/** A charge as the stand-in keeps it: ids in lower case, money in centavos. */
export interface Charge {
  readonly id: string
  readonly code: string
  readonly valueCents: number
  readonly description: string | null
  readonly webhookUrl: string | null
  /** The customer's data, where the seller sent them. */
  readonly client: Readonly<Record<string, unknown>> | null
  readonly createdAt: Date
  updatedAt: Date
  paidAt: Date | null
  refundedAt: Date | null
  status: ChargeStatus
  endToEndId: string | null
  payerName: string | null
  payerDocument: string | null
  /** Monotonic times of the last status query, by version of the path. */
  readonly lastQueryAt: Map<string, number>
  queries: number
}

export const makeCharge = ({ client, description, valueCents, webhookUrl }: NewCharge): Charge => {
  const id = randomUUID()
  const now = new Date()
  return {
    id,
    code: brCode({ chargeId: id, valueCents, merchant: "LOJA SYNCPAY" }),
    valueCents,
    description,
    webhookUrl,
    client,
    createdAt: now,
    updatedAt: now,
    paidAt: null,
    refundedAt: null,
    status: "pending",
    endToEndId: null,
    payerName: null,
    payerDocument: null,
    lastQueryAt: new Map(),
    queries: 0
  }
}
