import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Redacted } from "effect"
import { InputFile } from "grammy"
import { createHash, randomBytes } from "node:crypto"
import type { IncomingMessage } from "node:http"
import { join } from "node:path"
import { MediaStore } from "../../src/media/MediaStore.ts"
import { listen } from "../../src/sandbox/http/listen.ts"
import { TelegramClient } from "../../src/telegram/TelegramClient.ts"
import { folder, write } from "./support.ts"

/** Reads a body in starts and stops, longer than the buffers of the system last, so that all on the way fills up. */
const slowly = (request: IncomingMessage, done: (body: Buffer) => void) => {
  const chunks: Array<Buffer> = []
  request.on("data", (chunk: Buffer) => {
    chunks.push(chunk)
    if (chunks.length % 20 !== 0) return
    request.pause()
    setTimeout(() => request.resume(), 20)
  })
  request.on("end", () => done(Buffer.concat(chunks)))
}

describe("pieces of a file", () => {
  it.live("reach a slow Telegram as they were, several files at once", () =>
    Effect.gen(function* () {
      const root = yield* folder
      const files = [randomBytes(30_000_001), randomBytes(6 * 1024 * 1024), randomBytes(1), randomBytes(131_072)]
      const bodies: Array<Buffer> = []
      const url = yield* listen((request, response) => {
        slowly(request, (body) => {
          bodies.push(body)
          response
            .writeHead(200, { "content-type": "application/json" })
            .end(JSON.stringify({ ok: true, result: true }))
        })
      }, {})
      const store = Context.get(yield* Layer.build(MediaStore.layerLocal(root)), MediaStore)
      const telegram = Context.get(yield* Layer.build(TelegramClient.layerWith({ apiRoot: url })), TelegramClient)
      const run = Effect.runPromiseWith(yield* Effect.context<never>())
      yield* Effect.forEach(files, (bytes, index) => write(join(root, `f${index}`), bytes))
      yield* Effect.forEach(
        files,
        (_, index) =>
          telegram.call(Redacted.make("1:abcdefghijklmnopqrstuvwx"), "sendVideo", {
            chat_id: 1,
            video: new InputFile(() => run(store.pieces(`f${index}`)), `"f${index}.mp4"`)
          }),
        { concurrency: 4 }
      )
      const hash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex")
      const sent = bodies.map((body) => {
        const index = Number(/filename="f(\d)\.mp4"/.exec(body.subarray(0, 2_000).toString("latin1"))?.[1])
        const start = body.indexOf("octet-stream\r\n\r\n") + "octet-stream\r\n\r\n".length
        return [index, hash(body.subarray(start, start + files[index]!.length))] as const
      })
      assert.deepStrictEqual(
        sent.toSorted(([a], [b]) => a - b),
        files.map((bytes, index) => [index, hash(bytes)] as const)
      )
    }).pipe(Effect.scoped)
  )
})
