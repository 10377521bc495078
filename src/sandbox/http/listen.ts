import { Effect, type Scope } from "effect"
import { createServer, type RequestListener, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { SandboxError } from "../SandboxError.ts"

export interface ListenOptions {
  readonly host?: string | undefined
  /** 0 or absent: any free port. */
  readonly port?: number | undefined
}

/** Listens for as long as the scope lives and answers the base URL, without a trailing slash. */
export const listen = (
  handler: RequestListener,
  options: ListenOptions
): Effect.Effect<string, SandboxError, Scope.Scope> =>
  Effect.acquireRelease(open(handler, options), close).pipe(
    Effect.map((server) => {
      const address = server.address() as AddressInfo
      return `http://${address.family === "IPv6" ? `[${address.address}]` : address.address}:${address.port}`
    })
  )

const open = (handler: RequestListener, options: ListenOptions) =>
  Effect.callback<Server, SandboxError>((resume) => {
    // A peer of load tests must not close idle connections under the client's feet, so both limits are far away.
    const server = createServer({ keepAliveTimeout: 75_000, requestTimeout: 0, noDelay: true }, handler)
    server.once("error", (error) =>
      resume(Effect.fail(new SandboxError({ reason: "listen", message: `Não foi possível escutar: ${error.message}` })))
    )
    server.listen(options.port ?? 0, options.host ?? "127.0.0.1", () => resume(Effect.succeed(server)))
  })

const close = (server: Server) =>
  Effect.callback<void>((resume) => {
    server.close(() => resume(Effect.void))
    server.closeAllConnections()
  })
