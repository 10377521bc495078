import { Effect, Layer, Option, Redacted, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { Bots } from "../../../src/bots/Bots.ts"
import { Config } from "../../../src/config.ts"
import type { Bot } from "../../../src/domain/bot.ts"
import { type BotTracking, untracked } from "../../../src/domain/tracking.ts"
import { loggerLayer } from "../../../src/log/Logger.ts"
import { OutboxRepo } from "../../../src/repo/OutboxRepo.ts"
import { DEFAULT_PIXEL, DEFAULT_TOKEN, type Received } from "../../../src/sandbox/meta/Dataset.ts"
import { SandboxMeta } from "../../../src/sandbox/meta/SandboxMeta.ts"
import { SandboxUtmify } from "../../../src/sandbox/utmify/SandboxUtmify.ts"
import { Outbox, OutboxHandlers } from "../../../src/tracking/Outbox.ts"
import { outboxWorkerLayer } from "../../../src/tracking/OutboxWorker.ts"
import { ReportHandlers } from "../../../src/tracking/ReportHandlers.ts"
import { Reports } from "../../../src/tracking/Reports.ts"
import { TestDatabase } from "../../support/postgres.ts"

export const pixel = (id: string, token: string): BotTracking["pixel"] =>
  Option.some({ id, token: Option.some(Redacted.make(token)) })

const commonPixel = pixel(DEFAULT_PIXEL, DEFAULT_TOKEN)

/** What Meta and UTMify are told, from the outbox to their stand-ins; bots by their number. */
export const room = (bots: Readonly<Record<number, Partial<BotTracking>>> = {}, log: Array<string> = []) => {
  const trackingOf = (id: number): BotTracking => ({ ...untracked, pixel: commonPixel, ...bots[id] })
  const environment = Layer.unwrap(
    Effect.gen(function* () {
      const meta = yield* SandboxMeta
      const utmify = yield* SandboxUtmify
      return Config.layerFrom({
        ADMIN_TOKEN: "x",
        ENCRYPTION_KEY: "ab".repeat(32),
        PUBLIC_URL: "https://loja.com.br",
        FACEBOOK_API_URL: `${meta.url}/v26.0`,
        FACEBOOK_PIXEL_ID: DEFAULT_PIXEL,
        FACEBOOK_ACCESS_TOKEN: DEFAULT_TOKEN,
        FACEBOOK_TEST_EVENT_CODE: "TEST42",
        UTMIFY_URL: utmify.url,
        UTMIFY_TOKEN: yield* utmify.token
      })
    })
  )
  const handlers = Layer.effect(
    OutboxHandlers,
    Effect.map(ReportHandlers, (map) => map)
  )
  return outboxWorkerLayer.pipe(
    Layer.provide(handlers),
    Layer.provide(ReportHandlers.layer),
    Layer.provideMerge(Reports.layer),
    Layer.provideMerge(Outbox.layer),
    Layer.provideMerge(OutboxRepo.layer),
    Layer.provideMerge(
      Layer.mock(Bots, {
        find: () => Option.none(),
        all: () => [],
        byId: (id) => Option.some({ id, tracking: trackingOf(id) } as Bot)
      })
    ),
    Layer.provideMerge(Layer.merge(environment, TestDatabase.layer)),
    Layer.provideMerge(Layer.merge(SandboxMeta.layer, SandboxUtmify.layer)),
    Layer.provideMerge(loggerLayer({ level: "info", format: "text", write: (lines) => void log.push(lines) }))
  )
}

export const telegramId = 7_205_343_917

/** Visitors of the presell page. */
export const visitors = Effect.fnUntraced(function* (numbers: ReadonlyArray<number>) {
  const sql = yield* SqlClient.SqlClient
  const ids = numbers.map((n) => `sessao-${n}`)
  yield* sql`insert into tracking_sessions (id, bot_id, landing_url, referrer, utm_source, utm_campaign, fbp, fbc)
    select id, 1, 'https://loja.com.br/p/vip?utm_source=FB', 'https://facebook.com/', 'FB', 'Ação|1',
      'fb.1.1596403881668.1116446470', 'fb.1.1554763741205.AbCdEf' from unnest(${ids}::text[]) v (id)`
  yield* sql`insert into tracking_clients (session_id, payment_id, ip, user_agent)
    select id, 0, '189.10.20.30', 'Mozilla/5.0' from unnest(${ids}::text[]) v (id)`
})

/** A buyer who came by a click and has a charge; times are the database's. */
export const order = Effect.fnUntraced(function* (n: number) {
  const sql = yield* SqlClient.SqlClient
  const session = `sessao-${n}`
  yield* visitors([n])
  const tracking = JSON.stringify({
    session_id: session,
    utm_source: "FB",
    utm_campaign: "Ação|1",
    fbp: "fb.1.1596403881668.1116446470",
    fbc: "fb.1.1554763741205.AbCdEf"
  })
  const [row] = yield* sql<{ id: number }>`
    insert into payments (transaction_id, provider, gateway, status, amount_cents, value_cents, fee_cents, bot_slug,
      telegram_id, customer_first_name, plan_id, plan_name, tracking, created_at, paid_at)
    values (${`pedido-${n}`}, 'pushinpay', 'pushinpay', 'paid', 1990, 1990, 30, 'vip', ${telegramId + n}, 'Ana', 7,
      'Mensal', ${tracking}::text::jsonb,
      now() - interval '2 minutes', now() - interval '1 minute')
    returning id`
  return { id: row!.id, botId: 1, telegramId: telegramId + n, session }
})

class NotYet extends Schema.TaggedError<NotYet>()("NotYet", { value: Schema.String }) {}

export interface Delivery {
  readonly id: number
  readonly destination: string
  readonly event_name: string
  readonly status: string
  readonly last_error: string | null
  readonly attempts: number
  readonly leased: boolean
}

export const deliveries = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  return yield* sql<Delivery>`
    select id, destination, event_name, status, last_error, attempt_count as attempts,
      lease_until is not null as leased
    from outbox order by id`
})

/** Looks until the rows say so, in real time: also under a test clock. */
export const until = Effect.fnUntraced(function* (satisfied: (rows: ReadonlyArray<Delivery>) => boolean) {
  for (let look = 0; look < 500; look++) {
    const rows = yield* deliveries
    if (satisfied(rows)) return rows
    yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 20)))
  }
  return yield* new NotYet({ value: JSON.stringify((yield* deliveries).slice(0, 5)) })
})

/** Nothing is on its way. */
export const quiet = until((rows) => rows.every(({ leased }) => !leased))

export const all = (status: string) => (rows: ReadonlyArray<Delivery>) => rows.every((row) => row.status === status)

export const wake = Effect.gen(function* () {
  const outbox = yield* Outbox
  yield* outbox.wake("facebook")
  yield* outbox.wake("utmify")
})

export const retryNow = Effect.gen(function* () {
  const outbox = yield* Outbox
  const sql = yield* SqlClient.SqlClient
  yield* sql`update outbox set next_attempt_at = now() where status = 'pending'`
  yield* outbox.retryNow("facebook")
  yield* outbox.retryNow("utmify")
})

export const named = (name: string) => (event: Received) => event.name === name
