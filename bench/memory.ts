import { readFileSync } from "node:fs"
import { drained, rate } from "./ack.ts"
import type { Bench } from "./lib/bench.ts"
import { message, openBot } from "./lib/bot.ts"
import { figure } from "./lib/figure.ts"
import { freePort, startService } from "./lib/service.ts"

const total = 1_000_000
const steps = 10
const people = 50_000

const rssMb = (pid: number) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024

/**
 * Memory of the service over a million updates as fast as they are acknowledged: what is left after each tenth. The second
 * half is to add nothing; in the first V8 grows its heap to the size that this rate asks for (over two million updates:
 * 504 MB after the second tenth of a million, 558 after the fifth, 560 after the twentieth).
 */
export const memory: Bench = async ({ sandbox, sql, env }) => {
  const service = await startService(await freePort(), env)
  let sent = 0
  const target = await openBot(service, sql, sandbox.telegram, () => {
    sent += 1
    return message(sent, 1 + (sent % people), "quanto custa?")
  })
  const rest: Array<number> = []
  let highest = 0
  for (let step = 0; step < steps; step++) {
    await rate(target, total / steps)
    highest = Math.max(highest, rssMb(service.pid))
    await drained(sql)
    rest.push(rssMb(service.pid))
  }
  await service.stop()
  return [
    figure("memory_after_a_million_updates", "MB", rest.at(-1) ?? 0, { peer: rest[steps / 2 - 1] ?? 0 }),
    figure("memory_highest_under_flood", "MB", highest)
  ]
}
