import type { SqlClient } from "effect/sql"
import type { Sandbox } from "../../src/sandbox/Sandbox.ts"
import type { Figure } from "./figure.ts"

export interface BenchContext {
  readonly sandbox: Sandbox["Service"]
  readonly sql: SqlClient.SqlClient
  /** Points a service at the stand-ins and at the database. */
  readonly env: Readonly<Record<string, string>>
}

export type Bench = (context: BenchContext) => Promise<ReadonlyArray<Figure>>
