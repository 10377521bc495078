import { randomInt, randomUUID } from "node:crypto"
import { brCode } from "./emv.ts"

export type ChargeStatus = "created" | "paid" | "canceled" | "expired"

export interface SplitRule {
  readonly value: number
  readonly account_id: string
}

/** A charge as the stand-in keeps it: ids in lower case, money in centavos. */
export interface Charge {
  readonly id: string
  readonly detailsId: string
  readonly code: string
  readonly valueCents: number
  readonly webhookUrl: string | null
  readonly splitRules: ReadonlyArray<SplitRule>
  readonly createdAt: Date
  updatedAt: Date
  status: ChargeStatus
  endToEndId: string | null
  payerName: string | null
  payerDocument: string | null
  /** Monotonic times of the status queries, of which one a minute is allowed. */
  lastQueryAt: number
  queries: number
}

export const makeCharge = (
  valueCents: number,
  webhookUrl: string | null,
  splitRules: ReadonlyArray<SplitRule>,
  codeLength: number
): Charge => {
  const id = randomUUID()
  const now = new Date()
  return {
    id,
    detailsId: randomUUID(),
    code: brCode({ chargeId: id, valueCents, minLength: codeLength }),
    valueCents,
    webhookUrl,
    splitRules,
    createdAt: now,
    updatedAt: now,
    status: "created",
    endToEndId: null,
    payerName: null,
    payerDocument: null,
    lastQueryAt: Number.NEGATIVE_INFINITY,
    queries: 0
  }
}

/** `E` + ISPB + UTC minute + 11 characters. */
export const endToEndId = (now: Date): string => {
  const minute = now.toISOString().replaceAll(/[-:T]/g, "").slice(0, 12)
  const tail = Array.from({ length: 11 }, () => ALPHABET[randomInt(ALPHABET.length)]).join("")
  return `E00000000${minute}${tail}`
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/** The answer of `POST /pix/cashIn`. */
export const createdBody = (charge: Charge, picture: string): Record<string, unknown> => ({
  id: charge.id,
  qr_code: charge.code,
  status: "created",
  value: charge.valueCents,
  webhook_url: charge.webhookUrl,
  qr_code_base64: picture,
  webhook: null,
  split_rules: charge.splitRules,
  end_to_end_id: null,
  payer_name: null,
  payer_national_registration: null
})

/** The answer of a query: other letters in the id, the value as text. */
export const queriedBody = (charge: Charge): Record<string, unknown> => ({
  id: charge.id.toUpperCase(),
  status: charge.status,
  value: String(charge.valueCents),
  description: "Pagamento PIX",
  payment_type: "pix",
  created_at: micros(charge.createdAt),
  updated_at: micros(charge.updatedAt),
  webhook_url: charge.webhookUrl,
  split_rules: charge.splitRules,
  fee: null,
  total: null,
  end_to_end_id: charge.endToEndId,
  payer_name: charge.payerName,
  payer_national_registration: charge.payerDocument,
  webhook: null,
  emails: null,
  pix_details: {
    id: charge.detailsId.toUpperCase(),
    expiration_date: "2081-06-23 02:31:34.997",
    emv: charge.code,
    created_at: micros(charge.createdAt),
    updated_at: micros(charge.createdAt)
  },
  transaction_product: []
})

const micros = (date: Date): string => date.toISOString().replace("Z", "000Z")
