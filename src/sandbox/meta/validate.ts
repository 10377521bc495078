import type { Fields } from "./Dataset.ts"

/** What Meta answers to an event it does not take, by code and subcode. */
export interface Refusal {
  readonly message: string
  readonly code: number
  readonly subcode?: number
  readonly title?: string
}

const sources = new Set([
  "email",
  "website",
  "app",
  "phone_call",
  "chat",
  "physical_store",
  "system_generated",
  "business_messaging",
  "other"
])
const known = new Set([
  "event_name",
  "event_time",
  "event_id",
  "action_source",
  "user_data",
  "custom_data",
  "event_source_url",
  "referrer_url",
  "opt_out",
  "original_event_data",
  "customer_segmentation",
  "data_processing_options",
  "data_processing_options_country",
  "data_processing_options_state",
  "app_data"
])
const weekSeconds = 7 * 86_400

/** Each of these sets says too little of a person, alone or in part (facts/tracking, B.3). */
const tooLittle = [
  ["ct", "country", "st", "zp", "ge", "client_user_agent"],
  ["db", "client_user_agent"],
  ["fn", "ge"],
  ["ln", "ge"]
]

const invalid = (message: string): Refusal => ({ code: 100, message })

const asFields = (value: unknown): Fields | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined

/** Why this event is refused, or undefined. `index` is its place in the request. */
export const refusalOf = (value: unknown, index: number): Refusal | undefined => {
  const event = asFields(value)
  if (event === undefined) return invalid(`Param data[${index}] must be an object`)
  const strange = Object.keys(event).find((key) => !known.has(key))
  if (strange !== undefined) return invalid(`Unexpected key "${strange}" on param "$['data'][${index}]"`)
  if (typeof event["event_name"] !== "string" || event["event_name"] === "") return invalid("event_name is required")
  const seconds = event["event_time"]
  if (!Number.isInteger(seconds) || String(seconds).length > 11) return invalid("event_time must be Unix seconds")
  if (!sources.has(String(event["action_source"]))) return invalid("action_source is not valid")
  if (Number(seconds) < Date.now() / 1000 - weekSeconds) {
    return { code: 100, subcode: 2_804_003, message: "Invalid parameter", title: "Event Timestamp Too Old" }
  }
  const traits = Object.keys(asFields(event["user_data"]) ?? {})
  if (traits.length === 0 || tooLittle.some((set) => traits.every((trait) => set.includes(trait)))) {
    const title = "You haven't added sufficient customer information parameter data for this event"
    return { code: 100, subcode: 2_804_050, message: "Invalid parameter", title }
  }
  if (event["custom_data"] === null) return invalid("custom_data must be an object")
  const custom = asFields(event["custom_data"])
  if (event["event_name"] === "Purchase" && !(Number(custom?.["value"]) > 0 && custom?.["currency"] !== undefined)) {
    return { code: 100, subcode: 2_804_019, message: "Invalid parameter", title: "Value or currency missing" }
  }
  return undefined
}

const mustBeHashed = ["em", "ph", "fn", "ln", "db", "ge", "ct", "st", "zp", "country", "external_id"]
const hash = /^[0-9a-f]{64}$/
const ofNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
const envelope = /^fb\.\d\.\d{13}\.[^.]+(\.[^.]+)?$/

/** What Meta takes and cannot use, or uses wrongly. */
export const notesOf = (event: Fields): ReadonlyArray<string> => {
  const user = asFields(event["user_data"]) ?? {}
  const notes: Array<string> = []
  for (const key of mustBeHashed) {
    for (const value of [user[key]].flat()) {
      if (value === undefined) continue
      if (!hash.test(String(value))) notes.push(`${key} is not hashed`)
      if (value === ofNothing) notes.push(`${key} is the hash of nothing`)
    }
  }
  for (const key of ["fbp", "fbc"]) {
    if (user[key] !== undefined && !envelope.test(String(user[key]))) notes.push(`${key} is malformed`)
  }
  for (const key of ["client_ip_address", "client_user_agent"]) {
    if (hash.test(String(user[key]))) notes.push(`${key} must not be hashed`)
  }
  if (event["action_source"] === "website") {
    if (user["client_user_agent"] === undefined) notes.push("website without client_user_agent")
    if (event["event_source_url"] === undefined) notes.push("website without event_source_url")
  }
  if (event["event_id"] === undefined) notes.push("no event_id")
  return notes
}
