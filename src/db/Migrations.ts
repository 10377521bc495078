import { Effect, Schema, type Scope } from "effect"
import { SqlClient, type SqlConnection, type SqlError } from "effect/sql"
import { createHash } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { causeOf } from "./DatabaseError.ts"
import { splitSql } from "./splitSql.ts"

/** Which migration failed and why, in PT-BR; the start stops with it. */
export class MigrationError extends Schema.TaggedError<MigrationError>()("MigrationError", {
  reason: Schema.Literals(["read", "connect", "run"]),
  /** Absent when it was not about one file. */
  file: Schema.optionalKey(Schema.String),
  detail: Schema.String
}) {
  override get message() {
    if (this.file !== undefined) return `A migração ${this.file} falhou: ${this.detail}`
    return this.reason === "read"
      ? `Não consegui ler as migrações: ${this.detail}`
      : `Não consegui preparar o banco de dados para as migrações: ${this.detail}`
  }

  get retryable() {
    return this.reason === "connect"
  }
}

export interface MigrateOptions {
  /** Runs every file again, as they are all idempotent. */
  readonly force?: boolean
  readonly directory?: string
}

export interface Migrated {
  readonly applied: ReadonlyArray<string>
}

interface Migration {
  readonly id: number
  readonly name: string
  readonly file: string
  readonly checksum: string
  readonly statements: ReadonlyArray<string>
}

const ours = fileURLToPath(new URL("../../migrations/", import.meta.url))

/** Any number; it only must be the same on every machine. */
const lockKey = 7_105_002

/**
 * Brings the database to the schema of this code: runs the files of `migrations/` that are new or changed, in order,
 * each in a transaction of its own. Several machines may do it at once; one works, the others wait and find it done.
 */
export const migrate = Effect.fn("Migrations.migrate")(function* (options: MigrateOptions = {}) {
  const migrations = yield* readMigrations(options.directory ?? ours)
  return yield* Effect.scoped(
    Effect.gen(function* () {
      const execute = yield* lockedConnection
      const known = yield* knownChecksums(execute)
      const applied: Array<string> = []
      for (const migration of migrations) {
        if (options.force !== true && known.get(migration.id) === migration.checksum) continue
        yield* apply(execute, migration)
        applied.push(migration.name)
      }
      return { applied } satisfies Migrated as Migrated
    })
  )
})

/** Those of this code that a database with these checksums (by id) has not had yet. */
export const pendingMigrations = (known: ReadonlyMap<number, string>) =>
  Effect.map(readMigrations(ours), (all) =>
    all.filter(({ id, checksum }) => known.get(id) !== checksum).map(({ name }) => name)
  )

const readMigrations = (directory: string) =>
  Effect.try({
    try: () =>
      readdirSync(directory)
        .filter((file) => /^\d{4}_\w+\.sql$/.test(file))
        .toSorted()
        .map((file): Migration => {
          const text = readFileSync(join(directory, file), "utf8")
          return {
            id: Number(file.slice(0, 4)),
            name: file.slice(0, -".sql".length),
            file,
            checksum: createHash("sha256").update(text).digest("hex"),
            statements: splitSql(text)
          }
        }),
    catch: (error) => new MigrationError({ reason: "read", detail: causeOf(error) })
  })

type Execute = (
  statement: string,
  params?: ReadonlyArray<unknown>
) => Effect.Effect<ReadonlyArray<Record<string, unknown>>, SqlError.SqlError>

const limits = ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"]

/**
 * One connection that holds the lock until the scope ends. The lock belongs to the session, so it also goes when this
 * process dies. The pool's limits are lifted: waiting for another machine, or building an index, may take its time.
 */
const lockedConnection: Effect.Effect<Execute, MigrationError, SqlClient.SqlClient | Scope.Scope> = Effect.gen(
  function* () {
    const sql = yield* SqlClient.SqlClient
    const connection: SqlConnection.Connection = yield* sql.reserve
    const execute: Execute = (statement, params = []) => connection.executeUnprepared(statement, params, undefined)
    for (const limit of limits) {
      yield* Effect.acquireRelease(execute(`set ${limit} = 0`), () => Effect.ignore(execute(`reset ${limit}`)))
    }
    yield* Effect.acquireRelease(
      execute("select pg_advisory_lock($1)", [lockKey]),
      () => Effect.ignore(execute("select pg_advisory_unlock($1)", [lockKey])),
      { interruptible: true }
    )
    return execute
  }
).pipe(Effect.mapError((error) => new MigrationError({ reason: "connect", detail: causeOf(error.reason.cause) })))

const knownChecksums = Effect.fnUntraced(
  function* (execute: Execute) {
    yield* execute(`create table if not exists funil_migrations (
      id integer primary key, name text not null, checksum text not null, applied_at timestamptz not null default now())`)
    const rows = yield* execute("select id, checksum from funil_migrations")
    return new Map(rows.map((row) => [Number(row["id"]), String(row["checksum"])]))
  },
  Effect.mapError(
    (error: SqlError.SqlError) => new MigrationError({ reason: "run", detail: causeOf(error.reason.cause) })
  )
)

const apply = Effect.fnUntraced(
  function* (execute: Execute, migration: Migration) {
    for (const statement of ["begin", ...migration.statements]) yield* execute(statement)
    yield* execute(
      `insert into funil_migrations (id, name, checksum) values ($1, $2, $3)
        on conflict (id) do update set name = excluded.name, checksum = excluded.checksum, applied_at = now()`,
      [migration.id, migration.name, migration.checksum]
    )
    yield* execute("commit")
  },
  (effect, execute: Execute, migration: Migration) =>
    effect.pipe(
      Effect.onError(() => Effect.ignore(execute("rollback"))),
      Effect.mapError(
        (error) =>
          new MigrationError({
            reason: "run",
            file: migration.file,
            detail: causeOf(error.reason.cause) || error.message
          })
      )
    )
)
