import { Effect } from "effect"
import type { Call } from "../src/sandbox/telegram/CallLog.ts"
import type { SandboxTelegram } from "../src/sandbox/telegram/SandboxTelegram.ts"
import type { Bench } from "./lib/bench.ts"
import { figure } from "./lib/figure.ts"
import { mean } from "./lib/httpLoad.ts"
import { type Job, runJob } from "./lib/lanesJob.ts"

const tokenOf = (index: number) => `${8_240_789_000 + index}:AAHbench0bench0bench0bench0bench0bench`
const tokens = Array.from({ length: 50 }, (_, index) => tokenOf(index))

const median = (values: ReadonlyArray<number>) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

type Telegram = SandboxTelegram["Service"]

/** What the stand-in saw while a job ran. */
const watch = async (telegram: Telegram, job: Job, seen: (call: Call) => void) => {
  await Effect.runPromise(telegram.clear)
  await Effect.runPromise(telegram.configure({ onCall: seen }))
  const result = await runJob(job)
  await Effect.runPromise(telegram.configure({ onCall: null }))
  const counters = await Effect.runPromise(telegram.counters)
  return { ...result, total: counters.total, limited: counters.byStatus["429"] ?? 0 }
}

const base = (apiUrl: string): Job => ({
  apiUrl,
  tokens,
  lane: "shot",
  perSecond: 30,
  paid: false,
  workers: 16,
  seconds: 12,
  warmSeconds: 1,
  replies: 0,
  bare: false
})

/** Messages per second that arrived in the steady part of a run, by bot. */
const ratesOf = (arrivals: ReadonlyMap<number, ReadonlyArray<number>>, begun: number, seconds: number) =>
  [...arrivals.values()].map(
    (times) => times.filter((at) => at >= begun + 1_000 && at < begun + 1_000 + seconds * 1000).length / seconds
  )

/** 50 bots at Telegram's very limit, which the stand-in enforces with 429s. */
const fifty = async (telegram: Telegram, apiUrl: string) => {
  await Effect.runPromise(telegram.configure({ rate: {} }))
  const arrivals = new Map<number, Array<number>>()
  let begun = 0
  const { limited, total } = await watch(telegram, base(apiUrl), (call) => {
    if (begun === 0) begun = call.receivedAt
    if (!call.ok || call.botId === undefined) return
    const times = arrivals.get(call.botId) ?? []
    arrivals.set(call.botId, times)
    times.push(call.receivedAt)
  })
  const rates = ratesOf(arrivals, begun, 10)
  const middle = mean(rates)
  const deviation = Math.max(...rates.map((rate) => Math.abs(rate - middle) / middle))
  return [
    figure("lanes_50_bots_mean_rate", "msgs/s per bot", middle, { peer: 30 }),
    figure("lanes_50_bots_slowest", "msgs/s", Math.min(...rates), { peer: 30 }),
    figure("lanes_50_bots_max_deviation", "%", deviation * 100),
    figure("lanes_50_bots_429_share", "%", (limited / total) * 100)
  ]
}

/** One bot that pays for its broadcast, at 950 of the 1000 a second that Telegram grants. */
const paid = async (telegram: Telegram, apiUrl: string) => {
  await Effect.runPromise(telegram.configure({ rate: {} }))
  const arrivals = new Map<number, Array<number>>()
  let begun = 0
  const job = { ...base(apiUrl), tokens: tokens.slice(0, 1), perSecond: 950, paid: true, workers: 128, seconds: 8 }
  const { limited, total } = await watch(telegram, job, (call) => {
    if (begun === 0) begun = call.receivedAt
    if (!call.ok || call.botId === undefined || call.params["allow_paid_broadcast"] !== true) return
    const times = arrivals.get(call.botId) ?? []
    arrivals.set(call.botId, times)
    times.push(call.receivedAt)
  })
  return [
    figure("lanes_paid_broadcast", "msgs/s", ratesOf(arrivals, begun, 6)[0] ?? 0, { peer: 950 }),
    figure("lanes_paid_429_share", "%", (limited / total) * 100)
  ]
}

/** Replies as fast as they go, beside undici alone, in interleaved rounds. */
const outgoing = async (telegram: Telegram, apiUrl: string) => {
  await Effect.runPromise(telegram.configure({ rate: null }))
  const own: Array<number> = []
  const peer: Array<number> = []
  const micros: Array<number> = []
  const bareMicros: Array<number> = []
  const twenty = tokens.slice(0, 20)
  const job: Job = { ...base(apiUrl), lane: "reply", seconds: 6, warmSeconds: 3, workers: 2, tokens: twenty }
  for (let round = 0; round < 5; round++) {
    const bare = await watch(telegram, { ...job, bare: true, workers: 40 }, () => undefined)
    peer.push(bare.callsPerSecond)
    bareMicros.push(bare.cpuMicrosPerCall)
    const sender = await watch(telegram, job, () => undefined)
    own.push(sender.callsPerSecond)
    micros.push(sender.cpuMicrosPerCall)
  }
  return [
    figure("lanes_outgoing_calls", "calls/s", median(own), { peer: median(peer) }),
    figure("lanes_cpu_per_call", "us", median(micros), { peer: median(bareMicros) })
  ]
}

/** From the wish to send a reply until it arrives, on 50 bots that all run bulk at full rate; and without the bulk. */
const replies = async (telegram: Telegram, apiUrl: string, quiet: boolean) => {
  await Effect.runPromise(telegram.configure({ rate: null }))
  const waits: Array<number> = []
  let begun = 0
  const job = { ...base(apiUrl), replies: 200, seconds: 8, perSecond: quiet ? 1 : 30, workers: quiet ? 0 : 16 }
  await watch(telegram, job, (call) => {
    const epoch = performance.timeOrigin + call.receivedAt
    if (begun === 0) begun = epoch
    const text = String(call.params["text"])
    if (text.endsWith("r") && epoch > begun + 1_000) waits.push(epoch - Number(text.split(" ").at(-2)))
  })
  return figure(`lanes_reply_${quiet ? "idle" : "beside_bulk"}`, "ms", mean(waits), { latencies: waits })
}

/** The lanes of the Sender against a stand-in that enforces Telegram's limits; sender and stand-in in two processes. */
export const lanes: Bench = async ({ sandbox }) => {
  const { telegram } = sandbox
  for (const token of tokens) await Effect.runPromise(telegram.addBot({ token }))
  const { url } = telegram
  return [
    ...(await fifty(telegram, url)),
    ...(await paid(telegram, url)),
    ...(await outgoing(telegram, url)),
    await replies(telegram, url, true),
    await replies(telegram, url, false)
  ]
}
