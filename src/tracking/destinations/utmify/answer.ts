import { Option, Schema } from "effect"
import type { OutboxOutcome } from "../../Outbox.ts"
import type { Answer } from "../http.ts"

const passing = new Set([408, 425, 429])

/** What UTMify's answer means; only the status is documented well enough to be relied on (facts/tracking, A.9). */
export const outcomeOf = (answer: Answer): OutboxOutcome => {
  const { status } = answer
  if (status >= 200 && status < 300) return { _tag: "Sent" }
  // 404 is their word for a credential they do not know, not for an address.
  if (status === 404 || status === 401 || status === 403) {
    return {
      _tag: "Away",
      reason: "a UTMify não conhece a credencial (variável UTMIFY_TOKEN); crie outra lá",
      alarm: true
    }
  }
  if (status === 429) {
    return { _tag: "Away", reason: "a UTMify pediu para esperar", afterSeconds: answer.retryAfterSeconds ?? 60 }
  }
  if (passing.has(status) || status >= 500 || status < 400) {
    return { _tag: "Away", reason: `a UTMify não está atendendo (resposta ${status})` }
  }
  const faults = faultsOf(answer.body)
  return {
    _tag: "Failed",
    reason: `a UTMify recusou o pedido (resposta ${status})${faults === "" ? "" : `: ${faults}`}`
  }
}

const FieldTexts = Schema.Record(Schema.String, Schema.Unknown)
const decodeBody = Schema.decodeUnknownOption(
  Schema.Struct({ data: Schema.optionalKey(Schema.Unknown), message: Schema.optionalKey(Schema.Unknown) })
)
const decodeFields = Schema.decodeUnknownOption(FieldTexts)

/** The names of the faulty fields: their texts may repeat what was sent. Where the map stands is not documented. */
const faultsOf = (body: unknown): string => {
  const parts = Option.getOrUndefined(decodeBody(body))
  const fields = [parts?.data, parts?.message].flatMap((part) =>
    Object.keys(Option.getOrElse(decodeFields(part), () => ({})))
  )
  return fields
    .filter((name) => /^[\w.[\]]{1,60}$/.test(name) && name !== "type")
    .slice(0, 10)
    .join(", ")
}
