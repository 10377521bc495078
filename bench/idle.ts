import { Effect } from "effect"
import type { Bench } from "./lib/bench.ts"
import { message, openBot } from "./lib/bot.ts"
import { figure } from "./lib/figure.ts"
import { freePort, startService } from "./lib/service.ts"

/** Queues are looked at more often for a minute after their last work. */
const settleMs = 75_000
const lookMs = 20_000

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** What a service with nothing to do asks of its database: transactions per second, most of them single statements. */
export const idle: Bench = async ({ sandbox, sql, env }) => {
  const service = await startService(await freePort(), env)
  await openBot(service, sql, sandbox.telegram, (index) => message(index, index, "oi"))
  const transactions = async () => {
    const [row] = await Effect.runPromise(
      sql<{
        n: number
      }>`select xact_commit + xact_rollback as n from pg_stat_database where datname = current_database()`
    )
    return row?.n ?? 0
  }
  await sleep(settleMs)
  const before = await transactions()
  await sleep(lookMs)
  const perSecond = ((await transactions()) - before) / (lookMs / 1000)
  await service.stop()
  return [figure("idle_transactions", "1/s", perSecond, { peer: 5 })]
}
