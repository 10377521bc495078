import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { createHash, randomBytes } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Readable } from "node:stream"
import { Config } from "../../src/config.ts"
import { Spool } from "../../src/media/spool.ts"
import { folder } from "./support.ts"

const makeSpool = Effect.fnUntraced(function* (dataDir: string) {
  const parsed = Config.layerFrom({ ADMIN_TOKEN: "senha-de-teste-0123456789", ENCRYPTION_KEY: "ab".repeat(32) })
  const config = Layer.effect(
    Config,
    Effect.map(Layer.build(parsed), (context) => ({ ...Context.get(context, Config), dataDir }))
  )
  return Context.get(yield* Layer.build(Spool.layer.pipe(Layer.provide(config))), Spool)
})

describe("Spool", () => {
  it.live("writes every byte, hashes them, and leaves nothing behind", () =>
    Effect.gen(function* () {
      const dataDir = yield* folder
      const spool = yield* makeSpool(dataDir)
      const chunks = Array.from({ length: 40 }, (_, index) => randomBytes(1 + index * 997))
      const bytes = Buffer.concat(chunks)
      const path = yield* Effect.gen(function* () {
        const file = yield* spool.take(Readable.from(chunks), bytes.length)
        assert.strictEqual(file.bytes, bytes.length)
        assert.strictEqual(file.sha256, createHash("sha256").update(bytes).digest("hex"))
        assert.isTrue(readFileSync(file.path).equals(bytes))
        return file.path
      }).pipe(Effect.scoped)
      assert.isFalse(existsSync(path))
    }).pipe(Effect.scoped)
  )

  it.live("stops at the first byte too many, and when the sender stops", () =>
    Effect.gen(function* () {
      const dataDir = yield* folder
      const spool = yield* makeSpool(dataDir)
      const why = (source: Readable) =>
        Effect.scoped(Effect.map(Effect.flip(spool.take(source, 1_000)), (error) => error.why))
      let given = 0
      const endless = new Readable({
        read() {
          given++
          this.push(Buffer.alloc(100))
        }
      })
      assert.strictEqual(yield* why(endless), "too_long")
      assert.isBelow(given, 2_000)
      assert.isTrue(endless.destroyed)
      const broken = new Readable({ read() {} })
      broken.push("abc")
      setImmediate(() => broken.destroy(new Error("ECONNRESET")))
      assert.strictEqual(yield* why(broken), "cut")
      assert.deepStrictEqual(readdirSync(join(dataDir, "media", ".tmp")), [])
    }).pipe(Effect.scoped)
  )

  it.live("clears away what a killed process left, but nothing that is being written", () =>
    Effect.gen(function* () {
      const dataDir = yield* folder
      const temporary = join(dataDir, "media", ".tmp")
      mkdirSync(temporary, { recursive: true })
      writeFileSync(join(temporary, "old"), "x")
      writeFileSync(join(temporary, "young"), "x")
      const yesterday = Date.now() / 1000 - 86_400
      utimesSync(join(temporary, "old"), yesterday, yesterday)
      yield* makeSpool(dataDir)
      assert.deepStrictEqual(readdirSync(temporary), ["young"])
    }).pipe(Effect.scoped)
  )

  it.live("says that the disk is the matter", () =>
    Effect.gen(function* () {
      const dataDir = yield* folder
      const spool = yield* makeSpool(join(dataDir, "file"))
      writeFileSync(join(dataDir, "file"), "no folder")
      const error = yield* Effect.flip(Effect.scoped(spool.take(Readable.from([Buffer.alloc(1)]), 10)))
      assert.strictEqual(error.why, "disk")
    }).pipe(Effect.scoped)
  )
})
