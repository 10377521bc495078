import { Context, Effect, Layer, Option } from "effect"
import { join } from "node:path"
import type { Readable } from "node:stream"
import { Config } from "../config.ts"
import type { MediaStoreError } from "./MediaStoreError.ts"
import { makeLocalStore } from "./store/local.ts"
import { makeS3Store } from "./store/s3.ts"

/** A file on this machine's disk, on its way into the store. */
export interface SpooledFile {
  readonly path: string
  readonly bytes: number
  readonly sha256: string
}

export interface OpenedFile {
  readonly bytes: number
  /** Whoever opened it reads it to its end or destroys it. */
  readonly stream: Readable
}

export interface Store {
  /** Putting the same bytes again under their key changes nothing. The file itself stays where it is. */
  readonly put: (key: string, file: SpooledFile, mime: string) => Effect.Effect<void, MediaStoreError>
  readonly open: (key: string) => Effect.Effect<OpenedFile, MediaStoreError>
  /** To be sent on at once: a piece is good until a few later ones were asked for. */
  readonly pieces: (key: string) => Effect.Effect<AsyncIterable<Uint8Array>, MediaStoreError>
  readonly exists: (key: string) => Effect.Effect<boolean, MediaStoreError>
  /** What is not there is removed already. */
  readonly remove: (key: string) => Effect.Effect<void, MediaStoreError>
}

/** Where the bytes of the library are: a folder of this machine, or any S3. Streams, never a whole file in memory. */
export class MediaStore extends Context.Service<MediaStore, Store>()("funil/media/MediaStore") {
  static readonly layerLocal = (folder: string) => Layer.effect(MediaStore, makeLocalStore(folder))

  static readonly layerS3 = (options: Parameters<typeof makeS3Store>[0]) =>
    Layer.effect(MediaStore, makeS3Store(options))

  /** S3 when `S3_ENDPOINT` and its like are set, else `.data/media`. */
  static readonly layer = Layer.unwrap(
    Effect.map(Config, ({ dataDir, s3 }) =>
      Option.match(s3, {
        onNone: () => MediaStore.layerLocal(join(dataDir, "media")),
        onSome: MediaStore.layerS3
      })
    )
  )
}
