import { Context, Effect, Layer } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import { Heartline } from "../db/Heartline.ts"

/** The right to run a job that one process at a time may run. */
export interface JobLease {
  readonly name: string
  readonly owner: string
  /** Grows with every new owner. */
  readonly epoch: number
}

/** What became of a job's last run; for people who look into the table. */
export interface JobReport {
  readonly name: string
  readonly finishedAt?: Date | undefined
  readonly error?: string | undefined
}

type Sql<A> = Effect.Effect<A, SqlError.SqlError>

/** By the database's clock; after this long without renewal any process may have the job. */
export const jobLeaseSeconds = 8

/** For statements that only the owner of a job may make: what a process that was frozen still writes is refused by it. */
export const stillOwned = (sql: SqlClient.SqlClient, lease: JobLease) => sql`exists (
  select 1 from scheduler_jobs j where j.name = ${lease.name} and j.owner = ${lease.owner} and j.epoch = ${lease.epoch})`

/** Who runs which job (`scheduler_jobs`). */
export class JobsRepo extends Context.Service<
  JobsRepo,
  {
    /** Takes what is free, keeps what is held; answers what is held now. One statement for all jobs. */
    readonly hold: (owner: string, jobs: ReadonlyArray<JobReport>) => Sql<ReadonlyArray<JobLease>>
    readonly release: (owner: string) => Sql<void>
  }
>()("funil/repo/JobsRepo") {
  static readonly layer = Layer.effect(
    JobsRepo,
    Effect.gen(function* () {
      const sql = yield* Heartline

      const hold = (owner: string, jobs: ReadonlyArray<JobReport>) =>
        sql<JobLease>`
          insert into scheduler_jobs as j (name, owner, until, finished_at, error)
          select k.name, ${owner}::text, now() + make_interval(secs => ${jobLeaseSeconds}), k.finished_at, k.error
          from unnest(${jobs.map((job) => job.name)}::text[],
            ${jobs.map((job) => job.finishedAt?.toISOString() ?? null)}::timestamptz[],
            ${jobs.map((job) => job.error ?? null)}::text[]) k (name, finished_at, error)
          order by k.name
          on conflict (name) do update set owner = excluded.owner, until = excluded.until,
            epoch = case when j.owner = excluded.owner then j.epoch else j.epoch + 1 end,
            finished_at = coalesce(excluded.finished_at, j.finished_at),
            error = case when excluded.finished_at is null then j.error else excluded.error end
          where j.owner = excluded.owner or j.until <= now()
          returning j.name, j.owner, j.epoch`

      const release = (owner: string) =>
        Effect.asVoid(sql`update scheduler_jobs set until = now() where owner = ${owner}`)

      return JobsRepo.of({ hold, release })
    })
  )
}
