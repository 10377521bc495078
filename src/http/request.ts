import { NodeHttpServerRequest } from "@effect/platform-node"
import type { HttpServerRequest } from "effect/http"
import { randomBytes } from "node:crypto"
import type { IncomingMessage } from "node:http"

/** Node's own view of a request; we serve HTTP/1.1 only. */
export const nodeRequest = (request: HttpServerRequest.HttpServerRequest): IncomingMessage =>
  NodeHttpServerRequest.toIncomingMessage(request) as IncomingMessage

const sane = /^[\w.:-]{1,64}$/

// Random per process, counted within it: a UUID per request costs 0.5 µs, 3 % of a whole webhook.
const processPart = randomBytes(4).toString("hex")
let counted = randomBytes(2).readUInt16BE()

/** The caller's `X-Request-Id` when it is fit for a log line, else a short one of ours. */
export const requestIdOf = (request: IncomingMessage): string => {
  const given = request.headers["x-request-id"]
  return typeof given === "string" && sane.test(given) ? given : `${processPart}${(counted++).toString(36)}`
}

const loopback = /^(::1|(::ffff:)?127(\.\d{1,3}){3})$/

/**
 * Asked from this very machine. A proxy on this machine speaks for the whole world, so one of its headers is enough
 * to say no.
 */
export const isLoopback = (request: IncomingMessage): boolean =>
  loopback.test(request.socket.remoteAddress ?? "") &&
  request.headers["x-forwarded-for"] === undefined &&
  request.headers["forwarded"] === undefined &&
  request.headers["x-real-ip"] === undefined &&
  request.headers["cf-connecting-ip"] === undefined
