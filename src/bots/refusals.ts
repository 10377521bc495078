import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { AdminError, Conflict, type FieldProblems, Invalid, NotFound, Upstream } from "../domain/admin.ts"

export const notFound = (message: string) => new AdminError({ reason: new NotFound({ message }) })

export const conflict = (message: string) => new AdminError({ reason: new Conflict({ message }) })

export const invalid = (fields: FieldProblems) => new AdminError({ reason: new Invalid({ fields }) })

export const upstream = (message: string) => new AdminError({ reason: new Upstream({ message }) })

/** A database that is away is nobody's input error: a defect, which the HTTP edge answers with 503. */
export const orDefect = <A, R>(
  effect: Effect.Effect<A, AdminError | SqlError.SqlError, R>
): Effect.Effect<A, AdminError, R> => Effect.catchTag(effect, "SqlError", Effect.die)
