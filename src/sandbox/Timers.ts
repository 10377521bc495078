/** Timers of one stand-in, all of which end with it. */
export class Timers {
  readonly #running = new Set<NodeJS.Timeout>()
  #closed = false

  after(ms: number, run: () => void): void {
    if (this.#closed) return
    const timer = setTimeout(() => {
      this.#running.delete(timer)
      run()
    }, ms)
    this.#running.add(timer)
  }

  close(): void {
    this.#closed = true
    for (const timer of this.#running) clearTimeout(timer)
    this.#running.clear()
  }
}
