import type { Effect } from "effect"
import type { HttpServerRequest, HttpServerResponse } from "effect/http"
import type { SqlError } from "effect/sql"
import type { AdminError } from "../domain/admin.ts"
import type { Session } from "./PanelSession.ts"

/** One request of somebody who is logged in; a form has shown its token already. */
export interface Visit {
  readonly request: HttpServerRequest.HttpServerRequest
  readonly path: string
  readonly params: Readonly<Record<string, string | undefined>>
  /** Empty values are left out: a form sends every field it has. */
  readonly query: Readonly<Record<string, string | undefined>>
  readonly form: URLSearchParams
  readonly session: Session
  /** Asked by htmx for a part of a page. */
  readonly partial: boolean
}

type Answer<R> = Effect.Effect<HttpServerResponse.HttpServerResponse, AdminError | SqlError.SqlError, R>

export interface PanelRoute<R = never> {
  readonly method: "GET" | "POST"
  readonly path: `/admin${string}`
  /** The body is not a small form: the handler reads it, and looks at the token, by itself. */
  readonly upload?: boolean
  readonly handle: (visit: Visit) => Answer<R>
}

export const get = <R>(path: PanelRoute["path"], handle: (visit: Visit) => Answer<R>): PanelRoute<R> => ({
  method: "GET",
  path,
  handle
})

export const post = <R>(path: PanelRoute["path"], handle: (visit: Visit) => Answer<R>): PanelRoute<R> => ({
  method: "POST",
  path,
  handle
})
