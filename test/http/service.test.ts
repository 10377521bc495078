import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { SqlError } from "effect/sql"
import { version } from "../../src/version.ts"
import { adminToken, openDoor, secret } from "./door.ts"

const databaseError = new SqlError.SqlError({
  reason: new SqlError.ConnectionError({ cause: new Error("connect ECONNREFUSED postgres://funil:segredo@db/x") })
})

describe("the service's own addresses", () => {
  it.live("healthz says the version, and so does its HEAD", () =>
    Effect.gen(function* () {
      const door = yield* openDoor()
      const answer = yield* door.call("GET", "/healthz")
      assert.strictEqual(answer.status, 200)
      assert.deepStrictEqual(answer.json, { status: "ok", version })
      assert.match(String(answer.headers["content-type"]), /^application\/json/)
      assert.strictEqual(answer.headers["x-content-type-options"], "nosniff")
      assert.strictEqual(answer.headers["cache-control"], "no-store")
      assert.isUndefined(answer.headers["access-control-allow-origin"])
      assert.strictEqual((yield* door.call("HEAD", "/healthz")).status, 200)
    })
  )

  it.live("readyz is 200 while the database answers, 503 when it fails", () =>
    Effect.gen(function* () {
      const up = yield* openDoor()
      assert.strictEqual((yield* up.call("GET", "/readyz")).status, 200)
      const down = yield* openDoor({ ping: Effect.fail(databaseError) })
      const answer = yield* down.call("GET", "/readyz")
      assert.strictEqual(answer.status, 503)
      assert.strictEqual(answer.json?.error, "unavailable")
      assert.notInclude(answer.text, "segredo")
    })
  )

  it.live("readyz is 503 when the database does not answer within a second", () =>
    Effect.gen(function* () {
      const door = yield* openDoor({ ping: Effect.never })
      assert.strictEqual((yield* door.call("GET", "/readyz")).status, 503)
    })
  )

  it.live("an address that does not exist is a 404 in JSON, however it is written", () =>
    Effect.gen(function* () {
      const door = yield* openDoor()
      const paths = [
        "/",
        "/nope",
        "/api",
        "/api/admin",
        "/tg/vip",
        "/%ff",
        "/%",
        "/..%2f..%2fetc/passwd",
        `/${"a".repeat(4000)}`
      ]
      for (const path of paths) {
        const answer = yield* door.call("GET", path)
        assert.strictEqual(answer.status, 404, path)
        assert.strictEqual(answer.json?.error, "not_found", path)
      }
      assert.strictEqual((yield* door.call("DELETE", "/healthz")).status, 404)
      assert.strictEqual((yield* door.call("GET", "/tg/vip/webhook")).status, 404)
      assert.strictEqual((yield* door.call("POST", "/tg/%ff/webhook", { body: "{}" })).status, 404)
    })
  )

  it.live("answers with the request's id and puts it on the log lines", () =>
    Effect.gen(function* () {
      const door = yield* openDoor()
      const answer = yield* door.call("GET", "/api/admin/bots", {
        headers: { authorization: `Bearer ${adminToken}`, "x-request-id": "pedido-77" }
      })
      // The double of BotAdmin knows no `list`: a defect.
      assert.strictEqual(answer.status, 500)
      assert.strictEqual(answer.headers["x-request-id"], "pedido-77")
      assert.deepStrictEqual(answer.json, { error: "internal", message: "Algo deu errado do nosso lado." })
      yield* door.call("GET", "/healthz")
      const lines = door.lines
        .join("")
        .split("\n")
        .filter((line) => line.includes("pedido-77"))
      assert.lengthOf(lines, 1)
      assert.match(
        lines[0] ?? "",
        /ERROR \[ERRO\] Falha ao atender GET \/api\/admin\/bots: .*\| .*request_id=pedido-77/
      )
    })
  )

  it.live("/metrics answers this machine, and elsewhere only with the token", () =>
    Effect.gen(function* () {
      const door = yield* openDoor()
      const local = yield* door.call("GET", "/metrics")
      assert.strictEqual(local.status, 200)
      assert.match(String(local.headers["content-type"]), /^text\/plain; version=0\.0\.4/)
      assert.include(local.text, `funil_build_info{version="${version}"} 1`)
      const proxied = { "x-forwarded-for": "203.0.113.9" }
      assert.strictEqual((yield* door.call("GET", "/metrics", { headers: proxied })).status, 401)
      const bearer = { ...proxied, authorization: `Bearer ${adminToken}` }
      assert.strictEqual((yield* door.call("GET", "/metrics", { headers: bearer })).status, 200)
      const wrong = { ...proxied, authorization: "Bearer nope" }
      assert.strictEqual((yield* door.call("GET", "/metrics", { headers: wrong })).status, 401)
    })
  )

  it.live("/openapi.json describes every route with its refusals, in Portuguese", () =>
    Effect.gen(function* () {
      const door = yield* openDoor()
      const { json, status } = yield* door.call("GET", "/openapi.json")
      assert.strictEqual(status, 200)
      assert.match(json.openapi, /^3\./)
      const paths = Object.keys(json.paths)
      for (const path of [
        "/api/admin/bots",
        "/api/admin/bots/{slug}",
        "/api/admin/bots/{slug}/plans",
        "/api/admin/bots/{slug}/plans/{id}",
        "/api/admin/bots/{slug}/messages/{key}",
        "/api/admin/payments",
        "/api/admin/users",
        "/api/admin/events",
        "/api/admin/deliveries",
        "/api/admin/deliveries/{id}/replay",
        "/api/admin/updates",
        "/api/admin/updates/{bot}/{update_id}/replay",
        "/api/metrics",
        "/metrics",
        "/healthz",
        "/readyz",
        "/tg/{slug}/webhook",
        "/api/payments/webhook/{gateway}"
      ]) {
        assert.include(paths, path)
      }
      assert.hasAllKeys(json.paths["/api/admin/bots"].post.responses, [
        "201",
        "400",
        "401",
        "404",
        "409",
        "413",
        "422",
        "503"
      ])
      for (const operations of Object.values<Record<string, { readonly summary?: string }>>(json.paths)) {
        for (const operation of Object.values(operations)) assert.isString(operation.summary)
      }
    })
  )

  it.live("/docs is one page that may load nothing from elsewhere", () =>
    Effect.gen(function* () {
      const door = yield* openDoor()
      const answer = yield* door.call("GET", "/docs")
      assert.strictEqual(answer.status, 200)
      assert.match(String(answer.headers["content-type"]), /^text\/html/)
      const policy = String(answer.headers["content-security-policy"])
      assert.include(policy, "default-src 'none'")
      assert.notMatch(policy, /https?:/)
      assert.notMatch(answer.text, /<(script|link|img)[^>]+(src|href)="(https?:)?\/\//)
    })
  )
})

describe("a stop", () => {
  it.live("is over in seconds with idle, half-sent and unread connections, and finishes what was begun", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const begun = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      const door = yield* Scope.provide(
        openDoor({ inbox: () => Effect.andThen(Deferred.succeed(begun, undefined), Deferred.await(go)) }),
        scope
      )
      const idle = yield* door.socket
      idle.write("GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: keep-alive\r\n\r\n")
      yield* Effect.callback<void>((resume) => void idle.once("data", () => resume(Effect.void)))
      const half = yield* door.socket
      half.write(
        `POST /tg/vip/webhook HTTP/1.1\r\nhost: x\r\nx-telegram-bot-api-secret-token: ${secret}\r\ncontent-length: 100\r\n\r\n{`
      )
      const headless = yield* door.socket
      headless.write("GET /hea")
      const hook = yield* Effect.forkChild(door.hook({ update_id: 1 }))
      yield* Deferred.await(begun)

      const startedMs = Date.now()
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* Effect.callback<void>((resume) => void idle.once("close", () => resume(Effect.void)))
      yield* Deferred.succeed(go, undefined)
      assert.strictEqual((yield* Fiber.join(hook)).status, 200)
      yield* Fiber.join(closing)
      assert.isBelow(Date.now() - startedMs, 7000)
      const refused = yield* Effect.exit(door.call("GET", "/healthz"))
      assert.isTrue(Exit.isFailure(refused))
    })
  )
})
