import type { UpdateKey } from "../repo/UpdatesRepo.ts"
import type { UpdateJob } from "./job.ts"

/** The updates that are in this process, by bot and number: with a text of both as the key each cost twice as much. */
export class Present {
  readonly #bots = new Map<number, Map<number, UpdateJob>>()
  #size = 0

  get size(): number {
    return this.#size
  }

  has({ botId, updateId }: UpdateKey): boolean {
    return this.#bots.get(botId)?.has(updateId) === true
  }

  /** To be asked first whether it is there. */
  add(job: UpdateJob): void {
    const jobs = this.#bots.get(job.botId)
    if (jobs === undefined) this.#bots.set(job.botId, new Map([[job.updateId, job]]))
    else jobs.set(job.updateId, job)
    this.#size += 1
  }

  delete({ botId, updateId }: UpdateKey): void {
    const jobs = this.#bots.get(botId)
    if (jobs?.delete(updateId) !== true) return
    this.#size -= 1
    if (jobs.size === 0) this.#bots.delete(botId)
  }

  all(): ReadonlyArray<UpdateJob> {
    const all: Array<UpdateJob> = []
    for (const jobs of this.#bots.values()) for (const job of jobs.values()) all.push(job)
    return all
  }
}
