import { Cause, Effect } from "effect"
import { HttpServerError } from "effect/http"
import { HttpApiError } from "effect/http-api"
import { SqlError } from "effect/sql"
import type { AdminError, FieldProblems } from "../domain/admin.ts"
import type { InboxUnavailable, InvalidUpdate } from "../engine/Inbox.ts"
import { fieldProblems, sentenceOfFields } from "./issues.ts"
import { databaseAway, notFound, notJson, ourFault, type Problem, problem, tooLarge } from "./problem.ts"

type Reasons<Reason extends { readonly _tag: string }, Answer extends Problem = Problem> = {
  readonly [Tag in Reason["_tag"]]: (reason: Extract<Reason, { readonly _tag: Tag }>) => Answer
}

type AdminProblem = Problem<"not_found" | "conflict" | "invalid" | "unavailable">

// A reason that is added to `AdminError` and missing here does not compile.
const adminReasons: Reasons<AdminError["reason"], AdminProblem> = {
  NotFound: ({ message }) => problem("not_found", message),
  Conflict: ({ message }) => problem("conflict", message),
  Invalid: ({ fields }) => problem("invalid", sentenceOfFields(fields), fields),
  // 503 and not 502: proxies in front of us replace a 502's body by a page of their own.
  Upstream: ({ message }) => problem("unavailable", message)
}

export const adminProblem = ({ reason }: AdminError): AdminProblem =>
  (adminReasons[reason._tag] as (reason: AdminError["reason"]) => AdminProblem)(reason)

const inboxErrors: Reasons<InboxUnavailable | InvalidUpdate> = {
  InboxUnavailable: () => databaseAway,
  InvalidUpdate: () =>
    problem("invalid", "Isto não é uma atualização do Telegram.", { update_id: "Deve ser o número da atualização." })
}

export const inboxProblem = (error: InboxUnavailable | InvalidUpdate): Problem =>
  (inboxErrors[error._tag] as (error: InboxUnavailable | InvalidUpdate) => Problem)(error)

/**
 * The database cannot be reached or is stopping, as opposed to: it refused what we said. PostgreSQL's own stop (class
 * 57P, SQLSTATE) arrives as `UnknownError`.
 */
export const isDatabaseAway = (error: SqlError.SqlError): boolean => {
  const { reason } = error
  if (reason._tag === "ConnectionError" || reason._tag === "StatementTimeoutError") return true
  const cause: unknown = reason.cause
  const code = typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : ""
  return code.startsWith("57P") || code.startsWith("08") || code === "53300"
}

const requestProblem = (error: HttpServerError.HttpServerError): Problem => {
  if (error.reason._tag === "RouteNotFound") return notFound
  if (error.reason._tag !== "RequestParseError") return ourFault
  return error.reason.reason === "BodyTooLarge" ? tooLarge : notJson
}

const schemaProblem = (error: HttpApiError.HttpApiSchemaError): Problem => {
  if (error.kind === "Params") return notFound
  if (error.kind === "Body" || error.kind === "ResponseHeaders") return ourFault
  const fields = fieldProblems(error.cause.issue)
  return problem("bad_request", sentenceOfFields(fields), fields)
}

/** What an uncaught failure or defect of any handler means to the outside. Whatever is not known here is our fault. */
export const causeProblem = (cause: Cause.Cause<unknown>): Problem => {
  const error = Cause.squash(cause)
  if (error instanceof HttpServerError.HttpServerError) return requestProblem(error)
  if (HttpApiError.HttpApiSchemaError.is(error)) return schemaProblem(error)
  if (SqlError.isSqlError(error) && isDatabaseAway(error)) return databaseAway
  return ourFault
}

export const unknownBot = problem("not_found", "Este bot não existe.")

/** Parameters of an address that make no sense, by name. */
export const badParameters = (fields: FieldProblems) => problem("bad_request", sentenceOfFields(fields), fields)

/** A query of ours that fails is our fault, unless the database is away. */
export const orUnavailable = <A, R>(
  query: Effect.Effect<A, SqlError.SqlError, R>
): Effect.Effect<A, Problem<"unavailable">, R> =>
  query.pipe(Effect.catch((error) => (isDatabaseAway(error) ? Effect.fail(databaseAway) : Effect.die(error))))

/** The answer to an administrative call. */
export const orProblem = <A, R>(call: Effect.Effect<A, AdminError, R>) =>
  Effect.mapError(call, (error) => adminProblem(error))

/** The same where looking is all that happens: nothing but absence can be wrong. */
export const orNotFound = <A, R>(call: Effect.Effect<A, AdminError, R>) =>
  call.pipe(
    Effect.catch((error) =>
      error.reason._tag === "NotFound" ? Effect.fail(problem("not_found", error.reason.message)) : Effect.die(error)
    )
  )
