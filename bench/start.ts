import type { Bench } from "./lib/bench.ts"
import { figure } from "./lib/figure.ts"
import { closedLoop, mean, openLoop } from "./lib/httpLoad.ts"
import { freePort, startService } from "./lib/service.ts"
import { openStarts } from "./lib/starts.ts"

/** /start: from the moment the update is due until its first message arrives at Telegram's stand-in; and the most a second. */
export const start: Bench = async ({ sandbox, sql, env }) => {
  const service = await startService(await freePort(), env)
  const { telegram } = sandbox
  const { answered, target } = await openStarts(service, sql, telegram)
  await answered.round(3_000, () => closedLoop(target, 64, 3_000))
  const calm = await answered.round(2_000, () => openLoop(target, 200, 2_000))
  const begun = performance.now()
  await answered.round(20_000, () => closedLoop(target, 128, 20_000))
  const seconds = (performance.now() - begun) / 1000
  await service.stop()
  return [
    figure("start_first_message_at_200_per_s", "ms", mean(calm), { latencies: calm }),
    figure("start_throughput", "starts/s", 20_000 / seconds)
  ]
}
