import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlError } from "effect/sql"
import { GatewayError, WebhookRefused } from "../../src/payments/PaymentGateway.ts"
import { type IncomingWebhook, UnknownGateway } from "../../src/payments/WebhookInbox.ts"
import { openDoor } from "./door.ts"

interface Received extends IncomingWebhook {
  readonly gateway: string
}

const receiving = Effect.gen(function* () {
  const received: Array<Received> = []
  const door = yield* openDoor({
    payments: (gateway, webhook) => Effect.sync(() => void received.push({ ...webhook, gateway }))
  })
  return { door, received }
})

const sqlError = (reason: SqlError.SqlErrorReason) => new SqlError.SqlError({ reason })

describe("POST /api/payments/webhook/:gateway", () => {
  it.live("hands bytes, headers, query and what stands behind the name over as they came", () =>
    Effect.gen(function* () {
      const { door, received } = yield* receiving
      const body = Buffer.from([0x7b, 0xff, 0x00, 0x22, 0xe2, 0x28, 0xa1, 0x0d, 0x0a])
      const answer = yield* door.call("POST", "/api/payments/webhook/pushinpay/k3y_of-charge?a=1&b=%20c", {
        headers: { "content-type": "application/x-www-form-urlencoded", "x-signature": "abc" },
        body
      })
      assert.deepStrictEqual([answer.status, answer.text], [200, ""])
      const [first] = received
      assert.strictEqual(first?.gateway, "pushinpay")
      assert.deepStrictEqual(Buffer.from(first?.body ?? []), body)
      assert.strictEqual(first?.pathKey, "k3y_of-charge")
      assert.strictEqual(first?.query, "a=1&b=%20c")
      assert.strictEqual(first?.headers["content-type"], "application/x-www-form-urlencoded")
      assert.strictEqual(first?.headers["x-signature"], "abc")
    })
  )

  it.live("accepts any content type, any body, and none", () =>
    Effect.gen(function* () {
      const { door, received } = yield* receiving
      for (const [type, body] of [
        ["application/json", '{"id":"1"}'],
        ["application/x-www-form-urlencoded", "id=1&status=paid"],
        ["text/plain", "{"],
        ["multipart/form-data; boundary=x", "nonsense"],
        ["", ""]
      ] as const) {
        const answer = yield* door.call("POST", "/api/payments/webhook/pushinpay", {
          headers: { "content-type": type },
          body
        })
        assert.strictEqual(answer.status, 200, type)
      }
      assert.strictEqual((yield* door.call("POST", "/api/payments/webhook/pushinpay")).status, 200)
      assert.strictEqual((yield* door.call("POST", "/api/payments/webhook/pushinpay/")).status, 200)
      assert.lengthOf(received, 7)
    })
  )

  it.live("answers a look at the address", () =>
    Effect.gen(function* () {
      const { door } = yield* receiving
      for (const method of ["GET", "HEAD"]) {
        for (const path of ["/api/payments/webhook/pushinpay", "/api/payments/webhook/pushinpay/key"]) {
          const answer = yield* door.call(method, path)
          assert.deepStrictEqual([answer.status, answer.text], [200, ""], `${method} ${path}`)
        }
      }
    })
  )

  it.live("is 404 for an unknown gateway, 401 for a wrong proof", () =>
    Effect.gen(function* () {
      const door = yield* openDoor({
        payments: (gateway) =>
          gateway === "pushinpay"
            ? Effect.fail(
                new GatewayError({ gateway, operation: "webhook", reason: new WebhookRefused({ detail: "x-token" }) })
              )
            : Effect.fail(new UnknownGateway({ gateway }))
      })
      const unknown = yield* door.call("POST", "/api/payments/webhook/nobody", { body: "{}" })
      assert.deepStrictEqual([unknown.status, unknown.json?.error], [404, "not_found"])
      const refused = yield* door.call("POST", "/api/payments/webhook/pushinpay", { body: "{}" })
      assert.deepStrictEqual([refused.status, refused.json?.error], [401, "unauthorized"])
    })
  )

  it.live("is 413 over 1 MiB, declared or not", () =>
    Effect.gen(function* () {
      const { door, received } = yield* receiving
      const body = Buffer.alloc(1024 * 1024 + 1, 97)
      for (const headers of [{ "content-length": String(body.length) }, { "transfer-encoding": "chunked" }]) {
        const answer = yield* door.call("POST", "/api/payments/webhook/pushinpay", { headers: { ...headers }, body })
        assert.deepStrictEqual([answer.status, answer.json?.error], [413, "too_large"])
      }
      assert.lengthOf(received, 0)
    })
  )

  it.live("is 503 while the database is away, 500 when it refuses, and never names the charge's secret", () =>
    Effect.gen(function* () {
      const failing = (reason: SqlError.SqlErrorReason) => openDoor({ payments: () => Effect.fail(sqlError(reason)) })
      const path = "/api/payments/webhook/pushinpay/segredo-da-cobranca"
      const cause = { code: "42601", message: "syntax error" }
      const away = yield* failing(new SqlError.ConnectionError({ cause }))
      assert.strictEqual((yield* away.call("POST", path, { body: "{}" })).status, 503)
      const stopping = yield* failing(
        new SqlError.UnknownError({ cause: { code: "57P01", message: "terminating connection" } })
      )
      assert.strictEqual((yield* stopping.call("POST", path, { body: "{}" })).status, 503)
      const refusing = yield* failing(new SqlError.SqlSyntaxError({ cause }))
      assert.strictEqual((yield* refusing.call("POST", path, { body: "{}" })).status, 500)
      const broken = yield* openDoor({ payments: () => Effect.die(new Error("a bug")) })
      assert.strictEqual((yield* broken.call("POST", path, { body: "{}" })).status, 500)
      yield* broken.call("GET", "/healthz")
      const log = [away, stopping, refusing, broken].flatMap(({ lines }) => lines).join("")
      assert.include(log, "WARN")
      assert.include(log, "ERROR [ERRO] Falha ao atender POST /api/payments/webhook/:gateway/*: a bug")
      assert.notInclude(log, "segredo-da-cobranca")
    })
  )
})
