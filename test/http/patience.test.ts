import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { once } from "node:events"
import type { IncomingMessage, ServerResponse } from "node:http"
import { type AddressInfo, connect } from "node:net"
import { LaneServer } from "../../src/http/server/NodeServer.ts"
import { beingPatient } from "../../src/http/server/patience.ts"

describe("a request that takes longer than the server waits", () => {
  it.live("is cut, unless it may take long", () =>
    Effect.gen(function* () {
      const server = yield* Effect.acquireRelease(
        Effect.sync(
          () => new LaneServer({ requestTimeout: 300, headersTimeout: 200, connectionsCheckingInterval: 50 })
        ),
        (made) => Effect.sync(() => (made.close(), made.closeAllConnections()))
      )
      const run = Effect.runPromiseWith(yield* Effect.context<never>())
      server.on("request", (request: IncomingMessage, response: ServerResponse) => {
        const whole = Effect.promise(() =>
          request
            .resume()
            .toArray()
            .catch(() => [])
        )
        const work = request.url === "/upload" ? beingPatient(request.socket)(whole) : whole
        void run(work).then((chunks) => response.end(String(Buffer.concat(chunks as Array<Buffer>).length)))
      })
      server.listen(0, "127.0.0.1")
      yield* Effect.promise(() => once(server, "listening"))
      const { port } = server.address() as AddressInfo

      /** The second half comes when the server has cut a request that began at the same time. */
      const begin = (path: string) => {
        const socket = connect(port, "127.0.0.1")
        socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\nconnection: close\r\n\r\nab`)
        const text = Effect.promise(async () => {
          const chunks: Array<Buffer> = []
          socket.on("data", (chunk: Buffer) => chunks.push(chunk))
          await once(socket, "close")
          return Buffer.concat(chunks).toString()
        })
        return { socket, text }
      }
      const upload = begin("/upload")
      const ordinary = begin("/outro")
      assert.match(yield* ordinary.text, /^HTTP\/1\.1 408 /)
      upload.socket.write("cd")
      assert.match(yield* upload.text, /^HTTP\/1\.1 200 [^]*\r\n\r\n[^]*4/)
    }).pipe(Effect.scoped)
  )
})
