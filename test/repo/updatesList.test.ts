import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { decodeUpdatesCursor, type UpdatesQuery, type UpdateView } from "../../src/repo/updates/list.ts"
import { UpdatesRepo } from "../../src/repo/UpdatesRepo.ts"
import { TestDatabase } from "../support/postgres.ts"

const layer = UpdatesRepo.layer.pipe(Layer.provideMerge(TestDatabase.layer))

/** Two bots with rows of every state, some of one moment, over days. */
const filled = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const repo = yield* UpdatesRepo
  const bots = yield* sql<{ readonly id: number; readonly slug: string }>`
    insert into bots (slug) values ('um'), ('dois') returning id, slug`
  yield* sql`
    insert into telegram_updates (bot_id, update_id, person_id, kind, payload, received_at, state, attempts, error)
    select b.id, n, 7000000000 + n, 'start', '{"segredo": "o que a pessoa escreveu"}',
      now() - make_interval(secs => case when n % 3 = 0 then n / 10 * 10 else n * n end),
      n % 3, n % 5, case when n % 3 = 2 then 'falhou' end
    from bots b, generate_series(0, 299) n`
  const idOf = (slug: string) => bots.find((bot) => bot.slug === slug)!.id
  return { sql, repo, idOf }
})

const key = (one: UpdateView) => `${one.bot}/${one.update_id}`

const readAll = Effect.fnUntraced(function* (repo: UpdatesRepo["Service"], query: UpdatesQuery) {
  const all: Array<UpdateView> = []
  let cursor = query.cursor
  let pages = 0
  do {
    const page = yield* repo.list({ ...query, cursor })
    all.push(...page.items)
    pages += 1
    cursor = page.next_cursor === null ? undefined : Option.getOrThrow(decodeUpdatesCursor(page.next_cursor))
  } while (cursor !== undefined)
  return { all, pages }
})

describe("UpdatesRepo.list", () => {
  it.live("goes through every row once, newest first, whatever the page size, the bot and the state", () =>
    Effect.gen(function* () {
      const { idOf, repo } = yield* filled
      const whole = yield* readAll(repo, { limit: 200 })
      assert.lengthOf(whole.all, 600)
      const cases: ReadonlyArray<readonly [UpdatesQuery, (one: UpdateView) => boolean]> = [
        [{ limit: 7 }, () => true],
        [{ limit: 7, status: "dead" }, (one) => one.status === "dead"],
        [{ limit: 50, status: "waiting" }, (one) => one.status === "waiting"],
        [{ limit: 9, status: "done", botId: idOf("dois") }, (one) => one.status === "done" && one.bot === "dois"],
        [{ limit: 100, botId: idOf("um") }, (one) => one.bot === "um"]
      ]
      for (const [query, wanted] of cases) {
        const { all, pages } = yield* readAll(repo, query)
        assert.deepStrictEqual(all.map(key), whole.all.filter(wanted).map(key))
        assert.strictEqual(pages, Math.ceil(all.length / query.limit!))
      }
      const times = whole.all.map((one) => one.received_at)
      assert.deepStrictEqual(times, times.toSorted().toReversed())
    }).pipe(Effect.provide(layer))
  )

  it.live("shows what an operator needs, not what people wrote, also of a bot that is gone", () =>
    Effect.gen(function* () {
      const { repo, sql } = yield* filled
      yield* sql`delete from bots where slug = 'dois'`
      const { items } = yield* repo.list({ status: "dead", limit: 2 })
      assert.deepStrictEqual<unknown>(
        items.map(({ received_at, ...rest }) => [rest, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(received_at)]),
        [null, "um"].map((bot) => [
          {
            bot,
            update_id: 2,
            kind: "start",
            telegram_id: 7_000_000_002,
            status: "dead",
            attempts: 2,
            error: "falhou"
          },
          true
        ])
      )
    }).pipe(Effect.provide(layer))
  )

  it("reads no cursor that was not given out", () => {
    const cursor = (text: string) => decodeUpdatesCursor(Buffer.from(text).toString("base64url"))._tag
    assert.strictEqual(cursor("2025-11-07T12:00:00.000000Z|1|0"), "Some")
    for (const text of ["", "2025-11-07T12:00:00.000000Z|1", "2025-02-30T12:00:00.000000Z|1|1", "now|1|1"]) {
      assert.strictEqual(cursor(text), "None", text)
    }
    assert.strictEqual(cursor("2025-11-07T12:00:00.000000Z|1|9999999999999999"), "None")
  })
})

describe("UpdatesRepo.replay", () => {
  it.live("puts a dead update back as if nobody had ever tried, once, and nothing else", () =>
    Effect.gen(function* () {
      const { idOf, repo, sql } = yield* filled
      const dead = { botId: idOf("um"), updateId: 2 }
      yield* sql`update telegram_updates set owner = 'alguém', progress = 1, done_at = now()`
      const replays = yield* Effect.all([repo.replay(dead), repo.replay(dead)], { concurrency: 2 })
      assert.deepStrictEqual(replays.map(({ _tag }) => _tag).toSorted(), ["NotDead", "Replayed"])
      const [row] = yield* sql`
        select state, attempts, owner, error, done_at, progress from telegram_updates
        where bot_id = ${dead.botId} and update_id = 2`
      // What was sent already is not sent again.
      assert.deepStrictEqual(row, { state: 0, attempts: 0, owner: null, error: null, done_at: null, progress: 1 })
      assert.strictEqual((yield* repo.replay({ ...dead, updateId: 1 }))._tag, "NotDead")
      assert.strictEqual((yield* repo.replay({ ...dead, updateId: 12_345 }))._tag, "Missing")
      const [others] = yield* sql<{ readonly dead: number }>`
        select count(*) as dead from telegram_updates where state = 2`
      assert.strictEqual(others!.dead, 199)
    }).pipe(Effect.provide(layer))
  )
})
