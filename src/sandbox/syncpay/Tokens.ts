import { randomBytes, randomInt } from "node:crypto"
import type { Settings } from "./Options.ts"

const MINUTE_MS = 60_000

/** The tokens that an account exchanged its credential for. Times are monotonic milliseconds. */
export class Tokens {
  /** How many were given out. */
  issued = 0
  readonly #settings: Settings
  readonly #endsAt = new Map<string, number>()
  #asked: Array<number> = []

  constructor(settings: Settings) {
    this.#settings = settings
  }

  /** Counts a request for a token; false when there were too many in this minute. */
  mayAsk(now: number): boolean {
    this.#asked = this.#asked.filter((at) => now - at < MINUTE_MS)
    this.#asked.push(now)
    return this.#asked.length <= this.#settings.tokensPerMinute
  }

  issue(now: number): Record<string, unknown> {
    const token = `${randomInt(1000, 9999)}|${randomBytes(20).toString("hex")}`
    const { tokenSeconds } = this.#settings
    this.#endsAt.set(token, now + tokenSeconds * 1000)
    this.issued++
    const expiresAt = new Date(Date.now() + tokenSeconds * 1000).toISOString().replace("Z", "000Z")
    return { access_token: token, token_type: "Bearer", expires_in: tokenSeconds, expires_at: expiresAt }
  }

  accepts(authorization: string | undefined, now: number): boolean {
    const [, token = ""] = /^Bearer (\S+)$/.exec(authorization ?? "") ?? []
    return now < (this.#endsAt.get(token) ?? Number.NEGATIVE_INFINITY)
  }

  /** Every token given out so far is refused from now on. */
  revoke(): void {
    this.#endsAt.clear()
  }
}
