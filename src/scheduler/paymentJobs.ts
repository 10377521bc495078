import { Effect, Layer } from "effect"
import { Reconciliation } from "../payments/Reconciliation.ts"
import { Scheduler } from "./Scheduler.ts"

/** While there is anything to ask; each charge still waits for what its gateway's rule allows. */
const nextRoundMs = 1_000

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
      run: () => Effect.map(reconciliation.askOpen, (asked) => (asked > 0 ? nextRoundMs : undefined))
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
