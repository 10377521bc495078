import { Effect } from "effect"
import type { SqlClient } from "effect/sql"
import type { SandboxTelegram } from "../src/sandbox/telegram/SandboxTelegram.ts"
import type { Bench } from "./lib/bench.ts"
import { figure } from "./lib/figure.ts"
import { mean, openLoop, percentile } from "./lib/httpLoad.ts"
import { type BenchService, freePort, startService } from "./lib/service.ts"
import { openStarts } from "./lib/starts.ts"

const bots = 50
const peoplePerBot = 1_000
const startsPerSecond = 100
const calmStarts = 1_000
/** 20 s: so long that every bot is still sending at the end. */
const starts = 2_000
/** The people who wait for shots have numbers above it. */
const firstPerson = 5_000_000_000

const tokenOf = (index: number) => `${8_240_790_000 + index}:AAHbench0bench0bench0bench0bench0bench`

/** As many bots as asked for, each with people who wait for a shot; starts them all. */
const shootFromAll = async (
  service: BenchService,
  sql: SqlClient.SqlClient,
  telegram: SandboxTelegram["Service"]
): Promise<void> => {
  const slugs = Array.from({ length: bots }, (_, index) => (index === 0 ? "bench" : `bench${index}`))
  for (const [index, slug] of slugs.entries()) {
    if (index === 0) continue
    await Effect.runPromise(telegram.addBot({ token: tokenOf(index), username: `${slug}_bot` }))
    await service.api("POST", "/api/admin/bots", { slug, token: tokenOf(index), gateway: "pushinpay" })
  }
  await Effect.runPromise(sql`
    insert into bot_users (bot_id, telegram_id, name, first_name, first_start_at, last_start_at)
    select b.id, ${firstPerson}::bigint + b.id * 10000 + n, 'Ana Souza', 'Ana', now(), now()
    from bots b, generate_series(1, ${peoplePerBot}::int) n`)
  for (const slug of slugs) {
    const content = { text: "Oi {nome}, <b>novidade</b>" }
    const shot = await service.api("POST", `/api/admin/bots/${slug}/shots`, { title: "Bench", content })
    await service.api("POST", `/api/admin/bots/${slug}/shots/${String(shot["id"])}/start`)
  }
}

/**
 * /start until its first message arrives at the stand-in, while 50 bots send a shot each at their full rate; beside the
 * same with nothing else to do. The one who starts is of one of these bots.
 */
export const startBesideShots: Bench = async ({ sandbox, sql, env }) => {
  const service = await startService(await freePort(), env)
  const { telegram } = sandbox
  const { answered, target } = await openStarts(service, sql, telegram)
  const round = (total: number) => answered.round(total, () => openLoop(target, startsPerSecond, total))
  await round(500)
  const calm = await round(calmStarts)
  await shootFromAll(service, sql, telegram)
  // The lanes have found their pace.
  await new Promise((resolve) => setTimeout(resolve, 3_000))
  const [begun, before] = [performance.now(), answered.others()]
  const beside = await round(starts)
  const perSecond = ((answered.others() - before) / (performance.now() - begun)) * 1000
  await service.stop()
  return [
    figure("start_first_message_beside_50_shots", "ms", mean(beside), { latencies: beside, peer: mean(calm) }),
    figure("start_first_message_p95_beside_50_shots", "ms", percentile(beside, 0.95), { peer: percentile(calm, 0.95) }),
    figure("shots_of_50_bots_meanwhile", "1/s per bot", perSecond / bots, { peer: 29 })
  ]
}
