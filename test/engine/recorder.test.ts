import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { Node } from "../../src/engine/Node.ts"
import { Pressure } from "../../src/engine/Pressure.ts"
import { Recorder } from "../../src/engine/Recorder.ts"
import { type Recording, RecordingsRepo } from "../../src/repo/RecordingsRepo.ts"
import { UpdatesRepo } from "../../src/repo/UpdatesRepo.ts"
import { TestDatabase } from "../support/postgres.ts"
import { nodeWith } from "./support.ts"

const layerOn = (node: Node["Service"]) =>
  Recorder.layer.pipe(
    Layer.provide([Pressure.layer, Layer.succeed(Node, node)]),
    Layer.provideMerge(Layer.merge(RecordingsRepo.layer, UpdatesRepo.layer)),
    Layer.provideMerge(TestDatabase.layer)
  )

const layer = layerOn(nodeWith())

const seenAt = new Date("2026-11-20T12:00:00Z")

const recording = (
  botId: number,
  updateId: number,
  telegramId: number,
  more: Partial<Recording["person"]> = {}
): Recording => ({
  botId,
  updateId,
  hold: { owner: "node" },
  slug: "vip",
  person: {
    telegramId,
    name: "Ana Souza",
    firstName: "Ana",
    username: "ana",
    languageCode: "pt-br",
    seenAt,
    started: true,
    blocked: false,
    ...more
  },
  events: [{ eventId: `bot_start:${botId}:${updateId}`, name: "bot_start", occurredAt: seenAt, meta: {} }]
})

const setting = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const updates = yield* UpdatesRepo
  const [bot] = yield* sql<{ id: number }>`insert into bots (slug) values ('vip') returning id`
  const receive = (botId: number, ids: ReadonlyArray<number>) =>
    updates.insertMany(
      "node",
      ids.map((updateId) => ({
        botId,
        updateId,
        personId: null,
        kind: "start",
        payload: "{}",
        requestId: "r",
        receivedAt: seenAt
      }))
    )
  return { sql, botId: bot!.id, receive, recorder: yield* Recorder }
})

describe("Recorder", () => {
  it.live("a row that the database refuses is set aside and its neighbours get in", () =>
    Effect.gen(function* () {
      const { sql, botId, receive, recorder } = yield* setting
      const gone = botId + 1000
      yield* receive(botId, [1, 2, 4])
      yield* receive(gone, [3])
      yield* recorder.recordAll([
        recording(botId, 1, 7_205_343_917),
        recording(botId, 2, 12),
        recording(gone, 3, 13),
        recording(botId, 4, 14)
      ])
      const states = yield* sql<{ update_id: number; state: number }>`
        select update_id, state from telegram_updates order by update_id`
      assert.deepStrictEqual(
        states.map((row) => [row.update_id, row.state]),
        [
          [1, 1],
          [2, 1],
          [3, 2],
          [4, 1]
        ]
      )
      const people = yield* sql<{ telegram_id: number }>`select telegram_id from bot_users order by telegram_id`
      assert.deepStrictEqual(
        people.map((row) => row.telegram_id),
        [12, 14, 7_205_343_917]
      )
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.live("a row that a trigger of the seller's own refuses is set aside, and nobody waits for it", () =>
    Effect.gen(function* () {
      const { sql, botId, receive, recorder } = yield* setting
      yield* receive(botId, [1, 2, 3, 4])
      // The first refuses the person, the second whatever is to be written of the update, that it is dead included.
      yield* sql`create function refuse() returns trigger language plpgsql as 'begin raise exception ''não''; end'`
      yield* sql`create trigger person before insert on bot_users for each row when (new.telegram_id = 12)
        execute function refuse()`
      yield* sql`create trigger row before update on telegram_updates for each row when (new.update_id = 3)
        execute function refuse()`
      yield* recorder.recordAll([11, 12, 13, 14].map((id, index) => recording(botId, index + 1, id)))
      const states = yield* sql<{ state: number }>`select state from telegram_updates order by update_id`
      assert.deepStrictEqual(
        states.map((row) => row.state),
        [1, 2, 0, 1]
      )
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.live("the same recording twice is one event, and a later block is not undone by an earlier message", () =>
    Effect.gen(function* () {
      const { sql, botId, receive, recorder } = yield* setting
      yield* receive(botId, [1, 2])
      const later = new Date(seenAt.getTime() + 60_000)
      yield* recorder.recordAll([recording(botId, 2, 7, { seenAt: later, blocked: true, started: false })])
      yield* recorder.recordAll([recording(botId, 1, 7)])
      yield* recorder.recordAll([recording(botId, 1, 7)])
      const [person] = yield* sql<{ blocked: boolean; started: boolean }>`
        select blocked, first_start_at is not null as started from bot_users`
      assert.deepStrictEqual(person, { blocked: true, started: true })
      assert.strictEqual((yield* sql`select 1 from funnel_events where event_id = ${`bot_start:${botId}:1`}`).length, 1)
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.live("two touches of one person in one batch are one row with the latest of both", () =>
    Effect.gen(function* () {
      const { sql, botId, receive, recorder } = yield* setting
      yield* receive(botId, [1, 2])
      const later = new Date(seenAt.getTime() + 60_000)
      yield* recorder.recordAll([
        recording(botId, 2, 7, { seenAt: later, name: "Ana Lima", started: false }),
        recording(botId, 1, 7)
      ])
      const people = yield* sql<{ name: string; last_seen_at: Date; last_start_at: Date }>`
        select name, last_seen_at, last_start_at from bot_users`
      assert.deepStrictEqual(people, [{ name: "Ana Lima", last_seen_at: later, last_start_at: seenAt }])
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.live("what another process took over meanwhile stays its own, and its effects are one all the same", () =>
    Effect.gen(function* () {
      const { sql, botId, receive, recorder } = yield* setting
      yield* receive(botId, [1, 2])
      yield* sql`update telegram_updates set owner = 'outro' where update_id = 1`
      const late = recording(botId, 1, 7)
      yield* recorder.recordAll([late, recording(botId, 2, 8)])
      const states = yield* sql<{ state: number }>`select state from telegram_updates order by update_id`
      assert.deepStrictEqual(
        states.map((row) => row.state),
        [0, 1]
      )
      yield* recorder.record({ ...late, hold: { owner: "outro" } })
      assert.strictEqual((yield* sql`select 1 from telegram_updates where state = 1`).length, 2)
      assert.strictEqual((yield* sql`select 1 from bot_users`).length, 2)
      assert.strictEqual((yield* sql`select 1 from funnel_events`).length, 2)
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.live("what this process holds under a new name by now gets in all the same", () => {
    const hold = { owner: "node" }
    // Certain again means: what is still ours carries the new name.
    const certainty = Effect.sync(() => {
      hold.owner = "novo"
    })
    return Effect.gen(function* () {
      const { sql, botId, receive, recorder } = yield* setting
      yield* receive(botId, [1])
      yield* sql`update telegram_updates set owner = 'novo'`
      yield* recorder.record({ ...recording(botId, 1, 7), hold })
      assert.strictEqual((yield* sql`select 1 from telegram_updates where state = 1`).length, 1)
      assert.strictEqual((yield* sql`select 1 from funnel_events`).length, 1)
    }).pipe(Effect.scoped, Effect.provide(layerOn(nodeWith({ certainty }))))
  })

  it.live("updates that were answered along are done in the same moment and leave nothing else", () =>
    Effect.gen(function* () {
      const { sql, botId, receive, recorder } = yield* setting
      yield* receive(botId, [1, 2, 3])
      const hold = { owner: "node" }
      const along = [2, 3].map((updateId) => ({ botId, updateId, hold }))
      yield* recorder.record({ ...recording(botId, 1, 7), along })
      assert.strictEqual((yield* sql`select 1 from telegram_updates where state <> 1`).length, 0)
      assert.strictEqual((yield* sql`select 1 from funnel_events`).length, 1)
      assert.strictEqual((yield* sql`select 1 from bot_users`).length, 1)
    }).pipe(Effect.scoped, Effect.provide(layer))
  )
})
