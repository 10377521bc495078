import { Effect } from "effect"
import type { Call } from "../src/sandbox/telegram/CallLog.ts"
import type { Bench } from "./lib/bench.ts"
import { message, openBot } from "./lib/bot.ts"
import { figure } from "./lib/figure.ts"
import { closedLoop, openLoop } from "./lib/httpLoad.ts"
import { freePort, startService } from "./lib/service.ts"

/**
 * /start: from the moment the update is due at the webhook until its first message arrives at the stand-in, on one
 * clock. Every update is of another person, so nothing waits for its own turn.
 */
export const start: Bench = async ({ sandbox, sql, env }) => {
  const service = await startService(await freePort(), env)
  const { telegram } = sandbox
  let next = 0
  const sentAt = new Map<number, number>()
  const waits: Array<number> = []
  let arrived = 0
  let expected = Number.POSITIVE_INFINITY
  let allArrived = () => {}
  await Effect.runPromise(
    telegram.configure({
      onCall: (call: Call) => {
        if (call.method !== "sendMessage") return
        const begun = sentAt.get(Number(call.params["chat_id"]))
        if (begun !== undefined) waits.push(performance.now() - begun)
        if (++arrived >= expected) allArrived()
      }
    })
  )
  const target = await openBot(service, sql, telegram, () => {
    next += 1
    sentAt.set(next, performance.now())
    return message(next, next, "/start")
  })
  const arrivalOf = (count: number) =>
    new Promise<void>((resolve) => {
      expected = count
      allArrived = resolve
      if (arrived >= count) resolve()
    })
  const round = async (total: number, load: () => Promise<unknown>) => {
    waits.length = 0
    const begun = performance.now()
    const all = arrivalOf(arrived + total)
    await load()
    await all
    return { seconds: (performance.now() - begun) / 1000, waits: Float64Array.from(waits) }
  }

  await round(3_000, () => closedLoop(target, 64, 3_000))
  const calm = await round(2_000, () => openLoop(target, 200, 2_000))
  const flood = await round(20_000, () => closedLoop(target, 128, 20_000))
  await service.stop()
  const mean = (values: Float64Array) => values.reduce((a, b) => a + b, 0) / values.length
  return [
    figure("start_first_message_at_200_per_s", "ms", mean(calm.waits), { latencies: calm.waits }),
    figure("start_throughput", "starts/s", 20_000 / flood.seconds)
  ]
}
