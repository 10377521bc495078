import { Context, Effect, Layer } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import { Heartline } from "../db/Heartline.ts"

/** The right to send a bot's bulk. */
export interface BulkLease {
  readonly botId: number
  readonly owner: string
  /** Grows with every new owner. */
  readonly epoch: number
}

type Sql<A> = Effect.Effect<A, SqlError.SqlError>

/** By the database's clock; after this long without renewal anybody may have it. */
export const leaseSeconds = 10

/**
 * For statements that act on a bot's bulk rows: true while nobody else has taken the lease. What a process that was
 * frozen in the middle still writes is refused by it.
 */
export const stillLeased = (sql: SqlClient.SqlClient, lease: BulkLease) => sql`exists (
  select 1 from bot_leases l where l.bot_id = ${lease.botId} and l.owner = ${lease.owner} and l.epoch = ${lease.epoch})`

/** Who sends a bot's downsells and shots (`bot_leases`). */
export class BulkLeasesRepo extends Context.Service<
  BulkLeasesRepo,
  {
    /** Bots whose lease a living or dead owner still has. */
    readonly taken: Sql<ReadonlySet<number>>
    /** Of those asked for, the ones that were free. */
    readonly acquire: (owner: string, botIds: ReadonlyArray<number>) => Sql<ReadonlyArray<BulkLease>>
    /** Answers those that are still held. One that ran out and that nobody took goes on. */
    readonly renew: (leases: ReadonlyArray<BulkLease>) => Sql<ReadonlyArray<BulkLease>>
    readonly release: (leases: ReadonlyArray<BulkLease>) => Sql<void>
  }
>()("funil/repo/BulkLeasesRepo") {
  static readonly layer = Layer.effect(
    BulkLeasesRepo,
    Effect.gen(function* () {
      const sql = yield* Heartline
      const until = sql`now() + make_interval(secs => ${leaseSeconds})`
      const columns = sql`l.bot_id as "botId", l.owner, l.epoch`
      const these = (leases: ReadonlyArray<BulkLease>) => sql`
        unnest(${leases.map((lease) => lease.botId)}::bigint[], ${leases.map((lease) => lease.owner)}::text[],
          ${leases.map((lease) => lease.epoch)}::bigint[]) k (bot_id, owner, epoch)`
      const same = sql`l.bot_id = k.bot_id and l.owner = k.owner and l.epoch = k.epoch`

      const taken = Effect.map(
        sql<{ botId: number }>`select bot_id as "botId" from bot_leases where until > now()`,
        (rows) => new Set(rows.map((row) => row.botId))
      )

      const acquire = (owner: string, botIds: ReadonlyArray<number>) =>
        sql<BulkLease>`
          insert into bot_leases as l (bot_id, owner, until)
          select b.id, ${owner}, ${until} from bots b where b.id = any(${botIds}::bigint[]) order by b.id
          on conflict (bot_id) do update set owner = excluded.owner, epoch = l.epoch + 1, until = excluded.until
            where l.until <= now()
          returning ${columns}`

      const renew = (leases: ReadonlyArray<BulkLease>) =>
        sql<BulkLease>`update bot_leases l set until = ${until} from ${these(leases)} where ${same} returning ${columns}`

      const release = (leases: ReadonlyArray<BulkLease>) =>
        Effect.asVoid(sql`update bot_leases l set until = now() from ${these(leases)} where ${same}`)

      return BulkLeasesRepo.of({ taken, acquire, renew, release })
    })
  )
}
