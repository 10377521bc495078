import type { Charge, ChargeState } from "../../PaymentGateway.ts"
import { centsField, type Fields, idField, isFields, textField } from "../fields.ts"
import { statusOf } from "./status.ts"

/** More events than this in one body are no honest webhook. */
const maxEvents = 50

/** The answer to a new charge; `undefined` when it does not hold a charge. */
export const readCharge = (body: unknown): Charge | undefined => {
  const fields = unwrap(body)
  const id = idField(fields["id"])
  const pixCode = textField(fields["qr_code"], 1000)
  return id === undefined || pixCode === undefined
    ? undefined
    : { id, pixCode, rawStatus: textField(fields["status"], 50) ?? "created" }
}

/**
 * The state in a query answer or a webhook; `undefined` when the body speaks of no charge, or of a value that is no value:
 * it must not pass for one that names none.
 */
export const readState = (body: unknown): ChargeState | undefined => {
  const fields = unwrap(body)
  const rawStatus = textField(fields["status"], 50)
  const valueCents = centsField(fields["value"])
  if (rawStatus === undefined || (valueCents === undefined && isThere(fields["value"]))) return undefined
  const endToEndId = textField(fields["end_to_end_id"], 64)
  const feeCents = centsField(fields["fee"])
  return {
    id: idField(fields["id"]) ?? idField(fields["transaction_id"]),
    status: statusOf(rawStatus, endToEndId),
    rawStatus,
    valueCents,
    feeCents,
    netCents: feeCents !== undefined && valueCents !== undefined ? valueCents - feeCents : undefined,
    endToEndId,
    payerName: textField(fields["payer_name"]),
    payerDocument: textField(fields["payer_national_registration"], 50)
  }
}

/** Form data or JSON: sources disagree on which of the two PushinPay sends, so the first sign decides. */
export const readEvents = (body: Uint8Array): ReadonlyArray<ChargeState> => {
  const text = new TextDecoder().decode(body).trim()
  const parsed = text.startsWith("{") || text.startsWith("[") ? parseJson(text) : formFields(text)
  const items: ReadonlyArray<unknown> = Array.isArray(parsed) ? parsed.slice(0, maxEvents) : [parsed]
  return items.flatMap((item) => {
    const state = readState(item)
    return state === undefined ? [] : [state]
  })
}

const unwrap = (body: unknown): Fields => {
  if (!isFields(body)) return {}
  return isFields(body["data"]) && body["status"] === undefined ? body["data"] : body
}

const isThere = (value: unknown): boolean => value !== undefined && value !== null && value !== ""

const formFields = (text: string): Fields => Object.fromEntries(new URLSearchParams(text))

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
