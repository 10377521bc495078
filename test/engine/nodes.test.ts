import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Exit, Fiber, Layer, Scope } from "effect"
import { SqlClient } from "effect/sql"
import { Changes } from "../../src/db/Changes.ts"
import { Node } from "../../src/engine/Node.ts"
import { Turns } from "../../src/engine/Turns.ts"
import { NodesRepo } from "../../src/repo/NodesRepo.ts"
import { TurnsRepo } from "../../src/repo/TurnsRepo.ts"
import { type InboxRow, UpdatesRepo } from "../../src/repo/UpdatesRepo.ts"
import { TestDatabase } from "../support/postgres.ts"
import { eventually } from "../support/service.ts"

const layer = Layer.mergeAll(NodesRepo.layer, TurnsRepo.layer, UpdatesRepo.layer, Changes.layer).pipe(
  Layer.provideMerge(TestDatabase.layer)
)

/** A process of its own as far as the database can tell; it leaves when its scope is closed. */
const process = Effect.gen(function* () {
  const scope = yield* Scope.make()
  const context = yield* Layer.buildWithScope(Layer.fresh(Turns.layer.pipe(Layer.provideMerge(Node.layer))), scope)
  return {
    node: Context.get(context, Node),
    turns: Context.get(context, Turns),
    leave: Scope.close(scope, Exit.void)
  }
})

const until = (satisfied: () => boolean) => eventually(Effect.sync(satisfied), (yes) => yes)

const ana = (updateId: number) => ({ botId: 1, personId: 7, nextUpdateId: () => updateId })

const row = (updateId: number, personId = 7): InboxRow => ({
  botId: 1,
  updateId,
  personId,
  kind: "tap",
  payload: "{}",
  requestId: "r",
  receivedAt: new Date()
})

/** As if it had beaten that long ago. */
const silentFor = Effect.fnUntraced(function* (id: string, seconds: number) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`update nodes set seen_at = now() - make_interval(secs => ${seconds}) where id = ${id}`
})

describe("processes on one database", () => {
  it.live(
    "the first is alone, a second one is reckoned with at once, and when it leaves the first is alone again",
    () =>
      Effect.gen(function* () {
        const first = yield* process
        yield* first.node.certainty
        assert.isTrue(first.node.alone())
        const second = yield* process
        yield* second.node.certainty
        assert.isFalse(first.node.alone())
        assert.isFalse(second.node.alone())
        assert.deepStrictEqual(first.node.living(), second.node.living())
        yield* second.leave
        yield* until(first.node.alone)
        assert.isTrue(first.node.certain())
        yield* first.leave
      }).pipe(Effect.provide(layer))
  )

  it.live("a newcomer begins nothing before those who were there have secured what they do", () =>
    Effect.gen(function* () {
      const first = yield* process
      yield* first.node.certainty
      const gate = yield* Deferred.make<void>()
      const asked = yield* Deferred.make<void>()
      first.node.beforeCompany(Effect.andThen(Deferred.succeed(asked, undefined), Deferred.await(gate)))
      const order: Array<string> = []
      const working = yield* Effect.forkChild(
        first.turns.during(
          ana(1),
          Effect.andThen(
            Deferred.await(gate),
            Effect.sync(() => order.push("first"))
          )
        )
      )
      yield* Effect.yieldNow
      const second = yield* process
      const waiting = yield* Effect.forkChild(
        second.turns.during(
          ana(2),
          Effect.sync(() => order.push("second"))
        )
      )
      yield* Deferred.await(asked)
      assert.isFalse(second.node.certain())
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(working)
      yield* Fiber.join(waiting)
      assert.deepStrictEqual(order, ["first", "second"])
      yield* Effect.all([first.leave, second.leave])
    }).pipe(Effect.provide(layer))
  )

  it.live("buries whom it has watched being silent, and that one goes on under a new name", () =>
    Effect.gen(function* () {
      const nodes = yield* NodesRepo
      const updates = yield* UpdatesRepo
      for (const name of ["morto", "lento", "outro"]) yield* nodes.join(name)
      yield* updates.insertMany("morto", [row(1), row(2)])
      yield* silentFor("lento", 7)
      yield* silentFor("morto", 60)
      assert.deepStrictEqual(yield* updates.claimUnfinished("outro", 10), [])
      assert.deepStrictEqual(yield* nodes.bury(["morto", "lento"]), ["morto"])
      // It has not noticed yet; it keeps what nobody has taken.
      assert.isFalse(yield* nodes.beat("morto", []))
      assert.isTrue(yield* nodes.beat("lento", []))
      const taken = yield* updates.claimUnfinished("outro", 1)
      assert.deepStrictEqual(
        taken.map(({ updateId }) => updateId),
        [1]
      )
      yield* nodes.join("renascido")
      const kept = yield* updates.retain("morto", "renascido", [row(1), row(2)])
      assert.deepStrictEqual(kept, [{ botId: 1, updateId: 2 }])
      assert.deepStrictEqual(yield* updates.claimUnfinished("outro", 10), [])
    }).pipe(Effect.provide(layer))
  )

  it.live("takes over at once what a process leaves behind, or what belongs to nobody", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const nodes = yield* NodesRepo
      const updates = yield* UpdatesRepo
      yield* nodes.join("um")
      yield* nodes.join("dois")
      yield* updates.insertMany("um", [row(1)])
      yield* updates.insertMany("dois", [row(2)])
      yield* sql`insert into telegram_updates (bot_id, update_id, kind, payload) values (1, 3, 'tap', '{}')`
      yield* nodes.leave("um")
      const taken = yield* updates.claimUnfinished("dois", 10)
      assert.deepStrictEqual(taken.map(({ updateId }) => updateId).toSorted(), [1, 3])
    }).pipe(Effect.provide(layer))
  )
})

describe("turns with a person among several processes", () => {
  it.live("go to one process at a time, to the older update first, and to nobody who is no more", () =>
    Effect.gen(function* () {
      const nodes = yield* NodesRepo
      const turns = yield* TurnsRepo
      const updates = yield* UpdatesRepo
      const [one, two] = ["um", "dois"]
      yield* nodes.join(one)
      yield* nodes.join(two)
      yield* updates.insertMany(one, [row(1), row(1_000, 8)])
      yield* updates.insertMany(two, [row(2), row(999, 8)])
      const ask = (personId: number, updateId: number) => [{ botId: 1, personId, updateId }]
      assert.deepStrictEqual(yield* turns.take(two, ask(7, 2)), [false])
      assert.deepStrictEqual(yield* turns.take(one, [...ask(7, 1), ...ask(8, 1_000)]), [true, false])
      assert.deepStrictEqual(yield* turns.take(two, ask(8, 999)), [true])
      // Whoever is at work already is not asked for the order, but does not push anybody aside either.
      assert.deepStrictEqual(yield* turns.claim(one, [{ botId: 1, personId: 8 }]), [false])
      assert.deepStrictEqual(yield* turns.take(one, ask(7, 1)), [true])
      yield* turns.release(two, [{ botId: 1, personId: 7 }])
      assert.deepStrictEqual(yield* turns.claim(two, [{ botId: 1, personId: 7 }]), [false])
      yield* turns.release(one, [{ botId: 1, personId: 7 }])
      assert.deepStrictEqual(yield* turns.claim(two, [{ botId: 1, personId: 7 }]), [true])
      yield* nodes.leave(two)
      assert.deepStrictEqual(
        yield* turns.claim(one, [
          { botId: 1, personId: 7 },
          { botId: 1, personId: 8 }
        ]),
        [true, true]
      )
    }).pipe(Effect.provide(layer))
  )

  it.live("cost nothing without company: no row is ever written", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { leave, node, turns } = yield* process
      yield* node.certainty
      yield* turns.during(ana(1), Effect.void)
      const [counted] = yield* sql<{ written: number }>`
        select coalesce(sum(n_tup_ins), 0)::bigint as written from pg_stat_user_tables where relname = 'person_turns'`
      assert.strictEqual(counted?.written, 0)
      assert.lengthOf(yield* sql`select 1 from person_turns`, 0)
      yield* leave
    }).pipe(Effect.provide(layer))
  )
})
