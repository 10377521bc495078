import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { createServer, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { Sandbox } from "../../src/sandbox/Sandbox.ts"
import { TestDatabase, testDatabaseUrl } from "../support/postgres.ts"
import { eventually, type ServiceProcess, startService } from "../support/service.ts"
import { ana, botToken, openShop } from "../support/shop.ts"
import { hook, privateMessage, secretOf } from "../support/updates.ts"

/** In force everywhere within 2 s (contract, section 8). */
const promiseMs = 2000

const within = Effect.fnUntraced(function* <A, E, R>(what: string, wait: Effect.Effect<A, E, R>) {
  const begun = performance.now()
  const found = yield* wait
  assert.isBelow(performance.now() - begun, promiseMs, what)
  return found
})

const tokenOf = (id: number) => `${id}:AAHsql0life0sql0life0sql0life0sql0`

/** A Telegram where nobody ever writes: it knows every bot and leaves every getUpdates open. */
const silentTelegram = Effect.gen(function* () {
  const open = new Set<ServerResponse>()
  const server = yield* Effect.acquireRelease(
    Effect.callback<Server>((resume) => {
      const made = createServer((request, response) => {
        request.resume()
        if (request.url?.endsWith("/getUpdates") === true) {
          open.add(response)
          response.on("close", () => open.delete(response))
          return
        }
        const me = { id: 1, is_bot: true, first_name: "Bot", username: "bot" }
        const result = request.url?.endsWith("/getMe") === true ? me : true
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ ok: true, result }))
      })
      made.listen(0, "127.0.0.1", () => resume(Effect.succeed(made)))
    }),
    (made) =>
      Effect.sync(() => {
        made.closeAllConnections()
        made.close()
      })
  )
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    polled: Effect.sync(() => [...open].map((response) => response.req.url))
  }
})

/** Two processes as behind one balancer: both are reached under the first one's address. */
const setUp = Effect.gen(function* () {
  const sandbox = yield* Sandbox
  const sql = yield* SqlClient.SqlClient
  const env = { ...sandbox.env, DATABASE_URL: yield* testDatabaseUrl }
  const first = yield* startService({ env })
  const second = yield* startService({ env: { ...env, PUBLIC_URL: first.url } })
  return { sandbox, sql, first, second }
})

const statusAt = (service: ServiceProcess, slug: string, secret: string) =>
  Effect.map(hook(service, slug, secret, privateMessage(ana, "oi")), ({ status }) => status)

const world = Layer.merge(Sandbox.layerWith({ telegram: { timeScale: 0.01 } }), TestDatabase.layer)

describe("bots that come and go by plain SQL", () => {
  for (const [name, end] of [
    ["marked as deleted", "update bots set deleted_at = now() where slug = 'vip'"],
    ["whose row is gone", "delete from bots where slug = 'vip'"]
  ] as const) {
    it.live(`a bot ${name} is a 404 on every process`, () =>
      Effect.gen(function* () {
        const { first, sandbox, second, sql } = yield* setUp
        const shop = yield* openShop(first, sandbox)
        const secret = yield* secretOf(shop.slug)
        for (const service of [first, second]) {
          yield* within(
            "in",
            eventually(statusAt(service, shop.slug, secret), (status) => status === 200)
          )
        }
        yield* sql.unsafe(end)
        yield* within(
          "out",
          Effect.forEach(
            [first, second],
            (service) => eventually(statusAt(service, shop.slug, secret), (status) => status === 404),
            { concurrency: 2 }
          )
        )
        const view = yield* first.admin("GET", `/api/admin/bots/${shop.slug}`)
        assert.strictEqual(view.status, 404)
      }).pipe(Effect.scoped, Effect.provide(world))
    )
  }

  it.live("a new bot gets its address at Telegram, and its webhook works on every process", () =>
    Effect.gen(function* () {
      const { first, sandbox, second, sql } = yield* setUp
      const id = 500_001
      yield* sandbox.telegram.addBot({ token: tokenOf(id), username: "novo_bot" })
      yield* sql`insert into bots (slug, token) values ('novo', ${tokenOf(id)})`
      const registered = yield* within(
        "registered",
        sandbox.telegram.waitFor((call) => call.ok && call.method === "setWebhook" && call.botId === id)
      )
      assert.strictEqual(registered.params["url"], `${first.url}/tg/novo/webhook`)
      const secret = String(registered.params["secret_token"])
      for (const service of [first, second]) {
        yield* within(
          "in",
          eventually(statusAt(service, "novo", secret), (status) => status === 200)
        )
      }
      assert.strictEqual(yield* secretOf("novo"), secret)
    }).pipe(Effect.scoped, Effect.provide(world))
  )

  it.live(
    "a token renewed by SQL wins over the sealed one, opens a new secret, and wakes the bot that it had stopped",
    () =>
      Effect.gen(function* () {
        const { first, sandbox, second, sql } = yield* setUp
        const { slug } = yield* openShop(first, sandbox)
        const before = yield* eventually(secretOf(slug), (secret) => secret !== "")
        const renewed = `${botToken.split(":")[0]}:AAHnovo0novo0novo0novo0novo0novo0`
        // As it is after Telegram has refused the token.
        yield* sandbox.telegram.revoke(botToken)
        yield* hook(first, slug, before, privateMessage(ana, "/start"))
        yield* first.wrote(/ERROR .*O bot vip foi parado/)
        yield* sandbox.telegram.addBot({ token: renewed, username: "vip_bot" })
        yield* sql`update bots set token = ${renewed} where slug = ${slug}`
        const answered = yield* within(
          "registered",
          sandbox.telegram.waitFor(
            (call) => call.ok && call.method === "setWebhook" && call.params["secret_token"] !== before
          )
        )
        const secret = String(answered.params["secret_token"])
        for (const [index, service] of [first, second].entries()) {
          const person = { id: 7_300_000_001 + index, first_name: "Bia" }
          yield* sandbox.telegram.person(person)
          yield* eventually(statusAt(service, slug, secret), (status) => status === 200)
          yield* hook(service, slug, secret, privateMessage(person, "/start"))
          yield* sandbox.telegram.waitFor(
            (call) => Number(call.params["chat_id"]) === person.id && call.method === "sendMessage"
          )
        }
        const view = yield* first.admin("GET", `/api/admin/bots/${slug}`)
        assert.include(view.json, { active: true, username: "vip_bot" })
      }).pipe(Effect.scoped, Effect.provide(world))
  )

  it.live("without an address: polling begins with the row and ends with it", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const telegram = yield* silentTelegram
      const env = { DATABASE_URL: yield* testDatabaseUrl, TELEGRAM_API_URL: telegram.url }
      yield* startService({ env, publicUrl: false })
      yield* sql`insert into bots (slug, token) values ('marcado', ${tokenOf(500_001)}), ('apagado', ${tokenOf(500_002)})`
      yield* within(
        "begun",
        eventually(telegram.polled, (ids) => ids.length === 2)
      )
      yield* sql`update bots set deleted_at = now() where slug = 'marcado'`
      yield* sql`delete from bots where slug = 'apagado'`
      yield* within(
        "ended",
        eventually(telegram.polled, (ids) => ids.length === 0)
      )
    }).pipe(Effect.scoped, Effect.provide(TestDatabase.layer))
  )
})
