import { Effect } from "effect"
import type { Socket } from "node:net"

// Node has one `requestTimeout` for all requests, made for bodies of 1 MiB; an upload takes longer and has a limit of
// its own.
const patient = new WeakSet<Socket>()

/** While `work` goes on, the request on this connection is not cut for taking long. */
export const beingPatient =
  (socket: Socket) =>
  <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.acquireUseRelease(
      Effect.sync(() => patient.add(socket)),
      () => work,
      () => Effect.sync(() => patient.delete(socket))
    )

/** Whether this `clientError` is Node's request timeout on a connection that may take long. It comes once per request. */
export const isForgiven = (error: unknown, socket: unknown): boolean =>
  (error as NodeJS.ErrnoException | undefined)?.code === "ERR_HTTP_REQUEST_TIMEOUT" && patient.has(socket as Socket)
