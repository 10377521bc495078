import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlError } from "effect/sql"
import {
  AdminError,
  type BotView,
  Conflict,
  Invalid,
  NotFound,
  type PlanView,
  Upstream
} from "../../src/domain/admin.ts"
import { adminToken, type Answer, openDoor } from "./door.ts"

const bot: BotView = {
  id: 1,
  slug: "vip",
  name: "Clube",
  username: "vip_bot",
  gateway: "pushinpay",
  second_gateway: null,
  max_pix_per_hour: 10,
  shots_per_person: null,
  shots_per_person_hours: null,
  time_zone: "America/Sao_Paulo",
  active: true,
  inactive_reason: null,
  token_masked: "8240789...LEOBE",
  webhook: { url: null, error: null, pending: null, checked_at: null },
  messages_per_second: 29,
  allow_paid_broadcast: false,
  paid_messages_per_second: 950,
  pix_expires_minutes: 60,
  warmup_chat_id: null,
  media: { ready: 0, total: 0 },
  vip_chat_id: null,
  vip_error: null,
  withdraw_access: true,
  notice: null,
  created_at: "2025-11-07T12:00:00.000Z"
}

const plan: PlanView = {
  id: 3,
  name: "Mensal",
  price_cents: 1990,
  active: true,
  delivery: { text: "Seu acesso" },
  vip_chat_id: null,
  created_at: "2025-11-07T12:00:00.000Z"
}

const missing = new AdminError({ reason: new NotFound({ message: "O bot não existe." }) })

const english = /\b(expected|missing|invalid|must|should|required|unexpected|string|number|object|actual|got)\b/i

const refusedWith = (answer: Answer, status: number, error: string) => {
  assert.strictEqual(answer.status, status, answer.text)
  assert.strictEqual(answer.json?.error, error)
  assert.match(answer.json?.message, /\S{3,}/)
  assert.notMatch(answer.json?.message, english)
  assert.match(String(answer.headers["content-type"]), /^application\/json/)
  assert.notInclude(answer.text, "    at ")
}

const newBot = { slug: "vip", token: "8240789012:AAHk3fJ2nXq9vB7wZ5tR1yU8mP6sD4LEOBE", gateway: "pushinpay" }

const everyCall: ReadonlyArray<readonly [method: string, path: string]> = [
  ["GET", "/api/admin/bots"],
  ["POST", "/api/admin/bots"],
  ["GET", "/api/admin/bots/vip"],
  ["PATCH", "/api/admin/bots/vip"],
  ["GET", "/api/admin/bots/vip/plans"],
  ["POST", "/api/admin/bots/vip/plans"],
  ["PATCH", "/api/admin/bots/vip/plans/3"],
  ["DELETE", "/api/admin/bots/vip/plans/3"],
  ["GET", "/api/admin/bots/vip/messages/start"],
  ["PUT", "/api/admin/bots/vip/messages/start"],
  ["GET", "/api/admin/payments"],
  ["GET", "/api/admin/gateways"],
  ["PATCH", "/api/admin/gateways/pushinpay"],
  ["GET", "/api/admin/users"],
  ["GET", "/api/admin/events"],
  ["GET", "/api/admin/deliveries"],
  ["POST", "/api/admin/deliveries/7/replay"],
  ["GET", "/api/metrics"]
]

describe("the admin API", () => {
  it.live("is closed to everybody without the token, before anything else is looked at", () =>
    Effect.gen(function* () {
      const door = yield* openDoor()
      const credentials = [
        {},
        { authorization: "" },
        { authorization: "Bearer" },
        { authorization: "Bearer " },
        { authorization: "Bearer nope" },
        { authorization: `Bearer ${adminToken}x` },
        { authorization: `Bearer ${adminToken.slice(1)}` },
        { authorization: `Basic ${Buffer.from(`x:${adminToken}`).toString("base64")}` },
        { authorization: adminToken },
        { cookie: `token=${adminToken}` }
      ]
      for (const [method, path] of everyCall) {
        for (const headers of method === "GET" ? credentials : [{}, { authorization: "Bearer nope" }]) {
          const answer = yield* door.call(method, `${path}?limit=abc`, {
            headers,
            ...(method === "GET" ? {} : { body: "{" })
          })
          refusedWith(answer, 401, "unauthorized")
          assert.strictEqual(answer.headers["www-authenticate"], "Bearer")
        }
      }
    })
  )

  it.live("answers with what the admin gives", () =>
    Effect.gen(function* () {
      const door = yield* openDoor({
        admin: {
          list: Effect.succeed([bot]),
          get: () => Effect.succeed(bot),
          create: () => Effect.succeed(bot),
          patch: (_, patch) => Effect.succeed({ ...bot, ...(patch.name === undefined ? {} : { name: patch.name }) }),
          plans: () => Effect.succeed([plan]),
          addPlan: () => Effect.succeed(plan),
          patchPlan: (_, id) => Effect.succeed({ ...plan, id }),
          removePlan: () => Effect.void,
          message: () => Effect.succeed({ text: "Olá {nome}!" }),
          putMessage: () => Effect.succeed({ text: "Olá!" })
        }
      })
      const expectations: ReadonlyArray<
        readonly [method: string, path: string, body: unknown, status: number, json: unknown]
      > = [
        ["GET", "/api/admin/bots", undefined, 200, { items: [bot], next_cursor: null }],
        ["GET", "/api/admin/bots/vip", undefined, 200, bot],
        ["POST", "/api/admin/bots", newBot, 201, bot],
        ["PATCH", "/api/admin/bots/vip", { name: "Novo" }, 200, { ...bot, name: "Novo" }],
        ["PATCH", "/api/admin/bots/vip", {}, 200, bot],
        ["GET", "/api/admin/bots/vip/plans", undefined, 200, { items: [plan], next_cursor: null }],
        ["POST", "/api/admin/bots/vip/plans", { name: "Mensal", price_cents: 1990 }, 201, plan],
        ["PATCH", "/api/admin/bots/vip/plans/7", { active: false }, 200, { ...plan, id: 7 }],
        ["DELETE", "/api/admin/bots/vip/plans/3", undefined, 204, undefined],
        ["GET", "/api/admin/bots/vip/messages/start", undefined, 200, { text: "Olá {nome}!" }],
        ["PUT", "/api/admin/bots/vip/messages/start", { text: "Olá!" }, 200, { text: "Olá!" }]
      ]
      for (const [method, path, body, status, json] of expectations) {
        const answer = yield* door.asAdmin(method, path, body)
        assert.strictEqual(answer.status, status, `${method} ${path} ${answer.text}`)
        assert.deepStrictEqual(answer.json, json)
      }
    })
  )

  it.live("does not ask for a content type", () =>
    Effect.gen(function* () {
      const door = yield* openDoor({ admin: { create: () => Effect.succeed(bot) } })
      for (const type of ["application/json", "text/plain", "application/x-www-form-urlencoded", "nonsense"]) {
        const answer = yield* door.call("POST", "/api/admin/bots", {
          headers: { authorization: `Bearer ${adminToken}`, "content-type": type },
          body: newBot
        })
        assert.strictEqual(answer.status, 201, type)
      }
    })
  )

  it.live("is 400 for a body that is not JSON, also when there is none", () =>
    Effect.gen(function* () {
      const door = yield* openDoor()
      const withBody = everyCall.filter(
        ([method, path]) => method !== "GET" && method !== "DELETE" && !path.endsWith("/replay")
      )
      for (const [method, path] of withBody) {
        for (const body of ["{", "", "name=x", "\u0000", undefined]) {
          const answer = yield* door.asAdmin(method, path, body)
          assert.strictEqual(answer.status, 400, `${method} ${path} ${body}: ${answer.text}`)
          refusedWith(answer, 400, "bad_request")
        }
      }
    })
  )

  it.live("is 413 for a body over 1 MiB", () =>
    Effect.gen(function* () {
      const door = yield* openDoor()
      const body = JSON.stringify({ text: "a".repeat(1024 * 1024) })
      for (const headers of [{ "content-length": String(body.length) }, { "transfer-encoding": "chunked" }]) {
        const answer = yield* door.call("PUT", "/api/admin/bots/vip/messages/start", {
          headers: { authorization: `Bearer ${adminToken}`, ...headers },
          body
        })
        refusedWith(answer, 413, "too_large")
      }
    })
  )

  it.live("is 422 with a Portuguese sentence per field for JSON that does not fit", () =>
    Effect.gen(function* () {
      const door = yield* openDoor()
      const cases: ReadonlyArray<
        readonly [method: string, path: string, body: unknown, fields: ReadonlyArray<string>]
      > = [
        ["POST", "/api/admin/bots", {}, ["slug", "token", "gateway"]],
        ["POST", "/api/admin/bots", { ...newBot, slug: "Bad Slug!", token: "x" }, ["slug", "token"]],
        ["POST", "/api/admin/bots", { ...newBot, gateway: "stripe" }, ["gateway"]],
        ["POST", "/api/admin/bots", { ...newBot, name: "" }, ["name"]],
        ["POST", "/api/admin/bots", { ...newBot, name: "x".repeat(201) }, ["name"]],
        ["POST", "/api/admin/bots", { ...newBot, name: 7 }, ["name"]],
        ["POST", "/api/admin/bots", { ...newBot, name: "a\u0000b" }, ["name"]],
        ["POST", "/api/admin/bots", '{"slug":"vip","token":"1","gateway":"\\ud800"}', ["gateway"]],
        ["POST", "/api/admin/bots", [], [""]],
        ["POST", "/api/admin/bots", "null", [""]],
        ["POST", "/api/admin/bots", "7", [""]],
        ["PATCH", "/api/admin/bots/vip", { messages_per_second: 0 }, ["messages_per_second"]],
        [
          "PATCH",
          "/api/admin/bots/vip",
          { messages_per_second: 1.5, active: "yes" },
          ["messages_per_second", "active"]
        ],
        ["PATCH", "/api/admin/bots/vip", { notice: 5, warmup_chat_id: "não" }, ["notice", "warmup_chat_id"]],
        [
          "PATCH",
          "/api/admin/bots/vip",
          { shots_per_person: 0, shots_per_person_hours: null, time_zone: "Marte/Norte" },
          ["shots_per_person", "shots_per_person_hours", "time_zone"]
        ],
        ["PATCH", "/api/admin/bots/vip/tracking", { test_event_code: "com espaço" }, ["test_event_code"]],
        ["PATCH", "/api/admin/bots/vip", '{"pix_expires_minutes":1e400}', ["pix_expires_minutes"]],
        ["POST", "/api/admin/bots/vip/plans", { name: "x", price_cents: 123456789012345 }, ["price_cents"]],
        ["POST", "/api/admin/bots/vip/plans", { name: "x", price_cents: "1990" }, ["price_cents"]],
        ["POST", "/api/admin/bots/vip/plans", { name: null, price_cents: -1 }, ["name", "price_cents"]],
        ["PATCH", "/api/admin/bots/vip/plans/3", { name: ["x"] }, ["name"]]
      ]
      for (const [method, path, body, fields] of cases) {
        const answer = yield* door.asAdmin(method, path, body)
        refusedWith(answer, 422, "invalid")
        assert.hasAllKeys(answer.json.fields, [...fields], JSON.stringify(body))
        for (const sentence of Object.values<string>(answer.json.fields)) {
          assert.notMatch(sentence, english)
          assert.match(sentence, /^[A-ZÁÉÍÓÚÂÊÔÃÕÇ].*[.…]$/u)
        }
      }
      const nested = yield* door.asAdmin(
        "PUT",
        "/api/admin/bots/vip/messages/start",
        "[".repeat(200_000) + "]".repeat(200_000)
      )
      refusedWith(nested, 422, "invalid")
    })
  )

  it.live("turns each reason of the admin into its status", () =>
    Effect.gen(function* () {
      const cases = [
        [new NotFound({ message: "O bot vip não existe." }), 404, "not_found"],
        [new Conflict({ message: "Já existe um bot com este slug." }), 409, "conflict"],
        [new Invalid({ fields: { "media.3": "São no máximo 3 mídias." } }), 422, "invalid"],
        [new Upstream({ message: "O Telegram não respondeu." }), 503, "unavailable"]
      ] as const
      for (const [reason, status, error] of cases) {
        const door = yield* openDoor({ admin: { putMessage: () => Effect.fail(new AdminError({ reason })) } })
        const answer = yield* door.asAdmin("PUT", "/api/admin/bots/vip/messages/start", { text: "x" })
        refusedWith(answer, status, error)
        assert.deepStrictEqual(answer.json.fields, reason._tag === "Invalid" ? reason.fields : undefined)
        if (reason._tag !== "Invalid") assert.strictEqual(answer.json.message, reason.message)
      }
    })
  )

  it.live("is 404 for what is not there, and for ids that cannot be", () =>
    Effect.gen(function* () {
      const door = yield* openDoor({ admin: { get: () => Effect.fail(missing), message: () => Effect.fail(missing) } })
      refusedWith(yield* door.asAdmin("GET", "/api/admin/bots/nobody"), 404, "not_found")
      refusedWith(yield* door.asAdmin("GET", "/api/admin/bots/nobody/messages/start"), 404, "not_found")
      for (const id of ["abc", "1.5", "-1", "1e3", "%20", "9".repeat(30), "%00"]) {
        refusedWith(yield* door.asAdmin("DELETE", `/api/admin/bots/vip/plans/${id}`), 404, "not_found")
      }
      refusedWith(yield* door.asAdmin("GET", "/api/admin/bots/a%00b"), 404, "not_found")
      refusedWith(yield* door.asAdmin("GET", "/api/admin/bots/%ff"), 404, "not_found")
      refusedWith(yield* door.asAdmin("DELETE", "/api/admin/bots"), 404, "not_found")
    })
  )

  it.live("is 503 while the database is away, 500 with one ERROR line for a fault of ours", () =>
    Effect.gen(function* () {
      const cause = "password authentication failed for postgres://funil:segredo@db"
      const away = new SqlError.SqlError({ reason: new SqlError.ConnectionError({ cause }) })
      const down = yield* openDoor({ admin: { list: Effect.die(away), get: () => Effect.die(away) } })
      refusedWith(yield* down.asAdmin("GET", "/api/admin/bots"), 503, "unavailable")
      refusedWith(yield* down.asAdmin("GET", "/api/admin/bots/vip"), 503, "unavailable")
      const broken = yield* openDoor({ admin: { list: Effect.die(cause) } })
      refusedWith(yield* broken.asAdmin("GET", "/api/admin/bots"), 500, "internal")
      yield* broken.call("GET", "/healthz")
      const log = [...down.lines, ...broken.lines].join("")
      assert.lengthOf(broken.lines.join("").match(/ERROR/g) ?? [], 1)
      assert.notInclude(log, "segredo")
      assert.notInclude(log, "    at ")
    })
  )
})
