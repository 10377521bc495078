import { Effect } from "effect"
import { request } from "undici"
import { watchAnswers } from "./lib/answered.ts"
import type { Bench } from "./lib/bench.ts"
import { openBot } from "./lib/bot.ts"
import { figure } from "./lib/figure.ts"
import { mean, openLoop, percentile } from "./lib/httpLoad.ts"
import { freePort, startService } from "./lib/service.ts"

const perSecond = 40
const total = 800

/**
 * A tap on a plan: from the moment it is due at the webhook until the QR picture arrives at the stand-in of Telegram, on
 * one clock. What the gateway itself takes (the peer: the same request made directly) is taken away. Every tap is of
 * another person.
 */
export const pix: Bench = async ({ sandbox, sql, env }) => {
  const service = await startService(await freePort(), env)
  const { telegram } = sandbox
  const answered = await watchAnswers(telegram, "sendPhoto")
  let next = 0
  let planId = 0
  const target = await openBot(service, sql, telegram, () => {
    next += 1
    answered.due(next)
    return tap(next, planId)
  })
  const [plan] = await Effect.runPromise(sql<{ id: number }>`select id from bot_plans`)
  planId = plan?.id ?? 0
  const round = (count: number) => answered.round(count, () => openLoop(target, perSecond, count))
  await answered.round(1_500, () => openLoop(target, 150, 1_500))
  const direct = await directly(env)
  const whole = await round(total)
  await service.stop()
  const gateway = percentile(direct, 0.5)
  const own = whole.map((ms) => Math.max(0, ms - gateway))
  return [figure(`pix_own_time_at_${perSecond}_per_s`, "ms", mean(own), { latencies: own, peer: gateway })]
}

/** The charge alone, made by hand, one after another. */
const directly = async (env: Readonly<Record<string, string>>) => {
  const latencies: Array<number> = []
  for (let i = 0; i < 300; i++) {
    const begun = performance.now()
    const { body } = await request(`${env["PUSHINPAY_URL"]}/pix/cashIn`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${env["PUSHINPAY_TOKEN"]}`,
        accept: "application/json",
        "content-type": "application/json"
      },
      body: JSON.stringify({ value: 1990 })
    })
    await body.text()
    latencies.push(performance.now() - begun)
  }
  return Float64Array.from(latencies)
}

const tap = (personId: number, planId: number) => ({
  update_id: personId,
  callback_query: {
    id: String(personId),
    from: { id: personId, is_bot: false, first_name: "Ana", language_code: "pt-br" },
    chat_instance: "1",
    data: `p:${planId}`,
    message: {
      message_id: personId,
      date: 1_763_000_000,
      chat: { id: personId, type: "private", first_name: "Ana" },
      text: "Oferta"
    }
  }
})
