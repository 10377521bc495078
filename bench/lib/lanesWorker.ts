// The sending side of the lanes benchmark, in a process of its own: the Sender as the service has it, without a
// database. `node lanesWorker.ts '<Job as JSON>'`; its last line is the answer.
import { Attachments } from "../../src/media/Attachments.ts"
import { Effect, Layer, Option, Redacted } from "effect"
import { Agent } from "undici"
import { BotHealth } from "../../src/bots/BotHealth.ts"
import { Bots } from "../../src/bots/Bots.ts"
import type { Bot } from "../../src/domain/bot.ts"
import { type Lane, Sender } from "../../src/messages/Sender.ts"
import type { TelegramCall } from "../../src/messages/compose.ts"
import { TelegramClient } from "../../src/telegram/TelegramClient.ts"
import type { Job, JobResult } from "./lanesJob.ts"

const job = JSON.parse(process.argv[2] ?? "") as Job

/** As much of a bot as sending looks at. */
const botOf = (token: string, index: number) =>
  ({
    id: index + 1,
    slug: `b${index}`,
    active: true,
    token: Option.some(Redacted.make(token)),
    messagesPerSecond: job.perSecond,
    allowPaidBroadcast: job.paid,
    paidMessagesPerSecond: job.perSecond
  }) as Bot

const bots = job.tokens.map(botOf)
const epoch = () => performance.timeOrigin + performance.now()
let chats = 0

const text = "Olá Ana! <b>Oferta</b> só hoje: acesso ao clube por R$ 19,90"

const call = (lane: Lane): TelegramCall => ({
  kind: "text",
  method: "sendMessage",
  // When it was wanted stands in the call, so that whoever receives it can tell how long it took.
  payload: { chat_id: 10_000_000 + chats++, text: `${text} ${epoch().toFixed(3)} ${lane[0]}`, parse_mode: "HTML" }
})

/** `workers` callers with one message each under way, until the time is over. */
const keepSending = (sender: Sender["Service"], bot: Bot, lane: Lane, workers: number, until: number) => {
  // A schedule would cost as much as the lanes do.
  const worker: Effect.Effect<void> = Effect.suspend(() =>
    epoch() < until
      ? Effect.andThen(Effect.ignore(sender.send({ bot, lane, calls: [call(lane)] })), worker)
      : Effect.void
  )
  return Effect.all(
    Array.from({ length: workers }, () => worker),
    { concurrency: "unbounded", discard: true }
  )
}

/** Replies by the clock, `perSecond` over all bots, whatever becomes of the earlier ones. */
const answering = (sender: Sender["Service"], perSecond: number, until: number) =>
  Effect.gen(function* () {
    for (let index = 0; epoch() < until; index++) {
      const bot = bots[index % bots.length]!
      yield* Effect.forkChild(Effect.ignore(sender.send({ bot, lane: "reply", calls: [call("reply")] })))
      yield* Effect.sleep(1000 / perSecond)
    }
  })

const lanes = Effect.gen(function* () {
  const sender = yield* Sender
  const until = epoch() + job.seconds * 1000
  const bulk = bots.map((bot) => keepSending(sender, bot, job.lane, job.workers, until))
  yield* Effect.all([...bulk, ...(job.replies > 0 ? [answering(sender, job.replies, until)] : [])], {
    concurrency: "unbounded",
    discard: true
  })
})

/** The peer: the same calls by undici alone. */
const bare = Effect.promise(async () => {
  const url = new URL(job.apiUrl)
  const agent = new Agent({ connections: 64, pipelining: 1 })
  const until = epoch() + job.seconds * 1000
  const path = `/bot${job.tokens[0]}/sendMessage`
  const loop = async () => {
    while (epoch() < until) {
      const { body } = await agent.request({
        origin: url.origin,
        path,
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(call("reply").payload)
      })
      await body.text()
    }
  }
  await Promise.all(Array.from({ length: job.workers }, loop))
  await agent.close()
})

const room = Sender.layerNoDeps.pipe(
  Layer.provide(Attachments.layerNone),
  Layer.provide(TelegramClient.layerWith({ apiRoot: job.apiUrl })),
  Layer.provide(Layer.mock(Bots, { find: Option.none, byId: Option.none, all: () => [], onChange: () => Effect.void })),
  Layer.provide(Layer.mock(BotHealth, {}))
)

// What comes before is the compiler's time, not ours.
let mark = { calls: 0, at: 0, cpu: process.cpuUsage() }
setTimeout(() => (mark = { calls: chats, at: performance.now(), cpu: process.cpuUsage() }), job.warmSeconds * 1000)
// As the service is without a collector of spans.
await Effect.runPromise(job.bare ? bare : Effect.provide(lanes, room).pipe(Effect.withTracerEnabled(false)))
const cpu = process.cpuUsage(mark.cpu)
const calls = chats - mark.calls
const result: JobResult = {
  callsPerSecond: calls / ((performance.now() - mark.at) / 1000),
  cpuMicrosPerCall: (cpu.user + cpu.system) / calls
}
process.stdout.write(`${JSON.stringify(result)}\n`)
