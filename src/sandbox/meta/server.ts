import { randomBytes } from "node:crypto"
import type { IncomingMessage, ServerResponse } from "node:http"
import { type Params, readBody } from "../http/body.ts"
import { CONTROL_PREFIX } from "../http/control.ts"
import { type Reply, suffer, write } from "../http/exchange.ts"
import type { Dataset, Fields } from "./Dataset.ts"
import { fbeventsSource } from "./fbevents.ts"
import { notesOf, type Refusal, refusalOf } from "./validate.ts"

const MAX_BODY_BYTES = 32 * 1024 * 1024
const MAX_EVENTS = 1_000
const EVENTS = /^\/v\d+\.0\/(\d+)\/events$/
const PIXEL = /^\/v\d+\.0\/(\d+)$/
const HIT = /^\/tr\/?$/

const trace = () => `A${randomBytes(16).toString("base64url")}`

const refused = (status: number, { code, message, subcode, title }: Refusal, type = "OAuthException"): Reply => ({
  status,
  body: {
    error: {
      message,
      type,
      code,
      ...(subcode === undefined ? {} : { error_subcode: subcode }),
      is_transient: false,
      ...(title === undefined ? {} : { error_user_title: title, error_user_msg: title }),
      fbtrace_id: trace()
    }
  }
})

/** The Conversions API, the browser's library and its hits; the control routes are left to `control`. */
export const metaHandler =
  (dataset: Dataset, control: (request: IncomingMessage, response: ServerResponse) => void) =>
  (request: IncomingMessage, response: ServerResponse): void => {
    const { url = "/" } = request
    if (url.startsWith(CONTROL_PREFIX)) return control(request, response)
    const address = new URL(url, `http://${request.headers.host ?? "meta"}`)
    if (address.pathname.endsWith("/fbevents.js")) return library(dataset, address, response)
    if (HIT.test(address.pathname)) return hit(dataset, address, response)
    const asked = PIXEL.exec(address.pathname)?.[1]
    if (asked !== undefined && request.method === "GET") {
      const answer = strangerTo(dataset, request, address, asked, {})
      return void write(response, answer ?? { status: 200, body: { id: asked } })
    }
    const pixelId = EVENTS.exec(address.pathname)?.[1]
    if (address.pathname.endsWith("/dataset_quality"))
      return void write(response, { status: 200, body: quality(dataset) })
    if (pixelId === undefined || request.method !== "POST") {
      return void write(response, refused(404, { code: 2500, message: "Unknown path components" }))
    }
    const receivedAt = Date.now()
    readBody(request, { maxBytes: MAX_BODY_BYTES, keepUploads: false }, (read) => {
      if (read === "aborted") return
      const body: Params = typeof read === "string" ? {} : read.params
      const perform = () => events(dataset, request, address, pixelId, body)
      const answer = () => {
        const fault = dataset.faults.strike("events")
        const status = fault === undefined ? write(response, perform()) : suffer(fault, request, response, perform)
        dataset.record({ pixelId, status, events: dataOf(body)?.length ?? 0, receivedAt })
      }
      if (dataset.settings.latencyMs > 0) setTimeout(answer, dataset.settings.latencyMs)
      else answer()
    })
  }

const dataOf = (body: Params): ReadonlyArray<unknown> | undefined => {
  const { data } = body
  if (Array.isArray(data)) return data
  if (typeof data !== "string") return undefined
  try {
    const parsed: unknown = JSON.parse(data)
    return Array.isArray(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}

const tokenOf = (request: IncomingMessage, address: URL, body: Params): string => {
  const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1]
  return bearer ?? address.searchParams.get("access_token") ?? String(body["access_token"] ?? "")
}

/** Why this token may not speak for this pixel. */
const strangerTo = (
  dataset: Dataset,
  request: IncomingMessage,
  address: URL,
  pixelId: string,
  body: Params
): Reply | undefined => {
  const token = tokenOf(request, address, body)
  const { pixels } = dataset.settings
  if (!Object.values(pixels).includes(token)) {
    return refused(401, { code: 190, message: "Invalid OAuth access token - Cannot parse access token" })
  }
  if (pixels[pixelId] !== token) {
    const message = `Unsupported post request. Object with ID '${pixelId}' does not exist, cannot be loaded due to missing permissions, or does not support this operation`
    return refused(400, { code: 100, subcode: 33, message }, "GraphMethodException")
  }
  return undefined
}

const events = (dataset: Dataset, request: IncomingMessage, address: URL, pixelId: string, body: Params): Reply => {
  const stranger = strangerTo(dataset, request, address, pixelId, body)
  if (stranger !== undefined) return stranger
  const { partialAccept } = dataset.settings
  const data = dataOf(body)
  if (data === undefined || data.length === 0 || data.length > MAX_EVENTS) {
    return refused(400, { code: 100, message: `data must hold 1 to ${MAX_EVENTS} events` })
  }
  const refusals = data.map(refusalOf)
  const refusal = refusals.find((one) => one !== undefined)
  data.forEach((event, index) => {
    const fields = event as Fields
    const stored = refusal === undefined || (partialAccept && refusals[index] === undefined && "event_id" in fields)
    if (stored) take(dataset, pixelId, fields, body["test_event_code"])
  })
  if (refusal !== undefined) return refused(400, refusal)
  return { status: 200, body: { events_received: data.length, messages: [], fbtrace_id: trace() } }
}

const take = (dataset: Dataset, pixelId: string, event: Fields, testCode: unknown) =>
  dataset.take({
    pixelId,
    source: "server",
    name: String(event["event_name"]),
    eventId: typeof event["event_id"] === "string" ? event["event_id"] : undefined,
    event,
    testCode: typeof testCode === "string" ? testCode : undefined,
    notes: notesOf(event)
  })

const hit = (dataset: Dataset, { searchParams: query }: URL, response: ServerResponse): void => {
  dataset.take({
    pixelId: query.get("id") ?? "",
    source: "browser",
    name: query.get("ev") ?? "",
    eventId: query.get("eid") ?? undefined,
    event: Object.fromEntries(query),
    testCode: undefined,
    notes: query.has("eid") ? [] : ["no event_id"]
  })
  response.writeHead(204, { "access-control-allow-origin": "*" }).end()
}

const library = (dataset: Dataset, address: URL, response: ServerResponse): void => {
  const { pixelBlocked, pixelDelayMs } = dataset.settings
  if (pixelBlocked) return response.destroy() as unknown as void
  setTimeout(() => {
    response.writeHead(200, { "content-type": "application/javascript; charset=utf-8" })
    response.end(fbeventsSource(address.origin))
  }, pixelDelayMs)
}

/** How often each trait was there, as a share of the server's website events. */
const quality = (dataset: Dataset) => {
  const website = dataset.received.filter(
    ({ event, source }) => source === "server" && event["action_source"] === "website"
  )
  const names = [...new Set(website.map(({ name }) => name))]
  return {
    web: names.map((name) => {
      const ofName = website.filter((one) => one.name === name)
      const share = (trait: string) =>
        (100 * ofName.filter(({ event }) => trait in ((event["user_data"] ?? {}) as Fields)).length) / ofName.length
      const identifiers = ["external_id", "fbp", "fbc", "client_ip_address", "client_user_agent"]
      return {
        event_name: name,
        event_match_quality: {
          composite_score: Math.round(identifiers.reduce((sum, trait) => sum + share(trait), 0) / 5) / 10,
          match_key_feedback: identifiers.map((identifier) => ({
            identifier,
            coverage: { percentage: share(identifier) }
          }))
        }
      }
    })
  }
}
