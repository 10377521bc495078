import { createHash } from "node:crypto"
import { type FileHandle, open } from "node:fs/promises"
import type { SpooledFile } from "./MediaStore.ts"

export class TooLong extends Error {}

/** A new file that is written and hashed piece by piece. A piece must not change before it is drained. */
export class FileSink {
  readonly #path: string
  readonly #handle: FileHandle
  readonly #maxBytes: number
  readonly #hash = createHash("sha256")
  readonly #waiting: Array<Uint8Array> = []
  #bytes = 0
  #writing: Promise<void> | undefined
  #closed = false

  private constructor(path: string, handle: FileHandle, maxBytes: number) {
    this.#path = path
    this.#handle = handle
    this.#maxBytes = maxBytes
  }

  static async create(path: string, maxBytes: number): Promise<FileSink> {
    return new FileSink(path, await open(path, "wx", 0o600), maxBytes)
  }

  /** Throws `TooLong` at the first byte over the limit. */
  push(piece: Uint8Array): void {
    this.#bytes += piece.length
    if (this.#bytes > this.#maxBytes) throw new TooLong()
    this.#hash.update(piece)
    this.#waiting.push(piece)
  }

  /** Resolves when all that was pushed is written. */
  drained(): Promise<void> {
    return (this.#writing ??= this.#write().finally(() => (this.#writing = undefined)))
  }

  /** What the seller was told is stored has to outlive a power cut. */
  async finish(): Promise<SpooledFile> {
    await this.drained()
    await this.#handle.sync()
    await this.close()
    return { path: this.#path, bytes: this.#bytes, sha256: this.#hash.digest("hex") }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#handle.close()
  }

  async #write(): Promise<void> {
    for (let piece = this.#waiting.shift(); piece !== undefined; piece = this.#waiting.shift()) {
      for (let at = 0; at < piece.length;) {
        at += (await this.#handle.write(piece, at, piece.length - at)).bytesWritten
      }
    }
  }
}
