import { Effect } from "effect"
import { fileTypeFromFile } from "file-type"
import { imageSizeFromFile } from "image-size/fromFile"
import type { FileFacts } from "../domain/mediaFile.ts"
import type { SpooledFile } from "./MediaStore.ts"

const unknownType = { mime: "application/octet-stream", ext: "bin" }

/** What a file is, by its bytes; a few kilobytes of it are read. Never fails: what nobody can read has no type. */
export const inspect = Effect.fn("Media.inspect")(function* (file: SpooledFile) {
  const { ext, mime } = (yield* attempt(() => fileTypeFromFile(file.path))) ?? unknownType
  const size = mime.startsWith("image/") ? yield* attempt(() => imageSizeFromFile(file.path)) : undefined
  return {
    bytes: file.bytes,
    mime,
    ext,
    ...(size === undefined ? {} : { width: size.width, height: size.height })
  } satisfies FileFacts as FileFacts
})

const attempt = <A>(read: () => Promise<A>) => Effect.orElseSucceed(Effect.tryPromise(read), () => undefined)
