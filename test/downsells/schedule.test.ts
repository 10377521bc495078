import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { type PersonTouch, RecordingsRepo } from "../../src/repo/RecordingsRepo.ts"
import { TestDatabase } from "../support/postgres.ts"

const layer = RecordingsRepo.layer.pipe(Layer.provideMerge(TestDatabase.layer))

const startedAt = new Date()

/** Bots, one written by us or V3, one in the manner of V2, and what people do with them. */
const setting = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const recordings = yield* RecordingsRepo
  const [ours, v2] = yield* sql<{ id: number }>`insert into bots (slug) values ('vip'), ('velho') returning id`
  let updateId = 0
  const touch = (
    person: Partial<PersonTouch> & { readonly telegramId: number },
    bot: { readonly id: number; readonly slug: string }
  ) => ({
    botId: bot.id,
    updateId: ++updateId,
    hold: { owner: "node" },
    slug: bot.slug,
    person: {
      name: "Ana",
      firstName: "Ana",
      username: undefined,
      languageCode: undefined,
      seenAt: startedAt,
      started: true,
      blocked: false,
      ...person
    },
    events: []
  })
  const vip = { id: ours!.id, slug: "vip" }
  const act = (...people: ReadonlyArray<Partial<PersonTouch> & { readonly telegramId: number }>) =>
    recordings.write(people.map((person) => touch(person, vip)))
  const queue = sql<{ who: number; name: string; due: Date; status: string; reason: string | null }>`
    select q.telegram_id as who, d.name, q.scheduled_at as due, q.status, q.cancel_reason as reason
    from downsells_queue q join bot_downsells d on d.id = q.downsell_id order by q.id`
  const names = Effect.map(queue, (rows) => rows.map(({ name, who }) => `${who}:${name}`).toSorted())
  return { sql, recordings, touch, vip, old: { id: v2!.id, slug: "velho" }, act, queue, names }
})

describe("a /start", () => {
  it.live("schedules every downsell of its bot at its delay, whichever system wrote it", () =>
    Effect.gen(function* () {
      const { sql, recordings, touch, vip, old, queue } = yield* setting
      yield* sql`insert into bot_downsells (bot_id, slug, name, content, delay_seconds, delay_minutes, active, trigger_type)
        values (${vip.id}, 'a', 'um', '{}', 60, 1, true, 'start'), (${vip.id}, 'b', 'minutos', '{}', 1200, 5, true, 'start'),
          (${vip.id}, 'c', 'pix', '{}', 60, 1, true, 'pix'), (${vip.id}, 'd', 'parado', '{}', 60, 1, false, 'start')`
      yield* sql`insert into bot_downsells (slug, name, content, delay_seconds, after_start, after_pix)
        values ('velho', 'V2', '{}', 30, true, true), ('velho', 'V2 só pix', '{}', 30, false, true)`
      yield* recordings.write([touch({ telegramId: 7 }, vip), touch({ telegramId: 8 }, old)])
      assert.deepStrictEqual(
        (yield* queue).map(({ due, name, who }) => [who, name, (due.getTime() - startedAt.getTime()) / 1000]),
        [
          [7, "um", 60],
          [7, "minutos", 300],
          [8, "V2", 30]
        ]
      )
    }).pipe(Effect.provide(layer))
  )

  it.live("schedules nothing twice, nothing that was sent, and again only after the seller's pause", () =>
    Effect.gen(function* () {
      const { sql, act, vip, names } = yield* setting
      yield* sql`insert into bot_downsells (bot_id, slug, name, content, repeat_after_seconds)
        values (${vip.id}, 'a', 'uma vez', '{}', null), (${vip.id}, 'b', 'de novo', '{}', 3600)`
      yield* act({ telegramId: 7 }, { telegramId: 8 })
      yield* act({ telegramId: 7 }, { telegramId: 7 })
      const once = ["7:de novo", "7:uma vez", "8:de novo", "8:uma vez"]
      assert.deepStrictEqual(yield* names, once)
      yield* sql`update downsells_queue set status = 'sent', sent_at = now() - interval '30 minutes'`
      yield* act({ telegramId: 7 }, { telegramId: 8 })
      assert.deepStrictEqual(yield* names, once)
      yield* sql`update downsells_queue set sent_at = now() - interval '2 hours' where telegram_id = 7`
      // Whether it arrived is unknown: as good as sent.
      yield* sql`update downsells_queue set status = 'failed', outcome = 'ambiguous', sent_at = null where telegram_id = 8`
      yield* act({ telegramId: 7 }, { telegramId: 8 })
      assert.deepStrictEqual(yield* names, [...once, "7:de novo"].toSorted())
    }).pipe(Effect.provide(layer))
  )

  it.live("schedules nothing for buyers, unless the seller wants it, nor for whoever said /parar", () =>
    Effect.gen(function* () {
      const { sql, act, vip, names, queue } = yield* setting
      yield* sql`insert into bot_downsells (bot_id, slug, name, content, to_buyers)
        values (${vip.id}, 'a', 'novos', '{}', false), (${vip.id}, 'b', 'todos', '{}', true)`
      yield* sql`insert into bot_users (bot_id, telegram_id, has_paid, has_purchase)
        values (${vip.id}, 7, true, false), (${vip.id}, 8, false, true), (${vip.id}, 10, false, false)`
      yield* act({ telegramId: 7 }, { telegramId: 8 }, { telegramId: 9 }, { telegramId: 10, optedOut: true })
      assert.deepStrictEqual(yield* names, ["7:todos", "8:todos", "9:novos", "9:todos"])

      yield* act({ telegramId: 9, started: false, optedOut: true })
      assert.deepStrictEqual(
        (yield* queue).filter(({ who }) => who === 9).map(({ reason, status }) => [status, reason]),
        [
          ["canceled", "opted_out"],
          ["canceled", "opted_out"]
        ]
      )
      // /start is no /voltar.
      yield* act({ telegramId: 9 })
      assert.strictEqual((yield* queue).filter(({ who, status }) => who === 9 && status === "pending").length, 0)
      yield* act({ telegramId: 9, started: false, optedOut: false }, { telegramId: 9 })
      assert.strictEqual((yield* queue).filter(({ who, status }) => who === 9 && status === "pending").length, 2)
    }).pipe(Effect.provide(layer))
  )
})
