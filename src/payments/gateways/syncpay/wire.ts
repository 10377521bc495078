import type { Charge, ChargeState } from "../../PaymentGateway.ts"
import { type Fields, idField, isFields, textField } from "../fields.ts"
import { reaisField } from "../reais.ts"
import { statusOf } from "./status.ts"

/** More events than this in one body are no honest webhook. */
const maxEvents = 50

/** The answer to a new charge; `undefined` when it does not hold a charge. */
export const readCharge = (body: unknown): Charge | undefined => {
  const fields = unwrap(body)
  const id = idOf(fields) ?? idField(fields["id"])
  const pixCode = firstText(fields, ["pix_code", "paymentCode", "paymentcode", "copy_paste", "qr_code"], 1000)
  return id === undefined || pixCode === undefined
    ? undefined
    : { id, pixCode, rawStatus: textField(fields["status"], 50) ?? "pending" }
}

/** `{"success": false}` with a friendly status. */
export const saysNo = (body: unknown): boolean => isFields(body) && body["success"] === false

/**
 * The state in a query answer or a webhook; `undefined` when the body speaks of no charge, or of an amount that is no
 * amount. All three webhook contracts and both query versions come down to the same fields under different names.
 */
export const readState = (body: unknown, event = ""): ChargeState | undefined => {
  const fields = unwrap(body)
  const infraction = event.startsWith("infraction")
  const rawStatus = infraction ? "infraction" : textField(fields["status"], 50)
  const valueCents = reaisField(fields["amount"])
  if (rawStatus === undefined || (valueCents === undefined && isThere(fields["amount"]))) return undefined
  const buyer = buyerOf(body, fields)
  return {
    id: idOf(fields) ?? uuidField(fields["id"]),
    status: statusOf(rawStatus, isThere(fields["paid_at"]), isThere(fields["refunded_at"])),
    rawStatus,
    valueCents,
    ...moneyOf(valueCents, fields),
    endToEndId: firstText(fields, ["end_to_end_id", "end_to_end"], 64),
    payerName: textField(fields["client_name"]) ?? textField(buyer["name"]),
    payerDocument: textField(fields["client_document"], 50) ?? textField(buyer["document"], 50)
  }
}

/** What a query says. The id it names is sometimes another one than the charge was made under, so it proves nothing. */
export const readAnswer = (body: unknown): ChargeState | undefined => {
  const state = readState(body)
  return state === undefined ? undefined : { ...state, id: undefined }
}

/** `header` is the event as the headers name it: a withdrawal looks much like a payment in its body. */
export const readEvents = (body: Uint8Array, header: string | undefined): ReadonlyArray<ChargeState> => {
  const parsed = parseJson(new TextDecoder().decode(body).trim())
  const items: ReadonlyArray<unknown> = Array.isArray(parsed) ? parsed.slice(0, maxEvents) : [parsed]
  return items.flatMap((item) => {
    const event = (header ?? (isFields(item) ? textField(item["event"], 100) : undefined) ?? "").toLowerCase()
    const state = isWithdrawal(event) || looksLikeWithdrawal(item) ? undefined : readState(item, event)
    return state === undefined ? [] : [state]
  })
}

/** Money that the seller takes out of the account: once, one was counted as a sale. */
export const isWithdrawal = (event: string): boolean => event.startsWith("cashout")

const looksLikeWithdrawal = (body: unknown): boolean => {
  const fields = unwrap(body)
  return isThere(fields["pix_key"]) || isThere(fields["pix_type"])
}

/** `data.transaction`, `transaction`, `data` or the body itself. */
const unwrap = (body: unknown): Fields => {
  if (!isFields(body)) return {}
  const inner = isFields(body["data"]) ? body["data"] : body
  return isFields(inner["transaction"]) ? inner["transaction"] : inner
}

const buyerOf = (body: unknown, fields: Fields): Fields => {
  const customer = isFields(body) ? body["customer"] : undefined
  return [fields["client"], fields["customer"], customer].find(isFields) ?? {}
}

const idOf = (fields: Fields): string | undefined =>
  ["identifier", "idtransaction", "transaction_id", "reference_id"]
    .map((name) => idField(fields[name]))
    .find((id) => id !== undefined)

/** The oldest contract has a number of its own under `id`; where it is the charge's, it is a UUID. */
const uuidField = (value: unknown): string | undefined => {
  const id = idField(value)
  return id !== undefined && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id) ? id : undefined
}

/** SyncPay tells what it charged only as the difference between gross and net. */
const moneyOf = (valueCents: number | undefined, fields: Fields) => {
  const netCents = ["net_amount", "final_amount", "deposito_liquido"]
    .map((name) => reaisField(fields[name]))
    .find((cents) => cents !== undefined)
  return netCents === undefined || valueCents === undefined || netCents > valueCents
    ? {}
    : { netCents, feeCents: valueCents - netCents }
}

const firstText = (fields: Fields, names: ReadonlyArray<string>, maxLength: number): string | undefined =>
  names.map((name) => textField(fields[name], maxLength)).find((text) => text !== undefined)

const isThere = (value: unknown): boolean => value !== undefined && value !== null && value !== ""

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
