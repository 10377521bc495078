import { Effect } from "effect"
import type { SqlClient } from "effect/sql"
import type { Bench } from "./lib/bench.ts"
import { message, openBot } from "./lib/bot.ts"
import { figure } from "./lib/figure.ts"
import { closedLoop, type LoadTarget, mean, openLoop } from "./lib/httpLoad.ts"
import { freePort, startPeer, startService } from "./lib/service.ts"

/** Telegram opens up to 40 connections for each bot: a handful of busy bots. */
const connections = 256
const people = 5_000

export const rate = async (target: LoadTarget, total: number) => {
  const { statuses, seconds } = await closedLoop(target, connections, total)
  if (statuses["200"] !== total) throw new Error(`not all were acknowledged: ${JSON.stringify(statuses)}`)
  return total / seconds
}

/** The engine has handled everything: the next round is measured on a quiet machine, whoever is next. */
export const drained = async (sql: SqlClient.SqlClient) => {
  for (;;) {
    const rows = await Effect.runPromise(sql`select 1 from telegram_updates where state = 0 limit 1`)
    if (rows.length === 0) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

export const median = (values: ReadonlyArray<number>) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

/**
 * ACK of a Telegram webhook: committed before the 200, with the engine working on every update meanwhile; beside it a
 * bare server under the very same load, in interleaved rounds so that a noisy moment of the machine hits both alike.
 */
export const ack: Bench = async ({ sandbox, sql, env }) => {
  const service = await startService(await freePort(), env)
  let sent = 0
  const target = await openBot(service, sql, sandbox.telegram, () => {
    sent += 1
    return message(sent, 1 + (sent % people), "quanto custa?")
  })
  const barePort = await freePort()
  const stopBare = await startPeer("bareServer.ts", [String(barePort)])
  const body = JSON.stringify(message(1, 1, "quanto custa?"))
  const bare = { ...target, port: barePort, body: () => body }

  const own: Array<number> = []
  const peer: Array<number> = []
  // Both compiled: of ours the first rounds take up to twice as long.
  for (let round = 0; round < 3; round++) {
    await drained(sql)
    await rate(target, 10_000)
  }
  await rate(bare, 10_000)
  for (let round = 0; round < 5; round++) {
    await drained(sql)
    peer.push(await rate(bare, 20_000))
    own.push(await rate(target, 10_000))
  }
  await stopBare()
  await drained(sql)

  const paced = await openLoop(target, 1_000, 10_000)
  const [rows] = await Effect.runPromise(sql<{ committed: number }>`select count(*) as committed from telegram_updates`)
  await service.stop()
  return [
    figure("ack_throughput", "req/s", median(own), { peer: median(peer) }),
    figure("ack_latency_at_1000_per_s", "ms", mean(paced.latencies), {
      latencies: paced.latencies
    }),
    figure("ack_rows_committed", "rows", rows?.committed ?? 0, { peer: sent })
  ]
}
