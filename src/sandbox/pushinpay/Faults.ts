import type { FaultAt } from "../Faults.ts"

/** The calls that can be made to fail. */
export type Operation = "create" | "query" | "refund" | "balance"

export type Fault = FaultAt<Operation>
