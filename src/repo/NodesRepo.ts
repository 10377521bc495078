import { Context, Effect, Layer } from "effect"
import type { SqlError } from "effect/sql"
import { Heartline } from "../db/Heartline.ts"

/** Another process, as its own row tells. */
export interface OtherNode {
  readonly id: string
  /** The processes it reckons with. */
  readonly peers: ReadonlyArray<string>
  /** Changes with every beat; only to be compared. */
  readonly seen: string
  /** Since its last beat, by the database's clock. */
  readonly ageMs: number
}

type Sql<A> = Effect.Effect<A, SqlError.SqlError>

/** Any number; it only must be the same everywhere. */
const joinLock = 7_105_003

/** A process whose heartbeat is older than this may be buried. */
export const deadAfterMs = 8_000

/** Processes that share the database (`nodes`). */
export class NodesRepo extends Context.Service<
  NodesRepo,
  {
    /** Adds this process; answers all others. Of two that join, the later one sees the earlier one. */
    readonly join: (id: string) => Sql<ReadonlyArray<OtherNode>>
    /** False: this process was buried meanwhile, its work belongs to whoever took it. */
    readonly beat: (id: string, peers: ReadonlyArray<string>) => Sql<boolean>
    readonly others: (id: string) => Sql<ReadonlyArray<OtherNode>>
    /** Declares dead those whose heartbeat is still too old, and frees whose turns they held; answers which. */
    readonly bury: (ids: ReadonlyArray<string>) => Sql<ReadonlyArray<string>>
    readonly leave: (id: string) => Sql<void>
  }
>()("funil/repo/NodesRepo") {
  static readonly layer = Layer.effect(
    NodesRepo,
    Effect.gen(function* () {
      const sql = yield* Heartline

      // Everybody beats at once when told; without it they notice at their next beat.
      const tell = sql`select pg_notify('funil_changes', '{"table":"nodes"}')`

      const others = (id: string) => sql<OtherNode>`
        select id, peers, seen_at::text as seen, (extract(epoch from now() - seen_at) * 1000)::float8 as "ageMs"
        from nodes where id <> ${id} order by id`

      const join = Effect.fnUntraced(function* (id: string) {
        yield* sql`select pg_advisory_xact_lock(${joinLock})`
        yield* sql`insert into nodes (id) values (${id})`
        yield* tell
        return yield* others(id)
      }, sql.withTransaction)

      const beat = (id: string, peers: ReadonlyArray<string>) =>
        Effect.map(
          sql`update nodes set seen_at = now(), peers = ${peers}::text[] where id = ${id} returning id`,
          (rows) => rows.length > 0
        )

      const bury = Effect.fnUntraced(function* (ids: ReadonlyArray<string>) {
        const dead = yield* sql<{ id: string }>`
          with dead as (
            delete from nodes where id = any(${ids}::text[])
              and seen_at < now() - make_interval(secs => ${deadAfterMs / 1000}) returning id),
          freed as (delete from person_turns t using dead where t.owner = dead.id)
          select id from dead`
        if (dead.length > 0) yield* tell
        return dead.map((row) => row.id)
      }, sql.withTransaction)

      const leave = (id: string) =>
        Effect.asVoid(sql`
          with gone as (delete from nodes where id = ${id}), freed as (delete from person_turns where owner = ${id})
          select pg_notify('funil_changes', '{"table":"nodes"}')`)

      return NodesRepo.of({ join, beat, others, bury, leave })
    })
  )
}
