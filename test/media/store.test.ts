import { assert, describe, it, layer, type Vitest } from "@effect/vitest"
import { Context, Effect, Layer, Redacted } from "effect"
import { createHash, randomBytes } from "node:crypto"
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { MediaStore, type SpooledFile } from "../../src/media/MediaStore.ts"
import { bucket, credentials, S3Server } from "./s3Server.ts"
import { folder } from "./support.ts"

const spooled = Effect.fnUntraced(function* (bytes: Buffer) {
  const path = join(yield* folder, "file")
  writeFileSync(path, bytes)
  return { path, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") } satisfies SpooledFile
})

const bytesAt = Effect.fnUntraced(function* (key: string) {
  const store = yield* MediaStore
  const { bytes, stream } = yield* store.open(key)
  const read = yield* Effect.promise(() => stream.toArray())
  const whole = Buffer.concat(read as Array<Buffer>)
  assert.strictEqual(whole.length, bytes)
  return whole
})

const reasonOf = <A>(effect: Effect.Effect<A, { readonly reason: { readonly _tag: string } }, MediaStore>) =>
  Effect.map(Effect.flip(effect), ({ reason }) => reason._tag)

const contract = (it: Pick<Vitest.MethodsNonLive<MediaStore>, "effect">) => {
  it.effect("keeps what is put, byte for byte, and forgets what is removed", () =>
    Effect.gen(function* () {
      const store = yield* MediaStore
      const bytes = randomBytes(3_000_000)
      const file = yield* spooled(bytes)
      assert.isFalse(yield* store.exists("vip/photo/a.jpg"))
      yield* store.put("vip/photo/a.jpg", file, "image/jpeg")
      assert.isTrue(yield* store.exists("vip/photo/a.jpg"))
      assert.isTrue((yield* bytesAt("vip/photo/a.jpg")).equals(bytes))
      yield* store.remove("vip/photo/a.jpg")
      assert.isFalse(yield* store.exists("vip/photo/a.jpg"))
      yield* store.remove("vip/photo/a.jpg")
      assert.isTrue(existsSync(file.path))
    })
  )

  it.effect("takes the same bytes again, and an empty file", () =>
    Effect.gen(function* () {
      const store = yield* MediaStore
      const bytes = randomBytes(10_000)
      const file = yield* spooled(bytes)
      yield* Effect.all([store.put("b/x", file, "video/mp4"), store.put("b/x", file, "video/mp4")], { concurrency: 2 })
      yield* store.put("b/x", file, "video/mp4")
      assert.isTrue((yield* bytesAt("b/x")).equals(bytes))
      yield* store.put("b/empty", yield* spooled(Buffer.alloc(0)), "text/plain")
      assert.strictEqual((yield* bytesAt("b/empty")).length, 0)
    })
  )

  it.effect("says that a file is missing", () =>
    Effect.gen(function* () {
      const store = yield* MediaStore
      assert.strictEqual(yield* reasonOf(store.open("b/nothing")), "MissingFile")
    })
  )
}

const LocalStore = Layer.unwrap(Effect.map(folder, (path) => MediaStore.layerLocal(join(path, "media"))))

layer(LocalStore, { excludeTestServices: true })("a folder", (it) => {
  contract(it)

  it.effect("reaches nothing outside of itself", () =>
    Effect.gen(function* () {
      const store = yield* MediaStore
      const file = yield* spooled(Buffer.from("x"))
      for (const key of ["../x", "/etc/passwd", "a/../../x", ""]) {
        assert.strictEqual(yield* reasonOf(store.open(key)), "MissingFile")
        assert.strictEqual(yield* reasonOf(store.put(key, file, "text/plain")), "MissingFile")
        assert.isFalse(yield* store.exists(key))
      }
    })
  )
})

const s3 = (more: Partial<typeof credentials> & { readonly endpoint?: string; readonly bucket?: string } = {}) =>
  Layer.unwrap(
    Effect.map(S3Server, ({ url }) =>
      MediaStore.layerS3({ endpoint: url, bucket, region: "auto", ...credentials, ...more })
    )
  )

layer(S3Server.layer, { excludeTestServices: true })("an S3 of somebody else's making", (it) => {
  it.layer(s3())("with the right keys", (it) => {
    contract(it)

    it.effect("holds the object under its key, with its type", () =>
      Effect.gen(function* () {
        const store = yield* MediaStore
        const server = yield* S3Server
        yield* store.put("vip/photo/é ~2.jpg", yield* spooled(Buffer.from("abc")), "image/jpeg")
        const object = yield* server.object("vip/photo/é ~2.jpg")
        assert.deepStrictEqual([object.type, object.bytes.toString()], ["image/jpeg", "abc"])
      })
    )
  })

  const refusal = (store: ReturnType<typeof s3>) =>
    Effect.gen(function* () {
      const { exists } = Context.get(yield* Layer.build(store), MediaStore)
      const error = yield* Effect.flip(exists("vip/a"))
      return [error.reason._tag, error.message] as const
    })

  it.effect("names what is wrong, never a key", () =>
    Effect.gen(function* () {
      const wrongKeys = yield* refusal(s3({ secretAccessKey: Redacted.make("another-secret") }))
      assert.strictEqual(wrongKeys[0], "StoreRefused")
      assert.match(wrongKeys[1], /recusou o pedido \(confira as chaves de S3_/)
      assert.notMatch(wrongKeys[1], /another-secret/)
      const away = yield* refusal(s3({ endpoint: "http://127.0.0.1:9" }))
      assert.strictEqual(away[0], "StoreAway")
      assert.match(away[1], /não respondeu \(ECONNREFUSED\)/)
      const store = Context.get(yield* Layer.build(s3({ bucket: "nowhere" })), MediaStore)
      const file = yield* spooled(Buffer.from("x"))
      const error = yield* Effect.flip(store.put("a", file, "text/plain"))
      assert.match(error.message, /o bucket de S3_BUCKET não existe/)
    })
  )
})

describe("the local folder", () => {
  it.live("has no half files, whoever looks", () =>
    Effect.gen(function* () {
      const root = mkdtempSync(join(tmpdir(), "funil-media-"))
      yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(root, { recursive: true, force: true })))
      const store = Context.get(yield* Layer.build(MediaStore.layerLocal(root)), MediaStore)
      const file = yield* spooled(randomBytes(1_000))
      yield* Effect.forEach(Array.from({ length: 20 }), () => store.put("k/one", file, "x/y"), { concurrency: 20 })
      assert.deepStrictEqual(readdirSync(join(root, "k")), ["one"])
    })
  )
})
