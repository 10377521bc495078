import { Context, Layer } from "effect"
import { type IncomingMessage, Server, type ServerResponse } from "node:http"
import { isForgiven } from "./patience.ts"

/** Takes a request over completely and says true, or says false and has touched nothing. */
export type Lane = (request: IncomingMessage, response: ServerResponse) => boolean

/**
 * Node's HTTP server with one lane that goes past the router. Measured with a Telegram webhook of 350 bytes and an inbox
 * that answers at once, in µs of CPU per request: a bare server that only reads the body 13.5; the lane, with secret,
 * JSON and fiber, 15.3; the router 20 (its own fiber, scope, headers and response objects), 24 when it also reads the
 * body.
 */
export class LaneServer extends Server {
  lane: Lane = () => false

  override emit(event: string, ...args: ReadonlyArray<unknown>): boolean {
    if (event === "request" && this.lane(args[0] as IncomingMessage, args[1] as ServerResponse)) return true
    if (event === "clientError" && isForgiven(args[0], args[1])) return true
    return super.emit(event, ...(args as Array<unknown>))
  }
}

const seconds = 1000

export class NodeServer extends Context.Service<NodeServer, LaneServer>()("funil/http/NodeServer") {
  static readonly layer = Layer.sync(
    NodeServer,
    () =>
      new LaneServer({
        // A header block is one packet or two; who takes longer than this holds a socket for nothing.
        headersTimeout: 15 * seconds,
        // The largest body but an upload (patience.ts) is 1 MiB: 35 kB/s, a bad phone line.
        requestTimeout: 30 * seconds,
        // Longer than the 60 s after which nginx, ALB and most hosts drop an idle connection: the side that closes
        // first must not be us, or a webhook is lost in the crossing.
        keepAliveTimeout: 75 * seconds,
        connectionsCheckingInterval: 5 * seconds
      })
  )
}
