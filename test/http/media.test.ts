import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { request as httpRequest } from "node:http"
import { Readable } from "node:stream"
import { notFound } from "../../src/bots/refusals.ts"
import type { MediaView } from "../../src/domain/media.ts"
import { maxFileBytes } from "../../src/domain/mediaFile.ts"
import type { GivenFile } from "../../src/media/intake.ts"
import type { LibraryOwner, MediaLibrary } from "../../src/media/MediaLibrary.ts"
import { MediaRefused } from "../../src/media/MediaRefused.ts"
import { MediaStoreError, MissingFile, StoreAway } from "../../src/media/MediaStoreError.ts"
import { adminToken, type Door, openDoor } from "./door.ts"

const boundary = "limite-de-teste"
const authorization = { authorization: `Bearer ${adminToken}` }
const formHeaders = { ...authorization, "content-type": `multipart/form-data; boundary=${boundary}` }

interface Part {
  readonly name: string
  readonly filename?: string
  readonly bytes: Uint8Array | string
}

const form = (...parts: ReadonlyArray<Part>): Buffer =>
  Buffer.concat([
    ...parts.flatMap(({ bytes, filename, name }) => [
      Buffer.from(
        `--${boundary}\r\ncontent-disposition: form-data; name="${name}"` +
          `${filename === undefined ? "" : `; filename="${filename}"\r\ncontent-type: image/jpeg`}\r\n\r\n`
      ),
      Buffer.from(bytes),
      Buffer.from("\r\n")
    ]),
    Buffer.from(`--${boundary}--\r\n`)
  ])

const view: MediaView = {
  id: 12,
  kind: "photo",
  sha256: "ab",
  bytes: 3,
  mime: "image/jpeg",
  width: 800,
  height: 600,
  file_name: null,
  ready: false,
  status: "waiting",
  error: null,
  created_at: "2025-11-07T12:00:00.000Z"
}

const path = "/api/admin/bots/vip/media"

const post = (door: Door, body: Buffer | string, headers: Record<string, string> = formHeaders) =>
  door.call("POST", path, { headers, body })

const owner: LibraryOwner = { id: 1, slug: "vip", telegramBotId: 7 }

const openLibrary = (more: Partial<MediaLibrary["Service"]> = {}) =>
  Effect.gen(function* () {
    const taken: Array<GivenFile & { readonly text: string; readonly sha256: string }> = []
    const door = yield* openDoor({
      media: {
        ownerOf: (slug) =>
          slug === "vip" ? Effect.succeed(owner) : notFound(`Não existe um bot com o endereço ${slug}.`),
        add: (_, file, given) =>
          Effect.sync(() => {
            taken.push({ ...given, text: readFileSync(file.path, "utf8"), sha256: file.sha256 })
            return view
          }),
        ...more
      }
    })
    return { door, taken }
  })

/** Chunks without a declared length, for as long as the other side reads. */
const streamTo = (door: Door, bytes: number) =>
  Effect.callback<number>((resume) => {
    const chunk = Buffer.alloc(256 * 1024)
    const head = Buffer.from(
      `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="a"\r\ncontent-type: video/mp4\r\n\r\n`
    )
    let left = bytes
    const source = new Readable({
      read() {
        left -= chunk.length
        this.push(left > 0 ? chunk : null)
      }
    })
    source.unshift(head)
    const request = httpRequest(
      { host: "127.0.0.1", port: door.port, method: "POST", path, headers: formHeaders, agent: false },
      (response) => {
        resume(Effect.succeed(response.statusCode ?? 0))
        request.destroy()
      }
    )
    request.on("error", () => undefined)
    source.on("error", () => undefined).pipe(request)
  })

describe("POST /api/admin/bots/:slug/media", () => {
  it.live("takes one file, with its name and the seller's wish", () =>
    Effect.gen(function* () {
      const { door, taken } = yield* openLibrary()
      const answer = yield* post(
        door,
        form(
          { name: "kind", bytes: "video_note" },
          { name: "file", filename: "festa.mp4", bytes: "abc" },
          { name: "outro", bytes: "x" }
        )
      )
      assert.strictEqual(answer.status, 201)
      assert.deepInclude(answer.json, {
        id: 12,
        kind: "photo",
        sha256: "ab",
        bytes: 3,
        mime: "image/jpeg",
        width: 800,
        height: 600
      })
      assert.deepStrictEqual(taken, [
        {
          fileName: "festa.mp4",
          kind: "video_note",
          text: "abc",
          sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        }
      ])
    }).pipe(Effect.scoped)
  )

  it.live("says what is wrong with the request", () =>
    Effect.gen(function* () {
      const { door, taken } = yield* openLibrary()
      const file = { name: "file", filename: "a.jpg", bytes: "abc" }
      const cases = [
        [yield* door.asAdmin("POST", path, { file: "x" }), 400, /multipart\/form-data/],
        [yield* post(door, form({ name: "kind", bytes: "photo" })), 422, /campo file/],
        [yield* post(door, form(file, { ...file, name: "file2" })), 422, /um arquivo por vez/],
        [yield* post(door, form({ name: "kind", bytes: "foto" }, file)), 422, /tipo da mídia/],
        [yield* post(door, form(file).subarray(0, -20)), 400, /interrompido|malformado/],
        [yield* post(door, "nada disso"), 400, /interrompido|malformado/],
        [yield* post(door, form(file), { ...formHeaders, authorization: "Bearer x" }), 401, /Acesso negado/]
      ] as const
      for (const [answer, status, words] of cases) {
        assert.strictEqual(answer.status, status, answer.text)
        assert.match(answer.json.message, words)
      }
      assert.deepStrictEqual(Object.keys(cases[1][0].json.fields), ["file"])
      const stranger = yield* door.call("POST", "/api/admin/bots/nada/media", {
        headers: formHeaders,
        body: form(file)
      })
      assert.strictEqual(stranger.status, 404)
      assert.deepStrictEqual(taken, [])
    }).pipe(Effect.scoped)
  )

  it.live("refuses more than 50 MB, declared or not; other routes still end at 1 MiB", () =>
    Effect.gen(function* () {
      const { door, taken } = yield* openLibrary()
      const socket = yield* door.socket
      const answered = Effect.callback<string>((resume) => {
        socket.once("data", (chunk: Buffer) => resume(Effect.succeed(chunk.toString())))
      })
      socket.write(
        `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${adminToken}\r\ncontent-type: ${formHeaders["content-type"]}\r\n` +
          `content-length: ${maxFileBytes * 2}\r\n\r\n`
      )
      assert.match(yield* answered, /^HTTP\/1\.1 413 [^]*O Telegram aceita um arquivo de até 50 MB/)
      assert.strictEqual(yield* streamTo(door, maxFileBytes * 4), 413)
      const message = yield* door.asAdmin("PUT", "/api/admin/bots/vip/messages/start", { text: "x".repeat(1_100_000) })
      assert.strictEqual(message.status, 413)
      assert.match(message.json.message, /1 MiB/)
      assert.deepStrictEqual(taken, [])
    }).pipe(Effect.scoped)
  )

  it.live("lets a body come that asked first, and finds a boundary wherever the pieces are cut", () =>
    Effect.gen(function* () {
      const { door, taken } = yield* openLibrary()
      const bytes = Buffer.from(`\r\n--limite\r\n--${boundary.slice(0, -1)}\r\n-`.repeat(4_000))
      const body = form({ name: "file", filename: "a.bin", bytes }, { name: "kind", bytes: "document" })
      const sizes = [1, 7, 20_000, 16_384, 65_536, 3, 50_000]
      const socket = yield* door.socket
      let answer = ""
      const until = (words: RegExp) =>
        Effect.callback<void>((resume) => {
          const look = () => words.test(answer) && resume(Effect.void)
          socket.on("data", look)
          look()
        })
      socket.on("data", (chunk: Buffer) => (answer += chunk.toString()))
      socket.write(
        `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${adminToken}\r\nexpect: 100-continue\r\n` +
          `content-type: ${formHeaders["content-type"]}\r\ncontent-length: ${body.length}\r\n\r\n`
      )
      yield* until(/^HTTP\/1\.1 100 Continue/)
      for (let at = 0, turn = 0; at < body.length; turn++) {
        const size = sizes[turn % sizes.length]!
        yield* Effect.callback<void>((resume) => {
          socket.write(body.subarray(at, at + size), () => setImmediate(() => resume(Effect.void)))
        })
        at += size
      }
      yield* until(/HTTP\/1\.1 201 /)
      assert.strictEqual(taken[0]?.text, bytes.toString())
      assert.strictEqual(taken[0]?.kind, "document")
    }).pipe(Effect.scoped)
  )

  it.live("passes on why the library refused", () =>
    Effect.gen(function* () {
      const file = form({ name: "file", filename: "a.jpg", bytes: "abc" })
      const answer = Effect.fnUntraced(function* (error: MediaRefused | MediaStoreError) {
        const { door } = yield* openLibrary({ add: () => Effect.fail(error) })
        return yield* post(door, file)
      })
      const large = yield* answer(new MediaRefused({ why: "too_large", message: "Grande demais." }))
      assert.deepStrictEqual([large.status, large.json], [413, { error: "too_large", message: "Grande demais." }])
      const unfit = yield* answer(new MediaRefused({ why: "unfit", message: "Não serve." }))
      assert.deepStrictEqual(
        [unfit.status, unfit.json],
        [422, { error: "invalid", message: "Não serve.", fields: { file: "Não serve." } }]
      )
      const away = yield* answer(
        new MediaStoreError({ operation: "put", reason: new StoreAway({ detail: "ECONNREFUSED" }) })
      )
      assert.strictEqual(away.status, 503)
      assert.match(away.json.message, /armazenamento das mídias não respondeu/)
    }).pipe(Effect.scoped)
  )
})

describe("the library over HTTP", () => {
  it.live("lists, shows and removes", () =>
    Effect.gen(function* () {
      const asked: Array<unknown> = []
      const { door } = yield* openLibrary({
        list: (slug, query) =>
          Effect.sync(() => (asked.push([slug, query.limit]), { items: [view], next_cursor: null })),
        remove: (slug, id) => Effect.sync(() => void asked.push([slug, id]))
      })
      const list = yield* door.asAdmin("GET", `${path}?limit=2`)
      assert.deepStrictEqual([list.status, list.json], [200, { items: [view], next_cursor: null }])
      assert.strictEqual((yield* door.asAdmin("GET", `${path}?cursor=x`)).status, 400)
      assert.strictEqual((yield* door.asAdmin("DELETE", `${path}/12`)).status, 204)
      assert.strictEqual((yield* door.asAdmin("DELETE", `${path}/x`)).status, 404)
      assert.deepStrictEqual(asked, [
        ["vip", 2],
        ["vip", 12]
      ])
    }).pipe(Effect.scoped)
  )

  it.live("streams the bytes as what they are; what a browser could run is only a download", () =>
    Effect.gen(function* () {
      const bytes = Buffer.from("conteúdo")
      const contentOf = Effect.fnUntraced(function* (mime: string) {
        const { door } = yield* openLibrary({
          open: (_, id) =>
            id === 12
              ? Effect.succeed({
                  bytes: bytes.length,
                  stream: Readable.from([bytes]),
                  file: { ...view, id, storedKind: "photo", key: "k", ext: "x", mime, fileName: 'é "1".jpg' }
                })
              : Effect.fail(new MediaStoreError({ operation: "open", reason: new MissingFile({ key: "k" }) }))
        })
        return [
          yield* door.asAdmin("GET", `${path}/12/content`),
          yield* door.asAdmin("GET", `${path}/13/content`)
        ] as const
      })
      const [photo, missing] = yield* contentOf("image/jpeg")
      assert.strictEqual(photo.status, 200)
      assert.strictEqual(photo.text, "conteúdo")
      assert.deepInclude(photo.headers, {
        "content-type": "image/jpeg",
        "content-length": String(bytes.length),
        "content-disposition": "inline; filename*=UTF-8''%C3%A9%20%221%22.jpg",
        "x-content-type-options": "nosniff"
      })
      assert.match(String(photo.headers["content-security-policy"]), /sandbox/)
      assert.strictEqual(missing.status, 404)
      const [page] = yield* contentOf("text/html")
      assert.strictEqual(page.headers["content-type"], "application/octet-stream")
      assert.match(String(page.headers["content-disposition"]), /^attachment/)
    }).pipe(Effect.scoped)
  )

  it.live("previews a message, and refuses a chat that is none", () =>
    Effect.gen(function* () {
      const asked: Array<unknown> = []
      const door = yield* openDoor({
        preview: (request) => Effect.sync(() => (asked.push(request), [{ method: "sendMessage", ok: true }]))
      })
      const url = "/api/admin/bots/vip/messages/start/preview"
      const answer = yield* door.asAdmin("POST", url, { chat_id: "-100123", content: { text: "Oi" } })
      assert.deepStrictEqual([answer.status, answer.json], [200, { calls: [{ method: "sendMessage", ok: true }] }])
      assert.deepStrictEqual(asked, [{ slug: "vip", key: "start", chatId: -100_123, content: { text: "Oi" } }])
      for (const chat_id of [undefined, "ana", 1.5, "12345678901234567890"]) {
        const refused = yield* door.asAdmin("POST", url, { chat_id })
        assert.strictEqual(refused.status, 422)
        assert.deepStrictEqual(Object.keys(refused.json.fields), ["chat_id"])
      }
    }).pipe(Effect.scoped)
  )
})
