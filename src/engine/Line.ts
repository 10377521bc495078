import { sameWish } from "./coalesce.ts"
import type { UpdateJob } from "./job.ts"

/** One person's updates in this process, in the order of Telegram's numbers. */
export class Line {
  readonly botId: number
  /** Nobody in particular: then there is one update only. */
  readonly personId: number | null
  readonly #jobs: Array<UpdateJob>
  #begun = false

  constructor(first: UpdateJob) {
    this.botId = first.botId
    this.personId = first.personId
    this.#jobs = [first]
  }

  get jobs(): ReadonlyArray<UpdateJob> {
    return this.#jobs
  }

  get isEmpty(): boolean {
    return this.#jobs.length === 0
  }

  /** Behind what is under way, before whatever came later to Telegram. */
  add(job: UpdateJob): void {
    let place = this.#jobs.length
    while (place > (this.#begun ? 1 : 0) && this.#jobs[place - 1]!.updateId > job.updateId) place--
    this.#jobs.splice(place, 0, job)
  }

  nextUpdateId(): number {
    return this.#jobs[0]?.updateId ?? 0
  }

  begin(): UpdateJob {
    this.#begun = true
    return this.#jobs[0]!
  }

  /** These are over. By name: whoever came meanwhile with an earlier number stands between them, and is not. */
  finish(ended: ReadonlyArray<UpdateJob>): void {
    this.#begun = false
    for (const job of ended) {
      const place = this.#jobs.indexOf(job)
      if (place !== -1) this.#jobs.splice(place, 1)
    }
  }

  /** The answer that is under way will serve for it too. */
  isAnsweredAlong(job: UpdateJob): boolean {
    return this.#begun && sameWish(this.#jobs[0]!, job)
  }

  /** What waits directly behind the update under way and wants the same. */
  along(): ReadonlyArray<UpdateJob> {
    const [first, ...behind] = this.#jobs
    const other = behind.findIndex((job) => !sameWish(first!, job))
    return other === -1 ? behind : behind.slice(0, other)
  }
}
