import type { FaultAt } from "../Faults.ts"

/** The calls that can be made to fail. */
export type Operation = "auth" | "create" | "query" | "webhooks"

export type Fault = FaultAt<Operation>
