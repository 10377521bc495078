import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Option, Scope } from "effect"
import { SqlClient } from "effect/sql"
import fc from "fast-check"
import { Bots } from "../../src/bots/Bots.ts"
import { BulkLeases, quotaOf } from "../../src/engine/BulkLeases.ts"
import { Node } from "../../src/engine/Node.ts"
import { type BulkLease, BulkLeasesRepo, stillLeased } from "../../src/repo/BulkLeasesRepo.ts"
import { botNamed } from "../http/door.ts"
import { TestDatabase } from "../support/postgres.ts"
import { eventually } from "../support/service.ts"
import { nodeWith } from "./support.ts"

const layer = BulkLeasesRepo.layer.pipe(Layer.provideMerge(TestDatabase.layer))

const makeBots = Effect.fnUntraced(function* (count: number) {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<{ id: number }>`
    insert into bots (slug) select 'bot-' || n from generate_series(1, ${count}::int) n returning id`
  return rows.map(({ id }) => id)
})

/** As if that lease had run out. */
const expire = Effect.fnUntraced(function* (owner: string) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`update bot_leases set until = now() - interval '1 second' where owner = ${owner}`
})

const idsOf = (leases: ReadonlyArray<BulkLease>) => leases.map(({ botId }) => botId).toSorted((a, b) => a - b)

describe("the lease of a bot's bulk", () => {
  it.live("belongs to one owner until it runs out, and the next one has a higher epoch", () =>
    Effect.gen(function* () {
      const repo = yield* BulkLeasesRepo
      const sql = yield* SqlClient.SqlClient
      const [id = 0] = yield* makeBots(1)
      const [first = assert.fail("not acquired")] = yield* repo.acquire("um", [id])
      assert.deepStrictEqual(first, { botId: id, owner: "um", epoch: 1 })
      assert.deepStrictEqual(yield* repo.acquire("dois", [id]), [])
      assert.deepStrictEqual(yield* repo.acquire("um", [id]), [])
      assert.deepStrictEqual([...(yield* repo.taken)], [id])

      const acts = (lease: BulkLease) =>
        Effect.map(sql`select 1 where ${stillLeased(sql, lease)}`, (rows) => rows.length === 1)
      yield* expire("um")
      // Frozen for too long, but nobody needed it meanwhile.
      assert.deepStrictEqual(yield* repo.renew([first]), [first])
      yield* expire("um")
      const [second = assert.fail("not acquired")] = yield* repo.acquire("dois", [id])
      assert.deepStrictEqual(second, { botId: id, owner: "dois", epoch: 2 })
      assert.deepStrictEqual(yield* repo.renew([first]), [])
      assert.deepStrictEqual([yield* acts(first), yield* acts(second)], [false, true])
      yield* repo.release([first])
      assert.deepStrictEqual(yield* repo.acquire("um", [id]), [])
      yield* repo.release([second])
      assert.deepStrictEqual(yield* repo.acquire("um", [id]), [{ botId: id, owner: "um", epoch: 3 }])
    }).pipe(Effect.provide(layer))
  )

  it.live("is won by one of many who ask at once", () =>
    Effect.gen(function* () {
      const repo = yield* BulkLeasesRepo
      const ids = yield* makeBots(20)
      const won = yield* Effect.forEach(["a", "b", "c", "d"], (owner) => repo.acquire(owner, ids), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(idsOf(won.flat()), ids)
    }).pipe(Effect.provide(layer))
  )
})

describe("bots are spread over processes", () => {
  it("evenly: shares differ by one at most and add up", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 1, max: 20 }), (bots, count) => {
        const living = Array.from({ length: count }, (_, n) => `p${n}`).toSorted()
        const quotas = living.map((id) => quotaOf(bots, living, id))
        assert.strictEqual(
          quotas.reduce((sum, quota) => sum + quota, 0),
          bots
        )
        assert.isAtMost(Math.max(...quotas) - Math.min(...quotas), 1)
        assert.strictEqual(quotaOf(bots, living, "morto"), 0)
      })
    )
  })

  it.live(
    "one by one, handed over when a process comes or goes, and each bot's to one at a time",
    () =>
      Effect.gen(function* () {
        const ids = yield* makeBots(5)
        const living: Array<string> = []
        const processes = new Map<string, { readonly leases: BulkLeases["Service"]; readonly scope: Scope.Closeable }>()

        const come = Effect.fnUntraced(function* (id: string) {
          living.push(id)
          const scope = yield* Scope.make()
          const context = yield* Layer.buildWithScope(
            Layer.fresh(BulkLeases.layer).pipe(
              Layer.provide([
                Layer.succeed(Node, nodeWith({ id: () => id, living: () => living.toSorted() })),
                Layer.mock(Bots, {
                  find: () => Option.none(),
                  byId: () => Option.none(),
                  all: () => ids.map((botId) => botNamed(`bot-${botId}`, { id: botId }))
                })
              ])
            ),
            scope
          )
          processes.set(id, { leases: Context.get(context, BulkLeases), scope })
        })
        const go = Effect.fnUntraced(function* (id: string) {
          living.splice(living.indexOf(id), 1)
          const { scope } = processes.get(id)!
          processes.delete(id)
          yield* Scope.close(scope, Exit.void)
        })
        const shares = Effect.sync(() => [...processes.values()].map(({ leases }) => idsOf(leases.held())))
        const spread = (sizes: ReadonlyArray<number>) =>
          eventually(
            Effect.tap(shares, (all) =>
              Effect.sync(() => assert.strictEqual(new Set(all.flat()).size, all.flat().length, "held twice"))
            ),
            (all) => JSON.stringify(all.map((share) => share.length)) === JSON.stringify(sizes)
          )

        yield* come("a")
        yield* spread([5])
        yield* come("b")
        yield* spread([3, 2])
        yield* come("c")
        yield* spread([2, 2, 1])
        yield* go("a")
        yield* spread([3, 2])
        assert.isTrue(Option.isSome(processes.get("b")!.leases.of((yield* shares)[0]![0]!)))
        for (const id of ["b", "c"]) yield* go(id)
      }).pipe(Effect.provide(layer)),
    60_000
  )
})
