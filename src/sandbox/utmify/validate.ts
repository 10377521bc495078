type Problems = Record<string, string>

const statuses = ["waiting_payment", "paid", "refused", "refunded", "chargedback"]
const methods = ["credit_card", "boleto", "pix", "paypal", "free_price"]
const currencies = ["BRL", "USD", "EUR", "GBP", "ARS", "CAD", "COP", "MXN", "PYG", "CLP", "PEN", "PLN"]
const instant = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/

type Check = (value: unknown) => string | undefined

const text: Check = (value) => (typeof value === "string" && value !== "" ? undefined : "must be a string")
const whole: Check = (value) => (Number.isInteger(value) && Number(value) >= 0 ? undefined : "must be an integer")
const flag: Check = (value) => (typeof value === "boolean" ? undefined : "must be a boolean")
const at: Check = (value) =>
  typeof value === "string" && instant.test(value) && !Number.isNaN(Date.parse(`${value.replace(" ", "T")}Z`))
    ? undefined
    : "must be a date as YYYY-MM-DD HH:MM:SS"
const oneOf =
  (words: ReadonlyArray<string>): Check =>
  (value) =>
    words.includes(value as string) ? undefined : `must be one of ${words.join(", ")}`
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null ? undefined : check(value)

type Fields = Readonly<Record<string, Check | readonly ["optional", Check]>>

const order: Fields = {
  orderId: text,
  platform: text,
  paymentMethod: oneOf(methods),
  status: oneOf(statuses),
  createdAt: at,
  approvedDate: orNull(at),
  refundedAt: orNull(at),
  isTest: ["optional", flag]
}
const customer: Fields = {
  name: text,
  email: text,
  phone: orNull(text),
  document: orNull(text),
  country: ["optional", (value) => (/^[A-Z]{2}$/.test(String(value)) ? undefined : "must be ISO 3166-1 alpha-2")],
  ip: ["optional", text]
}
const product: Fields = {
  id: text,
  name: text,
  planId: orNull(text),
  planName: orNull(text),
  quantity: whole,
  priceInCents: whole
}
const tracking: Fields = Object.fromEntries(
  ["src", "sck", "utm_source", "utm_campaign", "utm_medium", "utm_content", "utm_term"].map((key) => [
    key,
    orNull(text)
  ])
)
const commission: Fields = {
  totalPriceInCents: whole,
  gatewayFeeInCents: whole,
  userCommissionInCents: whole,
  currency: ["optional", oneOf(currencies)]
}

/** Every faulty field with what is wrong with it, as UTMify answers it; none for a good order. */
export const problemsOf = (body: Readonly<Record<string, unknown>>): Problems => {
  const problems: Problems = {}
  look(problems, body, order, "")
  inside(problems, body, "customer", customer)
  inside(problems, body, "trackingParameters", tracking)
  inside(problems, body, "commission", commission)
  const products = body["products"]
  if (!Array.isArray(products) || products.length === 0) problems["products"] = "products must be an array"
  else products.forEach((one, index) => look(problems, asFields(one), product, `products[${index}].`))
  return problems
}

const inside = (problems: Problems, body: Readonly<Record<string, unknown>>, key: string, fields: Fields) => {
  if (typeof body[key] !== "object" || body[key] === null) problems[key] = `${key} is required`
  else look(problems, asFields(body[key]), fields, `${key}.`)
}

const asFields = (value: unknown) =>
  (typeof value === "object" && value !== null ? value : {}) as Readonly<Record<string, unknown>>

const look = (problems: Problems, value: Readonly<Record<string, unknown>>, fields: Fields, prefix: string) => {
  for (const [key, rule] of Object.entries(fields)) {
    const path = `${prefix}${key}`
    const optional = typeof rule !== "function"
    const check = optional ? rule[1] : rule
    if (!(key in value)) {
      if (!optional) problems[path] = `${path} is required`
      continue
    }
    const fault = check(value[key])
    // The one text of theirs that is known word for word.
    if (fault !== undefined) problems[path] = value[key] === null ? `${path} cannot be null` : `${path} ${fault}`
  }
}
