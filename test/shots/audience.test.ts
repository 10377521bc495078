import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import type { ShotFilters } from "../../src/domain/shot.ts"
import { ShotsRepo } from "../../src/repo/ShotsRepo.ts"
import { TestDatabase } from "../support/postgres.ts"

const layer = ShotsRepo.layer.pipe(Layer.provideMerge(TestDatabase.layer))

/** One bot and one person of each kind; the numbers are their Telegram ids. */
const gather = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`insert into bots (id, slug) values (1, 'vip'), (2, 'outro')`
  yield* sql`insert into tracking_sessions (id, utm_source, utm_campaign) values ('s1', 'fb', 'natal'), ('s2', 'ig', 'natal')`
  yield* sql`
    insert into bot_users (bot_id, telegram_id, first_seen_at, first_start_at, last_start_at, has_paid, blocked, opted_out,
      session_id, first_session_id)
    values (1, 1, '2026-01-01', null, null, false, false, false, null, null),
      (1, 2, '2026-01-01', '2026-01-01', '2026-03-01', false, false, false, 's2', 's1'),
      (1, 3, '2026-02-01', '2026-02-01', '2026-02-01', false, false, false, 's2', 's2'),
      (1, 4, '2026-02-01', '2026-02-01', '2026-02-01', true, false, false, null, null),
      (1, 5, '2026-02-01', '2026-02-01', '2026-02-01', false, true, false, null, null),
      (1, 6, '2026-02-01', '2026-02-01', '2026-02-01', false, false, true, null, null),
      (2, 7, '2026-02-01', '2026-02-01', '2026-02-01', false, false, false, null, null)`
  yield* sql`
    insert into payments (transaction_id, provider, status, bot_id, bot_slug, telegram_id, bot_user_id, value_cents,
      created_at, paid_at)
    select n::text, 'pushinpay', status, 1, slug, person, (select id from bot_users where telegram_id = who), 990, at,
      case when status = 'paid' then at end
    from (values (1, 'expired', 'vip', 3, 3, timestamptz '2026-02-02'), (2, 'expired', 'vip', 4, 4, '2026-02-02'),
      (3, 'paid', 'vip', 4, 4, '2026-02-03'), (4, 'created', null, null, 2, '2026-04-01'),
      (5, 'creating', 'vip', 1, 1, '2026-02-02')) v (n, status, slug, person, who, at)`
  return sql
})

const cases: ReadonlyArray<readonly [ShotFilters, ReadonlyArray<number>]> = [
  [{}, [1, 2, 3, 4]],
  [{ audience: "all", exclude_blocked: false }, [1, 2, 3, 4, 5]],
  [{ audience: "started" }, [2, 3, 4]],
  [{ audience: "started", since: "2026-02-15T00:00:00Z" }, [2]],
  [{ audience: "started", until: "2026-01-15T00:00:00Z" }, [2]],
  [{ audience: "pix_unpaid" }, [2, 3]],
  [{ audience: "pix_unpaid", until: "2026-03-01T00:00:00Z" }, [3]],
  [{ audience: "paid" }, [4]],
  [{ audience: "paid", since: "2026-02-04T00:00:00Z" }, []],
  [{ audience: "never_paid" }, [1, 2, 3]],
  [{ audience: "never_paid", since: "2026-01-15T00:00:00Z" }, [3]],
  [{ utm: { source: "fb" } }, [2]],
  [{ utm: { source: "ig", campaign: "natal" } }, [2, 3]],
  [{ utm: { source: "ig", campaign: "outra" } }, []]
]

describe("whom a shot is for", () => {
  it.live("each filter chooses exactly its people, and the preview counts the same", () =>
    Effect.gen(function* () {
      const sql = yield* gather
      const shots = yield* ShotsRepo
      for (const [filters, wanted] of cases) {
        const id = yield* shots.insert({ id: 1, slug: "vip" }, { title: "x", content: { text: "x" } })
        const people = yield* shots.freeze({ id, botId: 1, bot: "vip" }, filters, ["draft"])
        const rows = yield* sql<{ person: number }>`
          select telegram_id as person from shots_queue where shot_id = ${id} order by 1`
        const words = JSON.stringify(filters)
        assert.deepStrictEqual(
          rows.map(({ person }) => person),
          [...wanted],
          words
        )
        assert.deepStrictEqual(people, Option.some(wanted.length), words)
        assert.strictEqual(yield* shots.people(1, filters), wanted.length, words)
      }
    }).pipe(Effect.provide(layer))
  )

  it.live("is frozen once, whoever begins it at the same time", () =>
    Effect.gen(function* () {
      const sql = yield* gather
      const shots = yield* ShotsRepo
      const id = yield* shots.insert({ id: 1, slug: "vip" }, { title: "x", content: { text: "x" } })
      const begin = shots.freeze({ id, botId: 1, bot: "vip" }, {}, ["draft", "scheduled"])
      const answers = yield* Effect.replicateEffect(begin, 6, { concurrency: "unbounded" })
      assert.strictEqual(answers.filter(Option.isSome).length, 1)
      assert.lengthOf(yield* sql`select 1 from shots_queue where shot_id = ${id}`, 4)
    }).pipe(Effect.provide(layer))
  )
})

describe("what became of the people of a shot", () => {
  it.live("is counted once and for all when nothing of it can move any more, and each time before", () =>
    Effect.gen(function* () {
      const sql = yield* gather
      const shots = yield* ShotsRepo
      yield* sql`
        insert into shots (id, slug, bot_id, title, content, status, completed_at)
        values (1, 'vip', 1, 'Passado', '{}', 'done', now() - interval '2 hours'),
          (2, 'vip', 1, 'De agora', '{}', 'done', now()), (3, 'vip', 1, 'Andando', '{}', 'sending', null),
          (4, 'vip', 1, 'Parado', '{}', 'canceled', now() - interval '2 hours')`
      yield* sql`
        insert into shots_queue (shot_id, bot_id, bot_slug, slug, tg_id, telegram_id, status)
        select s, 1, 'vip', 'vip', n::text, n, case when n = 1 then 'blocked' when n = 2 then 'SENT' else 'sent' end
        from generate_series(1, 4) s, generate_series(1, 3) n`
      const sent = Effect.map(shots.counts([1, 2, 3, 4, 5]), (counts) =>
        [1, 2, 3, 4, 5].map((id) => [counts.get(id)?.sent, counts.get(id)?.blocked, counts.get(id)?.total])
      )
      const first = yield* sent
      assert.deepStrictEqual(first, [...Array.from({ length: 4 }, () => [2, 1, 3]), [undefined, undefined, undefined]])
      assert.deepStrictEqual(yield* sql`select shot_id::int as id from shot_totals`, [{ id: 1 }])
      yield* sql`update shots_queue set status = 'blocked' where telegram_id = 3`
      assert.deepStrictEqual((yield* sent).slice(0, 4), [
        [2, 1, 3],
        [1, 2, 3],
        [1, 2, 3],
        [1, 2, 3]
      ])
    }).pipe(Effect.provide(layer))
  )
})
