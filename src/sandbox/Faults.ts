/** `applied`: whether the charge came into being although its answer was lost. */
export type FaultAnswer =
  | { readonly kind: "http"; readonly status: number; readonly body?: unknown; readonly applied?: boolean }
  | { readonly kind: "html"; readonly status?: number }
  | { readonly kind: "truncated"; readonly applied?: boolean }
  | { readonly kind: "timeout"; readonly applied?: boolean }
  | { readonly kind: "reset"; readonly applied?: boolean }

export interface FaultAt<Operation extends string> {
  readonly operation: Operation
  readonly answer: FaultAnswer
  /** 1 when absent, `Infinity` for good. */
  readonly times?: number
}

/** What the next calls of a gateway's stand-in meet instead of an answer. */
export class Faults<Operation extends string> {
  #armed: Array<{ readonly id: number; readonly fault: FaultAt<Operation>; left: number }> = []
  #last = 0

  arm(fault: FaultAt<Operation>): number {
    const id = ++this.#last
    this.#armed.push({ id, fault, left: fault.times ?? 1 })
    return id
  }

  disarm(id: number): void {
    this.#armed = this.#armed.filter((armed) => armed.id !== id)
  }

  clear(): void {
    this.#armed = []
  }

  strike(operation: Operation): FaultAnswer | undefined {
    const armed = this.#armed.find(({ fault }) => fault.operation === operation)
    if (armed === undefined) return undefined
    armed.left--
    if (armed.left <= 0) this.disarm(armed.id)
    return armed.fault.answer
  }
}

/** Whether the fault strikes after the work was done. */
export const isApplied = (fault: FaultAnswer): boolean =>
  fault.kind === "truncated" || ("applied" in fault && fault.applied === true)
