import { Effect } from "effect"
import type { SqlClient } from "effect/sql"
import type { Bench } from "./lib/bench.ts"
import { type Figure, figure } from "./lib/figure.ts"
import { percentile } from "./lib/httpLoad.ts"
import { ingestRate } from "./lib/ingest.ts"
import { askPlainly, type Question, questions } from "./lib/metricsQuestions.ts"
import { crowd } from "./lib/metricsLive.ts"
import { botCount, seedFunnel } from "./lib/seedFunnel.ts"
import { type BenchService, freePort, startService } from "./lib/service.ts"
import { vacuumed } from "./lib/vacuum.ts"

/** FUNIL_BENCH_EVENTS is no setting of the service, only of this bench. */
const events = Number(process.env["FUNIL_BENCH_EVENTS"] ?? 10_000_000)
const asked = 180
const askedPlainly = 8
const askedUntilNow = 36

/** The funnel's numbers over a year of events, by HTTP, beside plain SQL over the same events; and how fast they get in. */
export const metrics: Bench = async ({ sql, env }) => {
  const service = await startService(await freePort(), env)
  await service.stop()
  const seeding = performance.now()
  const tell = (what: string) =>
    process.env["FUNIL_BENCH_SLOW"] === undefined
      ? undefined
      : process.stderr.write(`${((performance.now() - seeding) / 1000).toFixed(1)} s ${what}\n`)
  const run = <A>(effect: Effect.Effect<A, unknown>) => Effect.runPromise(Effect.orDie(effect as Effect.Effect<A>))
  const seeded = await run(onOne(sql, seedFunnel(sql, events)))
  await run(onOne(sql, sql`analyze`))
  // Everything is new to whoever counts.
  await run(sql`insert into metrics_late default values`)
  const seedSeconds = (performance.now() - seeding) / 1000
  tell("seeded")
  const again = await startService(await freePort(), env)
  const rebuildSeconds = await rebuilt(sql, run)
  tell("counted")
  const found: Array<Figure> = [
    figure("metrics_seeded_events", "events", seeded),
    figure("metrics_seed", "s", seedSeconds),
    figure("metrics_rebuild", "s", rebuildSeconds)
  ]
  const list = questions(asked, botCount)
  for (const question of list.slice(0, 20)) await again.api("GET", `/api/metrics?${question.query}`)
  const justCounted = (await askedAll(again, list)).map(({ ms }) => ms)
  found.push(figure("metrics_just_counted_p95", "ms", percentile(justCounted, 0.95), { latencies: justCounted }))
  tell(`asked just after counting, p95 ${percentile(justCounted, 0.95)}`)
  await run(vacuumed(sql))
  tell("vacuumed")
  const taken = await askedAll(again, list)
  tell(
    `asked, p50 ${percentile(
      taken.map(({ ms }) => ms),
      0.5
    )} p95 ${percentile(
      taken.map(({ ms }) => ms),
      0.95
    )}`
  )
  if (process.env["FUNIL_BENCH_SLOW"] !== undefined) {
    for (const { ms, question } of taken.toSorted((a, b) => b.ms - a.ms).slice(0, 15))
      process.stderr.write(`${ms.toFixed(1)} ms ${question.query}\n`)
  }
  const plain: Array<number> = []
  for (const question of list.slice(0, askedPlainly)) {
    const begun = performance.now()
    await run(onOne(sql, askPlainly(sql, question)))
    plain.push(performance.now() - begun)
  }
  const all = taken.map(({ ms }) => ms)
  found.push(
    figure("metrics_any_question_p95", "ms", percentile(all, 0.95), { latencies: all, peer: percentile(plain, 0.95) })
  )
  for (const kind of new Set(taken.map(({ question }) => question.kind))) {
    const ofKind = taken.filter(({ question }) => question.kind === kind).map(({ ms }) => ms)
    found.push(figure(`metrics_${kind}_p95`, "ms", percentile(ofKind, 0.95), { latencies: ofKind }))
  }
  for (const set of new Set(taken.map(({ question }) => question.set))) {
    const ofSet = taken.filter(({ question }) => question.set === set).map(({ ms }) => ms)
    found.push(figure(`metrics_${set}_p95`, "ms", percentile(ofSet, 0.95), { latencies: ofSet }))
  }
  tell("asked plainly")
  const live = await askedLive(sql, run, again, list)
  found.push(figure("metrics_until_now_p95", "ms", percentile(live, 0.95), { latencies: live }))
  await again.stop()
  tell("asked while a crowd came")
  found.push(...(await run(ingestRate(sql))))
  return found
}

const askedAll = async (service: BenchService, list: ReadonlyArray<Question>) => {
  const taken: Array<{ readonly question: Question; readonly ms: number }> = []
  for (const question of list) {
    const begun = performance.now()
    const answer = await service.api("GET", `/api/metrics?${question.query}`)
    if (answer["funnel"] === undefined) throw new Error(`no funnel for ${question.query}`)
    taken.push({ question, ms: performance.now() - begun })
  }
  return taken
}

/** Questions until now, while 200 events a second arrive and have been arriving for five minutes, which are counted. */
const askedLive = async (
  sql: SqlClient.SqlClient,
  run: <A>(effect: Effect.Effect<A, unknown>) => Promise<A>,
  service: BenchService,
  list: ReadonlyArray<Question>
) => {
  const { before, goingOn } = crowd(sql)
  await run(before(5))
  const stop = new AbortController()
  const writing = Effect.runPromiseExit(goingOn, { signal: stop.signal })
  for (let caughtUp = false; !caughtUp;) {
    await new Promise((resolve) => setTimeout(resolve, 500))
    const [state] = await run(
      sql<{ done: boolean }>`
        select coalesce(recent_to > now() - interval '20 seconds', false) as done from metrics_state`
    )
    caughtUp = state?.done === true
  }
  const taken: Array<number> = []
  for (const question of list.filter(({ set }) => set === "days").slice(0, askedUntilNow)) {
    const query = new URLSearchParams(question.query)
    query.delete("to")
    const begun = performance.now()
    await service.api("GET", `/api/metrics?${query}`)
    taken.push(performance.now() - begun)
  }
  stop.abort()
  await writing
  return taken
}

/** Settings of a session need one connection. */
const onOne = <A, E>(sql: SqlClient.SqlClient, work: Effect.Effect<A, E>) =>
  sql.withTransaction(Effect.andThen(sql`set local statement_timeout = 0`, work))

/** The service counts by itself what it finds uncounted. */
const rebuilt = async (sql: SqlClient.SqlClient, run: <A>(effect: Effect.Effect<A, unknown>) => Promise<A>) => {
  const begun = performance.now()
  for (;;) {
    const [state] = await run(sql<{ done: boolean }>`select not exists (select from metrics_late) as done`)
    if (state?.done === true) return (performance.now() - begun) / 1000
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}
