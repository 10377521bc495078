import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { bodies, places } from "../../src/http/api/examples.ts"
import { Sandbox } from "../../src/sandbox/Sandbox.ts"
import { TestDatabase, testDatabaseUrl } from "../support/postgres.ts"
import { startService } from "../support/service.ts"

const world = Layer.merge(Sandbox.layer, TestDatabase.layer)

describe("the examples of /openapi.json", () => {
  it.live(
    "are all true: each call is answered as described, and so is the call without the password",
    () =>
      Effect.gen(function* () {
        const { env, telegram } = yield* Sandbox
        yield* telegram.addBot({
          token: (bodies["POST /api/admin/bots"] as { readonly token: string }).token,
          username: "vip_bot"
        })
        const service = yield* startService({ env: { ...env, DATABASE_URL: yield* testDatabaseUrl } })
        const { paths } = (yield* service.request("GET", "/openapi.json")).json
        for (const [call, body] of Object.entries(bodies)) {
          const [method = "", path = ""] = call.split(" ")
          const described = paths[path]?.[method.toLowerCase()]
          assert.isDefined(described, `${call} is no route`)
          assert.deepStrictEqual(described.requestBody.content["application/json"].example, body, call)
          const address = path.replaceAll(/\{(\w+)\}/g, (_: string, name: string) => String(places[name]))
          const answer = yield* service.admin(method, address, body)
          assert.include(Object.keys(described.responses), String(answer.status), `${call}: ${answer.text}`)
          assert.isBelow(answer.status, 300, `${call}: ${answer.text}`)
          if (!path.startsWith("/api/admin")) continue
          assert.strictEqual((yield* service.request(method, address, body)).status, 401, call)
        }
        for (const [path, operations] of Object.entries<Record<string, { responses: object }>>(paths)) {
          if (operations["get"] === undefined || /shots\/\{id\}|media\/\{id\}/.test(path)) continue
          const address = path.replaceAll(/\{(\w+)\}/g, (_: string, name: string) => String(places[name]))
          const answer = yield* service.admin("GET", address)
          assert.include(
            Object.keys(operations["get"].responses),
            String(answer.status),
            `GET ${address}: ${answer.text}`
          )
          assert.isBelow(answer.status, 400, `GET ${address}: ${answer.text}`)
        }
      }).pipe(Effect.scoped, Effect.provide(world)),
    90_000
  )
})
