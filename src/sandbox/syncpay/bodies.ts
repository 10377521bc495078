import { randomUUID } from "node:crypto"
import type { Charge, ChargeStatus } from "./Charge.ts"
import type { Settings } from "./Options.ts"

type Body = Record<string, unknown>

const reais = (cents: number): number => cents / 100

const micros = (date: Date): string => date.toISOString().replace("Z", "000Z")

const seconds = (date: Date): string => date.toISOString().replace("T", " ").slice(0, 19)

const netOf = ({ valueCents }: Charge, { feeCents }: Settings): number => Math.max(valueCents - feeCents, 0)

const wasPaid = ({ paidAt }: Charge): boolean => paidAt !== null

/** The answer of `POST /cash-in`: no picture of the code. */
export const createdBody = (charge: Charge, { wrapAnswers }: Settings): Body => {
  const body = {
    message: "Cashin request successfully submitted",
    pix_code: charge.code,
    identifier: charge.id
  }
  return wrapAnswers ? { data: body } : body
}

/** Its id, or another one that was derived from it once and for all. */
const referenceOf = ({ id }: Charge, { otherReference }: Settings): string =>
  otherReference ? `ffffffff${id.slice(8)}` : id

/** The answer of `GET /api/partner/v1/transaction/{id}`. */
export const v1Body = (charge: Charge, settings: Settings): Body => ({
  data: {
    reference_id: referenceOf(charge, settings),
    currency: "BRL",
    amount: reais(charge.valueCents),
    transaction_date: micros(charge.createdAt),
    status: charge.status,
    description: charge.description,
    pix_code: charge.code
  }
})

/** The answer of `GET /api/partner/v2/transactions/{id}`. */
export const v2Body = (charge: Charge, settings: Settings): Body => ({
  data: { transaction: transactionOf(charge, settings, null) }
})

const OLD_WORDS: Record<ChargeStatus, string> = {
  pending: "WAITING_FOR_APPROVAL",
  completed: "PAID_OUT",
  failed: "FAILED",
  refunded: "REFUNDED",
  med: "MED"
}

/** Contract A, to the address of a charge: under `data`, with the field names of the first system. */
export const contractA = (charge: Charge, settings: Settings): Body => ({
  data: {
    id: String(Number.parseInt(charge.id.slice(0, 6), 16)),
    idtransaction: charge.id,
    externalreference: randomUUID(),
    status: OLD_WORDS[charge.status],
    amount: reais(charge.valueCents),
    deposito_liquido: reais(netOf(charge, settings)),
    taxa_deposito: reais(settings.feeCents),
    taxa_adquirente: 0.1,
    adquirente_ref: "sandbox",
    user_id: settings.clientId,
    client_name: charge.payerName,
    client_email: null,
    client_document: charge.payerDocument,
    paymentcode: charge.code,
    paymentCodeBase64: null,
    data_registro: seconds(charge.createdAt),
    checkout: { utm_source: null, utm_medium: null, utm_campaign: null, utm_content: null, utm_term: null }
  }
})

/** Contract B, to registered addresses, in its older or newer form. */
export const contractB = (charge: Charge, settings: Settings): Body => {
  const old = settings.cashinShape === "old"
  const amount = (cents: number) => (old ? reais(cents) : reais(cents).toFixed(2))
  const time = old ? seconds : micros
  const fields = {
    id: charge.id,
    client: { name: charge.payerName, email: null, document: charge.payerDocument },
    pix_code: charge.code,
    amount: amount(charge.valueCents),
    final_amount: amount(netOf(charge, settings)),
    currency: "BRL",
    status: charge.status,
    payment_method: "PIX",
    created_at: time(charge.createdAt),
    updated_at: time(charge.updatedAt),
    ...(wasPaid(charge) ? { end_to_end: charge.endToEndId, debtor_account: null } : {})
  }
  return old ? { data: fields } : fields
}

/** A withdrawal, which looks much like a payment: it has a PIX key and no client. */
export const cashOut = (valueCents: number, { cashinShape }: Settings): Body => {
  const fields = {
    id: randomUUID(),
    pix_key: "sandbox@exemplo.invalid",
    pix_type: "EMAIL",
    amount: reais(valueCents),
    final_amount: reais(valueCents),
    currency: "BRL",
    status: "completed",
    payment_method: "PIX",
    created_at: micros(new Date()),
    updated_at: micros(new Date())
  }
  return cashinShape === "old" ? { data: fields } : fields
}

const NEW_WORDS: Record<ChargeStatus, string> = {
  pending: "pending",
  completed: "completed",
  failed: "refused",
  refunded: "refunded",
  med: "chargedback"
}

const transactionOf = (charge: Charge, settings: Settings, previous: ChargeStatus | null): Body => ({
  reference_id: referenceOf(charge, settings),
  status: NEW_WORDS[charge.status],
  previous_status: previous === null ? null : NEW_WORDS[previous],
  payment_method: "pix",
  origin: "api",
  description: charge.description,
  currency: "BRL",
  amount: reais(charge.valueCents),
  net_amount: reais(netOf(charge, settings)),
  refused_reason: charge.status === "failed" ? "refused" : null,
  end_to_end_id: charge.endToEndId,
  created_at: charge.createdAt.toISOString(),
  updated_at: charge.updatedAt.toISOString(),
  paid_at: charge.paidAt?.toISOString() ?? null,
  refunded_at: charge.refundedAt?.toISOString() ?? null
})

/** Contract C, to registered addresses, signed. */
export const contractC = (charge: Charge, settings: Settings, previous: ChargeStatus | null): Body => ({
  event: previous === null ? "transaction.created" : "transaction.updated",
  event_id: randomUUID(),
  occurred_at: charge.updatedAt.toISOString(),
  api_version: "2026-08-16",
  transaction: transactionOf(charge, settings, previous),
  customer: {
    reference_id: randomUUID(),
    name: charge.payerName,
    email: null,
    document: charge.payerDocument,
    phone: null
  },
  checkout: null,
  payment: { pix: { code: charge.code }, card: null },
  tracking: { utm: {}, client_ip: null, user_agent: null }
})
