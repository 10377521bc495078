import { Clock, Context, Effect, Layer, Schema, type Scope } from "effect"
import { randomUUID } from "node:crypto"
import * as fs from "node:fs/promises"
import { join } from "node:path"
import { addAbortSignal, type Readable } from "node:stream"
import { Config } from "../config.ts"
import { FileSink, TooLong } from "./fileSink.ts"
import type { SpooledFile } from "./MediaStore.ts"
import { quietly } from "./quietly.ts"

/** `too_long`: more bytes came than are allowed. `cut`: the sender stopped. `disk`: we could not write them. */
export class SpoolError extends Schema.TaggedError<SpoolError>()("SpoolError", {
  why: Schema.Literals(["too_long", "cut", "disk"])
}) {}

/**
 * Brings bytes to disk and hashes them on the way: what a file is called in the store depends on all of its bytes, and
 * no file is ever whole in memory. The file goes with the scope.
 */
export class Spool extends Context.Service<
  Spool,
  {
    readonly open: (maxBytes: number) => Effect.Effect<FileSink, SpoolError, Scope.Scope>
    readonly take: (source: Readable, maxBytes: number) => Effect.Effect<SpooledFile, SpoolError, Scope.Scope>
  }
>()("funil/media/Spool") {
  static readonly layer = Layer.effect(
    Spool,
    Effect.gen(function* () {
      const { dataDir } = yield* Config
      const folder = join(dataDir, "media", ".tmp")
      yield* removeAbandoned(folder, yield* Clock.currentTimeMillis)

      const open = Effect.fnUntraced(function* (maxBytes: number) {
        const path = join(folder, randomUUID())
        return yield* Effect.acquireRelease(
          Effect.tryPromise({
            try: async () => {
              await fs.mkdir(folder, { recursive: true })
              return FileSink.create(path, maxBytes)
            },
            catch: (error) => new SpoolError({ why: whyOf(error) })
          }),
          (sink) =>
            Effect.promise(async () => {
              await sink.close().catch(() => undefined)
              await fs.rm(path, { force: true }).catch(() => undefined)
            })
        )
      })

      const take = Effect.fn("Spool.take")(function* (source: Readable, maxBytes: number) {
        // It may break before anybody reads it.
        quietly(source)
        const sink = yield* open(maxBytes)
        return yield* Effect.tryPromise({
          try: (signal) => drain(addAbortSignal(signal, source), sink),
          catch: (error) => new SpoolError({ why: whyOf(error) })
        })
      })

      return Spool.of({ open, take })
    })
  )
}

const drain = async (source: Readable, sink: FileSink): Promise<SpooledFile> => {
  for await (const piece of source as AsyncIterable<Uint8Array>) {
    sink.push(piece)
    await sink.drained()
  }
  return sink.finish()
}

const diskCodes = new Set([
  "ENOSPC",
  "EDQUOT",
  "EACCES",
  "EPERM",
  "EROFS",
  "EIO",
  "EMFILE",
  "ENOENT",
  "ENOTDIR",
  "EEXIST"
])

export const whyOf = (error: unknown): SpoolError["why"] => {
  if (error instanceof TooLong) return "too_long"
  return diskCodes.has(String((error as NodeJS.ErrnoException).code)) ? "disk" : "cut"
}

const abandonedMs = 3_600_000

/** A process that was killed could not clean up behind itself. */
const removeAbandoned = (folder: string, now: number) =>
  Effect.promise(async () => {
    const names = await fs.readdir(folder).catch((): Array<string> => [])
    for (const name of names) {
      const path = join(folder, name)
      const stat = await fs.stat(path).catch(() => undefined)
      if (stat !== undefined && now - stat.mtimeMs > abandonedMs) await fs.rm(path, { force: true })
    }
  })
