import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { RollupsRepo } from "../src/repo/RollupsRepo.ts"
import type { Bench } from "./lib/bench.ts"
import { type Figure, figure } from "./lib/figure.ts"
import { percentile } from "./lib/httpLoad.ts"
import { openPanel } from "./lib/panelClient.ts"
import { seedPanel } from "./lib/seedPanel.ts"
import { freePort, startService } from "./lib/service.ts"
import { vacuumed } from "./lib/vacuum.ts"

/** FUNIL_BENCH_PEOPLE is no setting of the service, only of this bench. */
const people = Number(process.env["FUNIL_BENCH_PEOPLE"] ?? 1_000_000)
const rounds = 15
const slug = "bot1"
/** Somebody of the biggest bot is looked for; every page else is there by name. */
const pages = (person: string, payment: number): ReadonlyArray<string> => [
  "/admin",
  `/admin?bot=${slug}`,
  "/admin?utm_source=FB",
  "/admin/bots",
  `/admin/bots/${slug}`,
  `/admin/bots/${slug}/presell`,
  `/admin/bots/${slug}/rastreamento`,
  `/admin/bots/${slug}/funil`,
  `/admin/mensagens?bot=${slug}`,
  `/admin/mensagens/${slug}/start`,
  `/admin/midias?bot=${slug}`,
  `/admin/downsells?bot=${slug}`,
  `/admin/downsells/${slug}/1`,
  `/admin/shots?bot=${slug}`,
  `/admin/shots/${slug}/novo`,
  `/admin/shots/${slug}/1`,
  "/admin/pagamentos",
  `/admin/pagamentos?bot=${slug}&situacao=paid`,
  "/admin/pagamentos?situacao=failed",
  "/admin/pagamentos?busca=cobranca-1000",
  `/admin/pagamentos?pessoa=${person}`,
  `/admin/pagamentos/${payment}`,
  "/admin/pessoas",
  `/admin/pessoas?bot=${slug}&situacao=paid`,
  "/admin/pessoas?situacao=opted_out",
  "/admin/pessoas?bot=bot20&situacao=blocked&de=2020-01-01",
  `/admin/pessoas?pessoa=${person}`,
  `/admin/pessoas/${slug}/${person}`,
  "/admin/entregas",
  "/admin/entregas?situacao=failed",
  `/admin/entregas?bot=${slug}&situacao=pending`,
  `/admin/entregas?pessoa=${person}`,
  "/admin/entregas/recebidas",
  "/admin/ao-vivo",
  "/admin/ajustes"
]

/** As the service does it by itself within minutes. */
const counted = Effect.flatMap(RollupsRepo, (rollups) => rollups.rebuild).pipe(Effect.provide(RollupsRepo.layer))

/** Every page of the panel over a million people: how long it takes, and how big it is. The aims are 200 ms and 100 kB. */
export const panel: Bench = async ({ env, sql }) => {
  const run = <A>(effect: Effect.Effect<A, unknown>) => Effect.runPromise(Effect.orDie(effect as Effect.Effect<A>))
  const first = await startService(await freePort(), env)
  await first.stop()
  const seeding = performance.now()
  const tell = (what: string) =>
    process.env["FUNIL_BENCH_SLOW"] === undefined
      ? undefined
      : process.stderr.write(`${((performance.now() - seeding) / 1000).toFixed(1)} s ${what}\n`)
  await run(seedPanel(sql, people))
  tell("seeded")
  await run(Effect.provideService(counted, SqlClient.SqlClient, sql))
  tell("counted")
  await run(vacuumed(sql))
  const seedSeconds = (performance.now() - seeding) / 1000

  const service = await startService(await freePort(), env)
  tell("started")
  const client = await openPanel(service.port)
  const [row] = await run(sql<{ payment: number; person: string }>`
    select p.id::int as payment, p.telegram_id::text as person from payments p
    where p.bot_id = 1 and p.paid_at is not null and p.source is not null order by p.id limit 1`)
  const list = pages(row?.person ?? "", row?.payment ?? 0)
  const taken = new Map(list.map((path) => [path, { latencies: [] as Array<number>, bytes: 0 }]))
  for (let round = -1; round < rounds; round++) {
    for (const [path, page] of taken) {
      const begun = performance.now()
      const text = await client.get(path)
      // The first look of a process reads its own files.
      if (round >= 0) page.latencies.push(performance.now() - begun)
      page.bytes = Math.max(page.bytes, Buffer.byteLength(text))
    }
  }
  tell("asked")
  await service.stop()
  const all = [...taken.values()].flatMap(({ latencies }) => latencies)
  const slowest = [...taken].map(([path, { latencies }]) => [path, percentile(latencies, 0.95)] as const)
  const found: Array<Figure> = [
    figure("panel_seed", "s", seedSeconds),
    figure("panel_any_page_p95", "ms", percentile(all, 0.95), { latencies: all }),
    figure("panel_slowest_page_p95", "ms", Math.max(...slowest.map(([, ms]) => ms))),
    figure("panel_biggest_page", "kB", Math.max(...[...taken.values()].map(({ bytes }) => bytes)) / 1000)
  ]
  for (const [path, { latencies }] of taken) {
    found.push(figure(`panel ${path}`, "ms", percentile(latencies, 0.95), { latencies }))
  }
  return found
}
