import { Deferred, Effect } from "effect"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

export interface Received {
  readonly path: string
  readonly contentType: string
  readonly body: Buffer
}

type Answer = (response: ServerResponse, request: IncomingMessage) => void

/** A Bot API that answers as the test says, and remembers what came. */
export const standIn = Effect.fnUntraced(function* (answer: Answer) {
  const received: Array<Received> = []
  const gone = yield* Deferred.make<void>()
  let connections = 0
  const server = createServer((request, response) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      received.push({
        path: request.url ?? "",
        contentType: request.headers["content-type"] ?? "",
        body: Buffer.concat(chunks)
      })
      answer(response, request)
    })
  })
  server.on("connection", (socket) => {
    connections++
    socket.once("close", () => Deferred.doneUnsafe(gone, Effect.void))
  })
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.void))
    }),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )
  const { port } = server.address() as AddressInfo
  return { apiRoot: `http://127.0.0.1:${port}`, received, gone, connections: () => connections }
})

export const json =
  (status: number, body: unknown): Answer =>
  (response) => {
    response.writeHead(status, { "content-type": "application/json" })
    response.end(JSON.stringify(body))
  }

export const ok = (result: unknown): Answer => json(200, { ok: true, result })
