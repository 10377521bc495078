// The sending side of the shots benchmark: repositories, feed, marks and settlements as in the service; only the message
// itself goes nowhere.
import { Effect, Latch, Layer, Option, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { Bots } from "../../src/bots/Bots.ts"
import { Database } from "../../src/db/Database.ts"
import { migrate } from "../../src/db/Migrations.ts"
import type { Bot } from "../../src/domain/bot.ts"
import { BulkLeases } from "../../src/engine/BulkLeases.ts"
import { ShotSending } from "../../src/engine/bulk/ShotSending.ts"
import { Sender } from "../../src/messages/Sender.ts"
import { ShotQueueRepo } from "../../src/repo/ShotQueueRepo.ts"
import { ShotsRepo } from "../../src/repo/ShotsRepo.ts"

export interface ShotsResult {
  readonly populateSeconds: number
  readonly rowsPerSecond: number
  readonly cpuMicrosPerRow: number
  /** After each tenth, rubbish collected. */
  readonly heapMb: ReadonlyArray<number>
  readonly highestRssMb: number
}

const [url = "", people = "1000000"] = process.argv.slice(2)
const total = Number(people)

const bot = {
  id: 1,
  slug: "bench",
  name: "Bench",
  username: Option.none(),
  active: true,
  token: Option.some(Redacted.make("1:x")),
  messagesPerSecond: 1_000_000,
  allowPaidBroadcast: false,
  paidMessagesPerSecond: 1_000_000,
  plans: new Map(),
  media: new Map()
} as unknown as Bot

const lease = { botId: 1, owner: "bench", epoch: 1 }

let sent = 0
const heapMb: Array<number> = []

const lookAtMemory = () => {
  globalThis.gc?.()
  heapMb.push(process.memoryUsage().heapUsed / 2 ** 20)
}

const standIns = Layer.mergeAll(
  Layer.mock(Bots, { byId: () => Option.some(bot), find: () => Option.some(bot), all: () => [bot] }),
  Layer.succeed(
    BulkLeases,
    BulkLeases.of({
      of: () => Option.some(lease),
      held: () => [lease],
      whenChanged: () => undefined,
      changed: Latch.makeUnsafe(false)
    })
  ),
  Layer.succeed(
    Sender,
    Sender.of({
      send: ({ departing }) =>
        Effect.map(departing ?? Effect.succeed(true), (may) => {
          if (!may) return { messageIds: [], withdrawn: true as const }
          sent += 1
          if (sent % (total / 10) === 0) lookAtMemory()
          return { messageIds: [sent] }
        })
    })
  )
)

const layers = ShotSending.layer.pipe(
  Layer.provide(standIns),
  Layer.provideMerge(Layer.mergeAll(ShotsRepo.layer, ShotQueueRepo.layer)),
  Layer.provideMerge(Database.layerUrl(Redacted.make(url)))
)

const seconds = <A, E, R>(work: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const before = performance.now()
    return Effect.map(work, () => (performance.now() - before) / 1000)
  })

const gather = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`insert into bots (id, slug) values (1, 'bench')`
  yield* sql`insert into bot_leases (bot_id, owner, epoch, until) values (1, 'bench', 1, now() + interval '1 day')`
  // Their numbers come in no order, as Telegram's do.
  for (let from = 0; from < total; from += 100_000) {
    yield* sql`
      insert into bot_users (bot_id, telegram_id, name, first_name, first_start_at, last_start_at)
      select 1, 5000000000 + (n::bigint * 7919) % 2000000011, 'Ana Souza', 'Ana', now(), now()
      from generate_series(${from}::int, ${from + 99_999}::int) n`
  }
  yield* sql`vacuum analyze bot_users`
})

const bench = Effect.gen(function* () {
  yield* migrate()
  yield* gather
  const sql = yield* SqlClient.SqlClient
  const shots = yield* ShotsRepo
  const sending = yield* ShotSending
  const id = yield* shots.insert(bot, { title: "Bench", content: { text: "Oi {nome}, novidade" } })
  const populateSeconds = yield* seconds(shots.freeze({ id, botId: 1, bot: "bench" }, {}, ["draft"]))

  let highestRssMb = 0
  const begun = performance.now()
  const cpu = process.cpuUsage()
  yield* sending.refresh
  const isOver = Effect.gen(function* () {
    yield* Effect.sleep(200)
    highestRssMb = Math.max(highestRssMb, process.memoryUsage.rss() / 2 ** 20)
    const [row] = yield* sql<{ status: string }>`select status from shots where id = ${id}`
    return row?.status === "done"
  })
  yield* Effect.repeat(isOver, { until: (over) => over })
  const counts = (yield* shots.counts([id])).get(id)
  if (counts?.sent !== total) return yield* Effect.die(new Error(`sent ${counts?.sent} of ${total}`))
  const { system, user } = process.cpuUsage(cpu)
  const result: ShotsResult = {
    cpuMicrosPerRow: (system + user) / total,
    populateSeconds,
    rowsPerSecond: total / ((performance.now() - begun) / 1000),
    heapMb,
    highestRssMb
  }
  return result
})

const result = await Effect.runPromise(Effect.scoped(Effect.provide(bench, layers)))
process.stdout.write(`${JSON.stringify(result)}\n`)
