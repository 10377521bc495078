/** What a failing call is answered. `applied`: whether its effect took place before the answer was lost. */
export type FaultAnswer =
  | { readonly kind: "limited"; readonly retryAfter: number }
  | { readonly kind: "server"; readonly status?: number; readonly body?: string; readonly applied?: boolean }
  | { readonly kind: "forbidden"; readonly description: string }
  | {
      readonly kind: "refused"
      readonly description: string
      readonly code?: number
      readonly parameters?: Readonly<Record<string, number>>
    }
  | { readonly kind: "timeout"; readonly applied?: boolean }
  | { readonly kind: "reset"; readonly applied?: boolean }

/** Which calls a fault meets; an absent field matches every call. */
export interface FaultMatch {
  readonly bot?: number
  readonly chat?: number
  readonly method?: string
}

export interface Fault {
  readonly match: FaultMatch
  readonly answer: FaultAnswer
  /** How often it strikes before it is used up; 1 when absent, `Infinity` for good. */
  readonly times?: number
}

interface Armed {
  readonly id: number
  readonly match: FaultMatch
  readonly answer: FaultAnswer
  left: number
}

export class Faults {
  #armed: Array<Armed> = []
  #last = 0

  /** Arms a fault and answers its number, by which it can be taken back. */
  arm(fault: Fault): number {
    const id = ++this.#last
    this.#armed.push({ id, match: fault.match, answer: fault.answer, left: fault.times ?? 1 })
    return id
  }

  disarm(id: number): void {
    this.#armed = this.#armed.filter((fault) => fault.id !== id)
  }

  clear(): void {
    this.#armed = []
  }

  /** The fault that this call meets, used up once. */
  strike(bot: number, method: string, chat: number | undefined): FaultAnswer | undefined {
    if (this.#armed.length === 0) return undefined
    const fault = this.#armed.find(
      ({ match }) =>
        (match.bot === undefined || match.bot === bot) &&
        (match.chat === undefined || match.chat === chat) &&
        (match.method === undefined || match.method.toLowerCase() === method.toLowerCase())
    )
    if (fault === undefined) return undefined
    fault.left--
    if (fault.left <= 0) this.disarm(fault.id)
    return fault.answer
  }
}
