import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { crowd } from "../support/faults.ts"
import { sentTo } from "../support/shop.ts"
import { World } from "../support/world.ts"
import { act, createShot, gather, until } from "./support.ts"

const nobody = { failed: 0, blocked: 0, skipped: 0, pending: 0, ambiguous: 0 }

describe("a shot", () => {
  layer(World.layerWith(), { excludeTestServices: true })((it) => {
    it.effect("reaches everybody of its bot once, and counts them", () =>
      Effect.gen(function* () {
        const { sandbox, service, shop } = yield* World
        const sql = yield* SqlClient.SqlClient
        const people = crowd(40)
        yield* Effect.forEach(people, (person) => sandbox.telegram.person(person))
        yield* sandbox.telegram.configure({ acceptUnknownChats: true })
        yield* gather(sql, shop.botId, people)
        const path = yield* createShot(service, shop.slug)
        const draft = yield* service.admin("GET", path)
        assert.strictEqual(draft.json.status, "draft")
        assert.deepStrictEqual(draft.json.counts, { total: 0, sent: 0, ...nobody })
        const started = yield* act(service, path, "start")
        assert.strictEqual(started.counts.total, 40)
        const done = yield* until(service, path, "done")
        assert.deepStrictEqual(done.counts, { total: 40, sent: 40, ...nobody })
        const calls = (yield* sandbox.telegram.calls).filter((call) => /novidade/.test(String(call.params["text"])))
        assert.strictEqual(calls.length, 40)
        assert.strictEqual(new Set(calls.map((call) => call.params["chat_id"])).size, 40)
        assert.isTrue(calls.some(sentTo(people[7]!.id, /Oi Pessoa7, chegou novidade/)))
        assert.include(service.log, "terminou: 40 enviadas")
      })
    )
  })
})
