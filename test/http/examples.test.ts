import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { bodies } from "../../src/http/api/examples.ts"
import { Sandbox } from "../../src/sandbox/Sandbox.ts"
import { jpeg } from "../media/samples.ts"
import { TestDatabase, testDatabaseUrl } from "../support/postgres.ts"
import { type ServiceProcess, startService } from "../support/service.ts"
import { ana, orderPix, sentTo } from "../support/shop.ts"
import { secretOf } from "../support/updates.ts"

const world = Layer.merge(
  Sandbox.layerWith({ telegram: { timeScale: 0.01, acceptUnknownChats: true } }),
  TestDatabase.layer
)

const { token } = bodies["POST /api/admin/bots"] as { readonly token: string }

/** Every call of `/openapi.json`, in an order in which they can be made; what has to happen before one, by its name. */
const order = [
  "GET /healthz",
  "GET /readyz",
  "GET /metrics",
  "GET /t.js",
  "POST /api/admin/bots",
  "GET /api/admin/bots",
  "GET /api/admin/bots/{slug}",
  "PATCH /api/admin/bots/{slug}",
  "POST /api/admin/bots/{slug}/plans",
  "GET /api/admin/bots/{slug}/plans",
  "PATCH /api/admin/bots/{slug}/plans/{id}",
  "PUT /api/admin/bots/{slug}/messages/{key}",
  "GET /api/admin/bots/{slug}/messages/{key}",
  "GET /p/{slug}",
  "POST /api/track/view",
  "GET /go/{slug}",
  "POST /tg/{slug}/webhook",
  "POST /api/payments/webhook/{gateway}",
  "POST /api/admin/bots/{slug}/messages/{key}/preview",
  "POST /api/admin/bots/{slug}/media",
  "GET /api/admin/bots/{slug}/media",
  "GET /api/admin/bots/{slug}/media/{id}/content",
  "PATCH /api/admin/bots/{slug}/tracking",
  "GET /api/admin/bots/{slug}/tracking",
  "PUT /api/admin/bots/{slug}/presell",
  "GET /api/admin/bots/{slug}/presell",
  "GET /api/admin/gateways",
  "PATCH /api/admin/gateways/{name}",
  "POST /api/admin/bots/{slug}/downsells",
  "GET /api/admin/bots/{slug}/downsells",
  "GET /api/admin/bots/{slug}/downsells/{id}",
  "PATCH /api/admin/bots/{slug}/downsells/{id}",
  "POST /api/admin/bots/{slug}/shots",
  "GET /api/admin/bots/{slug}/shots",
  "POST /api/admin/bots/{slug}/shots/audience",
  "GET /api/admin/bots/{slug}/shots/{id}",
  "PATCH /api/admin/bots/{slug}/shots/{id}",
  "POST /api/admin/bots/{slug}/shots/{id}/test",
  "POST /api/admin/bots/{slug}/shots/{id}/duplicate",
  "POST /api/admin/bots/{slug}/shots/{id}/start",
  "POST /api/admin/bots/{slug}/shots/{id}/pause",
  "POST /api/admin/bots/{slug}/shots/{id}/resume",
  "POST /api/admin/bots/{slug}/shots/{id}/cancel",
  "DELETE /api/admin/bots/{slug}/shots/{id}",
  "POST /api/admin/bots/{slug}/simulate",
  "POST /api/admin/bots/{slug}/clone",
  "GET /api/admin/bots/{slug}/funnel",
  "GET /api/admin/payments",
  "GET /api/admin/users",
  "GET /api/admin/events",
  "GET /api/admin/deliveries",
  "GET /api/admin/updates",
  "GET /api/metrics",
  "PUT /api/admin/alerts",
  "GET /api/admin/alerts",
  "POST /api/admin/alerts/test",
  "POST /api/admin/payments/{id}/refund",
  "POST /api/admin/deliveries/{id}/replay",
  "POST /api/admin/updates/{bot}/{update_id}/replay",
  "POST /api/admin/updates/replay",
  "DELETE /api/admin/bots/{slug}/downsells/{id}",
  "POST /api/admin/bots/{slug}/funnel",
  "DELETE /api/admin/bots/{slug}/plans/{id}",
  "DELETE /api/admin/bots/{slug}/media/{id}",
  "DELETE /api/admin/users/{bot}/{telegram_id}"
]

/** Come from an earlier answer only, and are not needed. */
const withoutExample = new Set(["cursor", "s"])

interface Parameter {
  readonly in: string
  readonly name: string
  readonly example?: string
}

interface Content {
  readonly example?: unknown
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>
}

interface Operation {
  readonly parameters?: ReadonlyArray<Parameter>
  readonly requestBody?: { readonly content: Readonly<Record<string, Content>> }
  readonly responses: object
}

/** A call as `/openapi.json` shows it. */
interface Call {
  readonly address: string
  readonly body: unknown
  readonly form: boolean
}

const callsOf = (name: string, operation: Operation): ReadonlyArray<Call> => {
  const parameters = operation.parameters ?? []
  for (const one of parameters) {
    if (!withoutExample.has(one.name)) assert.isString(one.example, `${name}: ${one.name} has no example`)
  }
  const queries = parameters.filter((one) => one.in === "query" && one.example !== undefined)
  const search = queries.map(({ example = "", name }) => `${name}=${encodeURIComponent(example)}`).join("&")
  const path = (places: Readonly<Record<string, string>>) =>
    `${name.split(" ")[1]!.replaceAll(/\{(\w+)\}/g, (_, place: string) => {
      return places[place] ?? parameters.find((one) => one.in === "path" && one.name === place)?.example ?? ""
    })}${search === "" ? "" : `?${search}`}`
  const contents = Object.entries(operation.requestBody?.content ?? {})
  if (contents.length === 0) return [{ address: path({}), body: undefined, form: false }]
  return contents.flatMap(([type, { example, examples }]) => {
    const form = type === "multipart/form-data"
    if (examples !== undefined) {
      return Object.entries(examples).map(([gateway, { value }]) => ({ address: path({ gateway }), body: value, form }))
    }
    assert.isDefined(example, `${name} has no example of its body`)
    return [{ address: path({}), body: example, form }]
  })
}

const formOf = (body: object): FormData => {
  const form = new FormData()
  for (const [name, value] of Object.entries(body)) {
    if (name === "file") form.set(name, new Blob([jpeg()]), "capa.jpg")
    else form.set(name, String(value))
  }
  return form
}

const setTheStage = Effect.gen(function* () {
  const sandbox = yield* Sandbox
  const sql = yield* SqlClient.SqlClient
  const { telegram, pushinpay } = sandbox
  const stage: Readonly<Record<string, Effect.Effect<unknown, unknown>>> = {
    "POST /api/admin/bots": telegram.addBot({ token, username: "vip_bot" }),
    "POST /tg/{slug}/webhook": telegram.person(ana),
    "POST /api/payments/webhook/{gateway}": telegram.waitFor(sentTo(ana.id, /Oferta/)),
    // A shot for nobody is done before anybody can pause it.
    "POST /api/admin/bots/{slug}/shots/{id}/pause": sql`
      update shots set status = 'scheduled', scheduled_at = now() + interval '1 day', frozen_at = null where id = 1`,
    "POST /api/admin/payments/{id}/refund": Effect.gen(function* () {
      const charge = yield* orderPix(sandbox, ana, { token })
      yield* pushinpay.pay(charge.id)
      yield* telegram.waitFor(sentTo(ana.id, /Seu acesso/))
    }),
    "POST /api/admin/deliveries/{id}/replay": sql`update outbox set status = 'failed' where id = 1`,
    "POST /api/admin/updates/{bot}/{update_id}/replay": sql`
      update telegram_updates set state = 2 where update_id = 123456789`
  }
  return stage
})

const run = Effect.fnUntraced(function* (service: ServiceProcess, name: string, operation: Operation) {
  const [method = "", path = ""] = name.split(" ")
  for (const { address, body, form } of callsOf(name, operation)) {
    const sent = form ? formOf(body as object) : body
    const closed = path.startsWith("/api/admin") || path === "/api/metrics"
    const secret = path.startsWith("/tg/") ? { "x-telegram-bot-api-secret-token": yield* secretOf("vip") } : {}
    const answer = closed
      ? yield* service.admin(method, address, sent)
      : yield* service.request(method, address, sent, secret)
    assert.include(Object.keys(operation.responses), String(answer.status), `${name}: ${answer.text}`)
    assert.isBelow(answer.status, 400, `${name}: ${answer.text}`)
    if (!closed) continue
    assert.strictEqual((yield* service.request(method, address, form ? undefined : body)).status, 401, name)
  }
})

describe("the examples of /openapi.json", () => {
  it.live(
    "are all true: each call is answered as described, and so is the call without the password",
    () =>
      Effect.gen(function* () {
        const { env } = yield* Sandbox
        const service = yield* startService({ env: { ...env, DATABASE_URL: yield* testDatabaseUrl } })
        const { paths } = (yield* service.request("GET", "/openapi.json")).json as {
          readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
        }
        const operations = Object.fromEntries(
          Object.entries(paths).flatMap(([path, methods]) =>
            Object.entries(methods).map(
              ([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const
            )
          )
        )
        assert.sameMembers(Object.keys(operations), order, "a route that no example is tried of")
        const stage = yield* setTheStage
        for (const name of order) {
          yield* stage[name] ?? Effect.void
          yield* run(service, name, operations[name]!)
        }
      }).pipe(Effect.scoped, Effect.provide(world)),
    90_000
  )
})
