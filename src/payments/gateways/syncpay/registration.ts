import { Effect, Option, Redacted } from "effect"
import { HttpClientRequest } from "effect/http"
import { type AccountWebhook, GatewayError } from "../../PaymentGateway.ts"
import { type Fields, isFields, textField } from "../fields.ts"
import { type GatewayAnswer, lost, refusal } from "../http.ts"
import { isOk, type makeAccess, name } from "./access.ts"

const path = "/api/partner/v1/webhooks"
const title = "Funil"

/**
 * Accounts differ in what they accept, and what they accept in what it delivers: `transaction` is the signed contract,
 * `cashin` alone was seen not to tell of payments where `all` did (facts/gateways, 2.5).
 */
const wanted = ["transaction", "all", "cashin"]

/** An account with more webhooks than this fits on is not ours to read. */
const maxPages = 10

interface Listed {
  readonly id: string
  readonly url: string
  readonly token: string | undefined
}

/** The webhook of the whole account: found in the list, or made. `ownToken`: the seller knows one already. */
export const makeRegistration = (send: ReturnType<typeof makeAccess>["send"], ownToken: boolean) => {
  const fail = (reason: GatewayError["reason"]) =>
    Effect.fail(new GatewayError({ gateway: name, operation: "register", reason }))

  const list = Effect.gen(function* () {
    const found: Array<Listed> = []
    for (let page = 1; page <= maxPages; page++) {
      const get = HttpClientRequest.get(path).pipe(HttpClientRequest.setUrlParam("page", String(page)))
      const answer = yield* send("register", get)
      if (!isOk(answer)) return yield* fail(refusal("register", answer))
      found.push(...readList(answer.body))
      if (!hasMore(answer.body)) break
    }
    return found
  })

  const create = Effect.fnUntraced(function* (url: string) {
    let refused: GatewayAnswer | undefined
    for (const event of wanted) {
      const body = { title, url, event, trigger_all_products: true }
      const post = HttpClientRequest.post(path).pipe(HttpClientRequest.bodyJsonUnsafe(body))
      const answer = yield* send("register", post)
      if (isOk(answer)) return readListed(isFields(answer.body) ? (answer.body["data"] ?? answer.body) : undefined)
      refused = answer
      if (answer.status !== 400 && answer.status !== 422) break
    }
    return yield* fail(refused === undefined ? lost("register", "resposta ilegível") : refusal("register", refused))
  })

  return Effect.fnUntraced(function* (url: string, known: Option.Option<AccountWebhook>) {
    const ours = (yield* list).filter((one) => one.url === url)
    if (ours.some(({ id }) => Option.exists(known, (one) => one.id === id))) return Option.none()
    const open = ours.map(kept).find(Option.isSome)
    if (open !== undefined) return open
    if (ours.length > 0 && ownToken) return Option.none()
    // Registered once, but its token was told once only and is lost: another one takes its place.
    const made = yield* create(url)
    // An old one that stays only sends what can no longer be proven, beside what the new one sends.
    for (const { id } of ours) {
      yield* Effect.ignore(send("register", HttpClientRequest.delete(`${path}/${encodeURIComponent(id)}`)))
    }
    return made === undefined ? Option.none() : kept(made)
  })
}

const kept = ({ id, token }: Listed): Option.Option<AccountWebhook> =>
  token === undefined ? Option.none() : Option.some({ id, token: Redacted.make(token, { label: name }) })

const readListed = (item: unknown): Listed | undefined => {
  if (!isFields(item)) return undefined
  const id = textField(item["id"], 100)
  const url = textField(item["url"], 2000)
  return id === undefined || url === undefined ? undefined : { id, url, token: textField(item["token"], 1000) }
}

const readList = (body: unknown): ReadonlyArray<Listed> => {
  const items: unknown = isFields(body) ? body["data"] : body
  return Array.isArray(items) ? items.flatMap((item) => readListed(item) ?? []) : []
}

const hasMore = (body: unknown): boolean => {
  const meta: Fields = isFields(body) && isFields(body["meta"]) ? body["meta"] : {}
  return meta["has_more_pages"] === true
}
