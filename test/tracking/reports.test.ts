import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { Bots } from "../../src/bots/Bots.ts"
import { Config } from "../../src/config.ts"
import type { Bot } from "../../src/domain/bot.ts"
import { type BotTracking, defaultMetaEvents, untracked } from "../../src/domain/tracking.ts"
import { OutboxRepo } from "../../src/repo/OutboxRepo.ts"
import { Outbox } from "../../src/tracking/Outbox.ts"
import { Reports } from "../../src/tracking/Reports.ts"
import { TestDatabase } from "../support/postgres.ts"

const everything = {
  UTMIFY_TOKEN: "credencial-utmify",
  FACEBOOK_PIXEL_ID: "1234567890",
  FACEBOOK_ACCESS_TOKEN: "EAAB-segredo"
}

const ground = (env: Record<string, string>, tracking?: BotTracking) =>
  Reports.layer.pipe(
    Layer.provideMerge(Outbox.layer),
    Layer.provideMerge(
      Layer.mergeAll(
        OutboxRepo.layer,
        Layer.mock(Bots, {
          find: () => Option.none(),
          all: () => [],
          byId: () => Option.map(Option.fromUndefinedOr(tracking), (one) => ({ tracking: one }) as Bot)
        })
      )
    ),
    Layer.provideMerge(
      Layer.merge(TestDatabase.layer, Config.layerFrom({ ADMIN_TOKEN: "x", ENCRYPTION_KEY: "ab".repeat(32), ...env }))
    )
  )

const botId = 1

const rows = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  return yield* sql<{ destination: string; event_name: string; account: string | null; payload: object }>`
    select destination, event_name, account, payload from outbox order by id`
})

const namesOf = (found: ReadonlyArray<{ destination: string; event_name: string }>) =>
  found.map((row) => `${row.destination}:${row.event_name}`)

describe("Reports", () => {
  it.live("queues each fact once for each destination, in the caller's transaction", () =>
    Effect.gen(function* () {
      const reports = yield* Reports
      const sql = yield* SqlClient.SqlClient
      const payment = { id: 12, botId, telegramId: 7205343917 }
      yield* Effect.ignore(sql.withTransaction(Effect.andThen(reports.queue("pix_paid", payment), Effect.fail("undo"))))
      assert.deepStrictEqual(yield* rows, [])
      const seen = { step: "presell_view", botId, eventId: "v1", sessionId: "s1", occurredAt: new Date(0) } as const
      for (let times = 0; times < 2; times++) {
        yield* reports.put([seen])
        for (const fact of ["pix_created", "pix_paid", "pix_refunded"] as const) yield* reports.queue(fact, payment)
      }
      const found = yield* rows
      assert.deepStrictEqual(namesOf(found), [
        "facebook:presell_view",
        "facebook:pix_created",
        "utmify:pix_created",
        "facebook:pix_paid",
        "utmify:pix_paid",
        "utmify:pix_refunded"
      ])
      assert.deepStrictEqual(found[0]?.payload, {
        event_id: "v1",
        occurred_at: "1970-01-01T00:00:00.000Z",
        session_id: "s1"
      })
      assert.strictEqual(found[0]?.account, "1234567890")
    }).pipe(Effect.scoped, Effect.provide(ground(everything)))
  )

  it.live("nothing is queued for whom nobody configured", () =>
    Effect.gen(function* () {
      const reports = yield* Reports
      yield* reports.queue("pix_paid", { id: 1, botId, telegramId: 1 })
      assert.deepStrictEqual(yield* rows, [])
      // The browser's Pixel needs no token; the server's half does.
    }).pipe(Effect.scoped, Effect.provide(ground({ FACEBOOK_PIXEL_ID: "1234567890" })))
  )

  it.live("a bot is told about as it says: its pixel, its steps", () =>
    Effect.gen(function* () {
      const reports = yield* Reports
      yield* reports.put([{ step: "bot_start", botId, eventId: "b1", telegramId: 5 }])
      yield* reports.queue("pix_created", { id: 3, botId, telegramId: 5 })
      yield* reports.queue("pix_charged_back", { id: 3, botId, telegramId: 5 })
      assert.deepStrictEqual(
        (yield* rows).map(({ account, event_name }) => [event_name, account]),
        [
          ["pix_created", "99887766"],
          ["pix_charged_back", ""]
        ]
      )
    }).pipe(
      Effect.scoped,
      Effect.provide(
        ground(everything, {
          ...untracked,
          pixel: Option.some({ id: "99887766", token: Option.some(Redacted.make("EAAB-do-bot")) }),
          metaEvents: { ...defaultMetaEvents, bot_start: { name: null, action_source: "chat" } },
          utmifyWaitingPayment: false
        })
      )
    )
  )
})
