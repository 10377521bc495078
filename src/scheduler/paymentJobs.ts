import { Effect, Layer } from "effect"
import type { Round } from "../payments/asking.ts"
import { Reconciliation } from "../payments/Reconciliation.ts"
import { Scheduler } from "./Scheduler.ts"

/**
 * While there is anything to ask; each charge still waits for what its gateway's rule allows. Soon where all places of a
 * gateway were taken: a thousand open charges are to be asked for within the deadline of each.
 */
const nextRoundMs: Record<Round, number | undefined> = { full: 100, some: 1_000, none: undefined }

/** What no webhook told: payments that were made, and charges that nobody will pay any more. */
export const PaymentJobs = Layer.effectDiscard(
  Effect.gen(function* () {
    const scheduler = yield* Scheduler
    const reconciliation = yield* Reconciliation

    yield* scheduler.add({
      name: "reconciliation",
      title: "perguntar aos gateways pelos pagamentos em aberto",
      every: "5 seconds",
      owner: "one",
      traced: false,
      run: () => Effect.map(reconciliation.askOpen, (round) => nextRoundMs[round])
    })
    yield* scheduler.add({
      name: "expiries",
      title: "encerrar as cobranças que ninguém pagou",
      every: "15 seconds",
      owner: "one",
      traced: false,
      run: () => reconciliation.tidy
    })
  })
)
