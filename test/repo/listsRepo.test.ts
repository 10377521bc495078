import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { decodeCursor, type ListQuery, type Page } from "../../src/repo/cursor.ts"
import { ListsRepo } from "../../src/repo/ListsRepo.ts"
import { TestDatabase } from "../support/postgres.ts"

const Database = ListsRepo.layer.pipe(Layer.provideMerge(TestDatabase.layer))

/** Every page after the other, `limit` at a time. */
const allPages = Effect.fnUntraced(function* <A, E>(
  read: (query: ListQuery) => Effect.Effect<Page<A>, E>,
  query: ListQuery
) {
  const items: Array<A> = []
  for (let next: ListQuery | undefined = query; next !== undefined;) {
    const page: Page<A> = yield* read(next)
    items.push(...page.items)
    const cursor: string | null = page.next_cursor
    next = cursor === null ? undefined : { ...query, cursor: Option.getOrThrow(decodeCursor(cursor)) }
  }
  return items
})

layer(Database, { excludeTestServices: true, timeout: "60 seconds" })("ListsRepo", (it) => {
  it.effect("lists people newest first, through pages that split one and the same microsecond", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const lists = yield* ListsRepo
      yield* sql`insert into bots (id, slug, name) values (11, 'pagina', 'P'), (12, 'outro', 'O')`
      yield* sql`
        insert into bot_users (bot_id, telegram_id, name, first_seen_at, last_seen_at, blocked, opted_out, has_paid)
        select 11, 7000000000 + i, 'Pessoa ' || i,
          timestamptz '2025-11-07 12:00:00.123456Z' + (i / 7) * interval '1 microsecond',
          '2025-11-08 12:00Z', i % 5 = 0, i % 5 = 1, i % 3 = 0
        from generate_series(1, 40) i`
      yield* sql`insert into bot_users (bot_id, telegram_id) values (12, 7000000001)`
      const expected = Array.from({ length: 40 }, (_, i) => 7_000_000_040 - i)
      for (const limit of [1, 3, 7, 50]) {
        const people = yield* allPages(lists.users, { bot: "pagina", limit })
        assert.deepStrictEqual(
          people.map((one) => one.telegram_id),
          expected
        )
      }
      const [first] = (yield* lists.users({ bot: "pagina", telegramId: 7_000_000_030 })).items
      assert.deepStrictEqual(first, {
        bot: "pagina",
        telegram_id: 7_000_000_030,
        name: "Pessoa 30",
        username: null,
        language_code: null,
        blocked: true,
        opted_out: false,
        has_paid: true,
        session_id: null,
        first_seen_at: "2025-11-07T12:00:00.123Z",
        last_seen_at: "2025-11-08T12:00:00.000Z",
        last_start_at: null
      })
      const count = (query: ListQuery) =>
        Effect.map(allPages(lists.users, { bot: "pagina", limit: 9, ...query }), (people) => people.length)
      assert.strictEqual(yield* count({ status: "blocked" }), 8)
      assert.strictEqual(yield* count({ status: "opted_out" }), 8)
      assert.strictEqual(yield* count({ status: "active" }), 24)
      assert.strictEqual(yield* count({ status: "paid" }), 13)
      assert.strictEqual(yield* count({ from: new Date("2025-11-08T00:00:00Z") }), 0)
      assert.strictEqual(yield* count({ to: new Date("2025-11-08T00:00:00Z") }), 40)
      assert.lengthOf(yield* allPages(lists.users, { telegramId: 7_000_000_001 }), 2)
    })
  )

  it.effect("lists events that share instant and id, as copies of older systems do, each once", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const lists = yield* ListsRepo
      yield* sql`
        insert into funnel_events (id, event_id, event_name, occurred_at, bot_slug)
        select 5, 'gemeo' || i, 'bot_start', '2031-01-01 00:00:00.000001+00', 'gemeos' from generate_series(1, 9) i`
      for (const limit of [1, 2, 4, 50]) {
        const events = yield* allPages(lists.events, { bot: "gemeos", limit })
        assert.deepStrictEqual(
          events.map((event) => event.event_id),
          [9, 8, 7, 6, 5, 4, 3, 2, 1].map((n) => `gemeo${n}`)
        )
      }
      yield* sql`delete from funnel_events where bot_slug = 'gemeos'`
    })
  )

  it.effect("lists events of every age under today's names, copies once", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const lists = yield* ListsRepo
      yield* sql`insert into bots (id, slug, name) values (21, 'novo', 'N'), (22, 'velho', 'V')`
      yield* sql`
        insert into funnel_events (event_id, event_name, occurred_at, bot_id, bot_slug, telegram_id, tg_id, session_id,
          utm_source, price_cents, payment_id)
        values ('a', 'bot_start', '2025-11-07 12:00Z', 21, 'novo', 1, 1, 's', 'fb', null, null),
          ('b', 'pix_paid', '2025-11-07 12:00Z', 21, null, 2, null, null, null, 1990, 5),
          ('c', 'start', '2025-10-07 12:00Z', null, 'velho', null, 3, null, null, null, null)`
      const before = yield* allPages(lists.events, { limit: 1 })
      assert.deepStrictEqual(
        before.map((event) => event.event_id),
        ["b", "a", "c"]
      )
      yield* sql`create table funnel_events_legacy (id bigserial primary key, bot_id bigint, bot_slug text,
        event_name text not null, event_id text not null unique, tg_id bigint, price_cents integer,
        occurred_at timestamptz not null default now())`
      yield* sql`
        insert into funnel_events_legacy (event_id, event_name, occurred_at, bot_slug, tg_id, price_cents)
        values ('c', 'start', '2025-10-07 12:00Z', 'velho', 3, null),
          ('d', 'payment_approved', '2025-09-07 12:00Z', 'velho', 3, 990)`
      for (const limit of [1, 2, 50]) {
        const events = yield* allPages(lists.events, { limit })
        assert.deepStrictEqual(
          events.map((event) => event.event_id),
          ["b", "a", "c", "d"]
        )
      }
      const idsOf = (query: ListQuery) =>
        Effect.map(lists.events(query), ({ items }) => items.map((event) => event.event_id).join(""))
      assert.strictEqual(yield* idsOf({ bot: "novo" }), "ba")
      assert.strictEqual(yield* idsOf({ bot: "velho" }), "cd")
      assert.strictEqual(yield* idsOf({ status: "pix_paid" }), "bd")
      assert.strictEqual(yield* idsOf({ status: "bot_start", bot: "velho" }), "c")
      assert.strictEqual(yield* idsOf({ telegramId: 3 }), "cd")
      assert.strictEqual(
        yield* idsOf({ from: new Date("2025-10-07T12:00:00Z"), to: new Date("2025-11-07T12:00:00Z") }),
        "c"
      )
      assert.deepStrictEqual((yield* lists.events({ status: "pix_paid", limit: 1 })).items, [
        {
          event_id: "b",
          event_name: "pix_paid",
          bot: "novo",
          telegram_id: 2,
          session_id: null,
          payment_id: 5,
          value_cents: 1990,
          occurred_at: "2025-11-07T12:00:00.000Z",
          source: null,
          utm_source: null,
          utm_medium: null,
          utm_campaign: null,
          utm_content: null,
          utm_term: null
        }
      ])
    })
  )
})
