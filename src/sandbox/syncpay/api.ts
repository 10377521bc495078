import { isReachable } from "../http/links.ts"
import type { Bank } from "./Bank.ts"
import { createdBody, v1Body, v2Body } from "./bodies.ts"
import type { Charge } from "./Charge.ts"
import type { Operation } from "./Faults.ts"
import { hookBody } from "./Hooks.ts"
import { validate } from "./validate.ts"

export interface Answer {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface Call {
  readonly operation: Operation
  readonly methods: ReadonlyArray<string>
  /** What stands behind the name in the path. */
  readonly id: string | undefined
  /** Of the query: `v1` or `v2`. */
  readonly version: string
}

type Params = Readonly<Record<string, unknown>>

const PARTNER = /^\/api\/partner\/(v[12])\/([a-z-]+)(?:\/([\w-]+))?$/

const unauthenticated: Answer = { status: 401, body: { message: "Unauthenticated." } }
const missing: Answer = { status: 404, body: { message: "Transaction not found." } }
const tooMany = (seconds: number): Answer => ({
  status: 429,
  body: { message: "Too Many Attempts." },
  headers: { "retry-after": String(seconds) }
})

/** Which call a path is; undefined when it is none. */
export const callOf = (path: string): Call | undefined => {
  const [, version = "", name, id] = PARTNER.exec(path) ?? []
  const call = (operation: Operation, methods: ReadonlyArray<string>): Call => ({ operation, methods, id, version })
  if (version === "v2") return name === "transactions" && id !== undefined ? call("query", ["GET"]) : undefined
  if (name === "transaction") return id === undefined ? undefined : call("query", ["GET"])
  if (name === "webhooks") return call("webhooks", id === undefined ? ["GET", "POST"] : ["PUT", "DELETE"])
  if (id !== undefined) return undefined
  if (name === "auth-token") return call("auth", ["POST"])
  return name === "cash-in" ? call("create", ["POST"]) : undefined
}

/** What is answered before anything is done. */
export const refusalOf = (bank: Bank, { operation }: Call, authorization: string | undefined): Answer | undefined => {
  const now = performance.now()
  if (operation === "auth") return bank.tokens.mayAsk(now) ? undefined : tooMany(60)
  return bank.tokens.accepts(authorization, now) ? undefined : unauthenticated
}

export const perform = async (bank: Bank, call: Call, method: string, params: Params): Promise<Answer> => {
  switch (call.operation) {
    case "auth":
      return exchange(bank, params)
    case "create":
      return create(bank, params)
    case "query":
      return query(bank, call)
    case "webhooks":
      return webhooks(bank, call, method, params)
  }
}

const exchange = ({ settings, tokens }: Bank, params: Params): Answer => {
  const { client_id: id, client_secret: secret } = params
  if (typeof id !== "string" || typeof secret !== "string") {
    const message = "O campo client_id é obrigatório."
    return { status: 422, body: { message, errors: { client_id: [message] } } }
  }
  if (id !== settings.clientId || secret !== settings.clientSecret) {
    return { status: 401, body: { message: "Invalid credentials." } }
  }
  const grant = tokens.issue(performance.now())
  return { status: 200, body: settings.wrapAnswers ? { data: grant } : grant }
}

const create = async (bank: Bank, params: Params): Promise<Answer> => {
  const { settings } = bank
  const request = validate(params, settings)
  if ("body" in request) return request
  const charge = bank.create(request)
  const { autoPay } = settings
  if (autoPay === "before-response") await bank.pay(charge.id)
  else if (autoPay !== null) bank.timers.after(autoPay, () => payUnlessPaid(bank, charge))
  return { status: 200, body: createdBody(charge, settings) }
}

const payUnlessPaid = (bank: Bank, charge: Charge): void => {
  if (charge.status === "pending") void bank.pay(charge.id)
}

const query = (bank: Bank, { id, version }: Call): Answer => {
  const { settings } = bank
  const charge = bank.charges.get((id ?? "").toLowerCase())
  if (charge === undefined || (settings.queryVersion !== "both" && settings.queryVersion !== version)) return missing
  const inTime = bank.mayQuery(charge, version, performance.now())
  if (!inTime && settings.enforceQueryRate) return tooMany(Math.ceil(settings.queryWindowMs / 1000))
  return { status: 200, body: version === "v1" ? v1Body(charge, settings) : v2Body(charge, settings) }
}

const webhooks = ({ settings, webhooks: { hooks } }: Bank, { id }: Call, method: string, params: Params): Answer => {
  if (method === "GET") {
    const data = [...hooks.all.values()].map((hook) => hookBody(hook, false))
    return { status: 200, body: { data, meta: { currentPage: 1, per_page: 15, has_more_pages: false } } }
  }
  const known = hooks.all.get(Number(id))
  if (id !== undefined && known === undefined) return { status: 404, body: { message: "Webhook not found." } }
  if (method === "DELETE") {
    hooks.all.delete(Number(id))
    return { status: 204, body: undefined }
  }
  const { event = known?.event, title = known?.title ?? "", url = known?.url } = params
  if (!isReachable(url)) return invalid("url", "O campo url deve ser uma URL válida.")
  if (typeof event !== "string" || !settings.acceptedEvents.includes(event)) {
    return invalid("event", "O campo event selecionado é inválido.")
  }
  const fields = { title: String(title), url, event }
  if (known !== undefined) return { status: 200, body: hookBody(Object.assign(known, fields), false) }
  return { status: 201, body: hookBody(hooks.add(fields), true) }
}

const invalid = (field: string, message: string): Answer => ({
  status: 422,
  body: { message, errors: { [field]: [message] } }
})
