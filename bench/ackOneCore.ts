import { drained, median, rate } from "./ack.ts"
import type { Bench } from "./lib/bench.ts"
import { message, openBot } from "./lib/bot.ts"
import { figure } from "./lib/figure.ts"
import { freePort, startPeer, startService } from "./lib/service.ts"

const core = 0
const people = 5_000

/** ACK with the service on one core, beside grammY's `webhookCallback` on the same core, which stores nothing. */
export const ackOneCore: Bench = async ({ sandbox, sql, env }) => {
  const service = await startService(await freePort(), env, core)
  let sent = 0
  const target = await openBot(service, sql, sandbox.telegram, () => {
    sent += 1
    return message(sent, 1 + (sent % people), "quanto custa?")
  })
  const port = await freePort()
  const secret = target.headers["x-telegram-bot-api-secret-token"] ?? ""
  const stopPeer = await startPeer("grammyServer.ts", [String(port), secret], core)
  const peerTarget = { ...target, port, path: "/" }
  const own: Array<number> = []
  const peer: Array<number> = []
  await rate(target, 5_000)
  await rate(peerTarget, 5_000)
  for (let round = 0; round < 5; round++) {
    await drained(sql)
    peer.push(await rate(peerTarget, 10_000))
    own.push(await rate(target, 10_000))
  }
  await stopPeer()
  await service.stop()
  return [figure("ack_one_core_vs_grammy", "req/s", median(own), { peer: median(peer) })]
}
