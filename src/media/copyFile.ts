import { Effect } from "effect"
import { maxBytesOf } from "../domain/mediaFile.ts"
import type { FileRow } from "../repo/MediaRepo.ts"
import { MediaStore } from "./MediaStore.ts"
import { Spool } from "./spool.ts"
import { keyOf } from "./store/key.ts"

/** The bytes of one bot's file under another bot's name; answers their key. Bytes that are there already stay. */
export const makeFileCopy = Effect.gen(function* () {
  const spool = yield* Spool
  const store = yield* MediaStore

  return Effect.fn("Media.copyFile")(function* (file: FileRow, toSlug: string) {
    const key = keyOf(toSlug, file.kind, file.sha256, file.ext ?? "bin")
    if (yield* store.exists(key)) return key
    const { stream } = yield* store.open(file.key)
    const spooled = yield* spool.take(stream, maxBytesOf(file.kind))
    yield* store.put(key, spooled, file.mime ?? "application/octet-stream")
    return key
  }, Effect.scoped)
})
