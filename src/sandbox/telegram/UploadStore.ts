import type { Upload } from "../http/body.ts"

/** What bots uploaded, for the simulator to show; the oldest go when the allowance is used up. */
export class UploadStore {
  readonly #files = new Map<string, Upload>()
  readonly #allowance: number
  #bytes = 0

  constructor(allowance: number) {
    this.#allowance = allowance
  }

  get keeps(): boolean {
    return this.#allowance > 0
  }

  put(uniqueId: string, upload: Upload): void {
    if (upload.bytes === undefined) return
    this.#files.set(uniqueId, upload)
    this.#bytes += upload.size
    for (const [id, old] of this.#files) {
      if (this.#bytes <= this.#allowance) return
      this.#files.delete(id)
      this.#bytes -= old.size
    }
  }

  get(uniqueId: string): Upload | undefined {
    return this.#files.get(uniqueId)
  }
}
