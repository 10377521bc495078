import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Upload } from "../http/body.ts"

/** What bots uploaded, for the simulator to show; the oldest go when the allowance is used up. */
export class UploadStore {
  readonly #files = new Map<string, Upload>()
  readonly #allowance: number
  readonly #folder: string | null
  #bytes = 0

  constructor(allowance: number, folder: string | null = null) {
    this.#allowance = allowance
    this.#folder = folder
    if (folder !== null) mkdirSync(folder, { recursive: true })
  }

  get keeps(): boolean {
    return this.#allowance > 0
  }

  put(uniqueId: string, upload: Upload): void {
    if (upload.bytes === undefined) return
    this.#files.set(uniqueId, upload)
    this.#bytes += upload.size
    if (this.#folder !== null) {
      const { bytes, ...rest } = upload
      writeFileSync(join(this.#folder, uniqueId), bytes)
      writeFileSync(join(this.#folder, `${uniqueId}.json`), JSON.stringify(rest))
    }
    for (const [id, old] of this.#files) {
      if (this.#bytes <= this.#allowance) return
      this.#files.delete(id)
      this.#bytes -= old.size
    }
  }

  get(uniqueId: string): Upload | undefined {
    return this.#files.get(uniqueId) ?? this.#stored(uniqueId)
  }

  #stored(uniqueId: string): Upload | undefined {
    if (this.#folder === null || !/^[\w-]+$/.test(uniqueId)) return undefined
    try {
      const rest = JSON.parse(readFileSync(join(this.#folder, `${uniqueId}.json`), "utf8")) as Omit<Upload, "bytes">
      return { ...rest, bytes: readFileSync(join(this.#folder, uniqueId)) }
    } catch {
      return undefined
    }
  }
}
