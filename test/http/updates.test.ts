import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient, SqlError } from "effect/sql"
import type { UpdatesQuery, UpdateView } from "../../src/repo/updates/list.ts"
import type { UpdateKey } from "../../src/repo/UpdatesRepo.ts"
import { deadUpdate } from "../support/doubles.ts"
import { eventually } from "../support/service.ts"
import { ana, botToken, sentTo } from "../support/shop.ts"
import { privateMessage } from "../support/updates.ts"
import { World } from "../support/world.ts"
import { openDoor } from "./door.ts"

const cursor = Buffer.from("2025-11-07T12:00:00.000000Z|1|7").toString("base64url")

describe("GET /api/admin/updates", () => {
  it.live("hands every filter on and answers in the shape of every list", () =>
    Effect.gen(function* () {
      const queries: Array<UpdatesQuery> = []
      const door = yield* openDoor({
        updates: {
          list: (query) =>
            Effect.sync(() => {
              queries.push(query)
              return { items: [deadUpdate], next_cursor: cursor }
            })
        }
      })
      const answer = yield* door.asAdmin("GET", `/api/admin/updates?bot=vip&status=dead&limit=10&cursor=${cursor}`)
      assert.deepStrictEqual([answer.status, answer.json], [200, { items: [deadUpdate], next_cursor: cursor }])
      yield* door.asAdmin("GET", "/api/admin/updates?bot=&status=&limit=&cursor=")
      assert.deepStrictEqual(queries, [
        { botId: 1, status: "dead", limit: 10, cursor: { at: "2025-11-07T12:00:00.000000Z", botId: 1, updateId: 7 } },
        { botId: undefined, status: undefined, limit: undefined, cursor: undefined }
      ])
      assert.strictEqual((yield* door.call("GET", "/api/admin/updates")).status, 401)
    })
  )

  it.live(
    "is 400 with a sentence for a parameter that makes no sense, 404 for an unknown bot, 503 without a database",
    () =>
      Effect.gen(function* () {
        const cause = "ECONNREFUSED"
        const away = new SqlError.SqlError({ reason: new SqlError.ConnectionError({ cause }) })
        const door = yield* openDoor({ updates: { list: () => Effect.fail(away), replay: () => Effect.fail(away) } })
        for (const [query, field] of [
          ["status=poisoned", "status"],
          ["limit=0", "limit"],
          ["limit=-1", "limit"],
          ["cursor=abc", "cursor"],
          ["bot=%00", "bot"]
        ]) {
          const answer = yield* door.asAdmin("GET", `/api/admin/updates?${query}`)
          assert.strictEqual(answer.status, 400, query)
          assert.hasAllKeys(answer.json.fields, [field])
          assert.notMatch(answer.json.message, /expected|invalid|must/i)
        }
        assert.strictEqual((yield* door.asAdmin("GET", "/api/admin/updates?bot=nobody")).status, 404)
        assert.strictEqual((yield* door.asAdmin("GET", "/api/admin/updates")).status, 503)
        assert.strictEqual((yield* door.asAdmin("POST", "/api/admin/updates/vip/7/replay")).status, 503)
      })
  )
})

describe("POST /api/admin/updates/:bot/:update_id/replay", () => {
  it.live("wakes the engine for a dead one, and says why not for any other", () =>
    Effect.gen(function* () {
      const keys: Array<UpdateKey> = []
      let woken = 0
      const door = yield* openDoor({
        recover: Effect.sync(() => void (woken += 1)),
        updates: {
          replay: (key) =>
            Effect.sync(() => {
              keys.push(key)
              if (key.updateId === 7) return { _tag: "Replayed", update: { ...deadUpdate, status: "waiting" } } as const
              return { _tag: key.updateId === 8 ? "NotDead" : "Missing" } as const
            })
        }
      })
      const replay = (bot: string, id: string) => door.asAdmin("POST", `/api/admin/updates/${bot}/${id}/replay`)
      const done = yield* replay("vip", "7")
      assert.deepStrictEqual([done.status, done.json], [200, { ...deadUpdate, status: "waiting" }])
      assert.strictEqual(woken, 1)
      const conflict = yield* replay("vip", "8")
      assert.deepStrictEqual([conflict.status, conflict.json.error], [409, "conflict"])
      for (const [bot, id] of [
        ["vip", "9"],
        ["nobody", "7"],
        ["vip", "x"],
        ["vip", "-7"]
      ] as const) {
        assert.strictEqual((yield* replay(bot, id)).status, 404, `${bot}/${id}`)
      }
      assert.strictEqual(woken, 1)
      assert.deepStrictEqual(
        keys,
        [7, 8, 9].map((updateId) => ({ botId: 1, updateId }))
      )
      assert.strictEqual((yield* door.call("POST", "/api/admin/updates/vip/7/replay")).status, 401)
    })
  )

  it.live("brings the answer to the person, in a running service", () =>
    Effect.gen(function* () {
      const { sandbox, service, shop } = yield* World
      const sql = yield* SqlClient.SqlClient
      yield* sandbox.telegram.person(ana)
      // She is known to the bot; what she wrote then was lost.
      yield* sandbox.telegram.sendText(botToken, ana, "/start")
      yield* sandbox.telegram.waitFor(sentTo(ana.id, /Olá/))
      const message = privateMessage(ana, "/start")
      yield* sql`
        insert into telegram_updates (bot_id, update_id, person_id, kind, payload, request_id, state, attempts, error,
          owner, done_at, received_at)
        values (${shop.botId}, ${message.update_id}, ${ana.id}, 'start', ${JSON.stringify(message)}, 'morta', 2, 4,
          'falhou', 'processo-antigo', now(), now() - interval '3 days')`
      const dead = yield* service.admin("GET", "/api/admin/updates?status=dead")
      assert.deepStrictEqual(
        dead.json.items.map((item: UpdateView) => [
          item.bot,
          item.update_id,
          item.telegram_id,
          item.attempts,
          item.error
        ]),
        [[shop.slug, message.update_id, ana.id, 4, "falhou"]]
      )
      yield* sandbox.telegram.clear
      const path = `/api/admin/updates/${shop.slug}/${message.update_id}/replay`
      const replay = yield* service.admin("POST", path)
      assert.deepStrictEqual([replay.status, replay.json.status, replay.json.attempts], [200, "waiting", 0])
      yield* sandbox.telegram.waitFor(sentTo(ana.id, /Olá/), 3000)
      yield* eventually(
        sql`select 1 from telegram_updates where update_id = ${message.update_id} and state = 1`,
        (rows) => rows.length === 1
      )
      assert.strictEqual((yield* service.admin("POST", path)).status, 409)
      assert.lengthOf((yield* service.admin("GET", "/api/admin/updates?status=dead")).json.items, 0)

      yield* sandbox.telegram.clear
      yield* sql`update telegram_updates set state = 2 where update_id = ${message.update_id}`
      const replayAll = (bot: string) => service.admin("POST", `/api/admin/updates/replay?bot=${bot}`)
      assert.strictEqual((yield* replayAll("nobody")).status, 404)
      assert.deepStrictEqual((yield* replayAll(shop.slug)).json, { replayed: 1 })
      yield* sandbox.telegram.waitFor(sentTo(ana.id, /Olá/), 3000)
      yield* eventually(
        sql`select 1 from telegram_updates where update_id = ${message.update_id} and state = 1`,
        (rows) => rows.length === 1
      )
      assert.deepStrictEqual((yield* replayAll("")).json, { replayed: 0 })
      const listed = yield* service.admin("GET", `/api/admin/updates?bot=${shop.slug}&status=done`)
      assert.include(
        listed.json.items.map((item: UpdateView) => item.update_id),
        message.update_id
      )
    }).pipe(Effect.provide(World.layerWith({ telegram: { timeScale: 0.01 } })))
  )
})
