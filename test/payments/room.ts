import { Context, Effect, Layer, Option, Schedule, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { createServer, type IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"
import { Bots } from "../../src/bots/Bots.ts"
import { Config } from "../../src/config.ts"
import type { Bot, Plan } from "../../src/domain/bot.ts"
import { untracked } from "../../src/domain/tracking.ts"
import { loggerLayer } from "../../src/log/Logger.ts"
import { Checkout } from "../../src/payments/Checkout.ts"
import { Gateways } from "../../src/payments/Gateways.ts"
import { Reconciliation } from "../../src/payments/Reconciliation.ts"
import { Refunds } from "../../src/payments/Refunds.ts"
import { Settlement } from "../../src/payments/Settlement.ts"
import { WebhookInbox } from "../../src/payments/WebhookInbox.ts"
import { PaymentJobs } from "../../src/scheduler/paymentJobs.ts"
import { plainScheduler } from "../support/plainScheduler.ts"
import { AccessRepo } from "../../src/repo/AccessRepo.ts"
import { GatewayEventsRepo } from "../../src/repo/GatewayEventsRepo.ts"
import { OutboxRepo } from "../../src/repo/OutboxRepo.ts"
import { PaymentsRepo } from "../../src/repo/PaymentsRepo.ts"
import { DEFAULT_TOKEN, type Options } from "../../src/sandbox/pushinpay/Options.ts"
import { SandboxPushinPay } from "../../src/sandbox/pushinpay/SandboxPushinPay.ts"
import type { SandboxError } from "../../src/sandbox/SandboxError.ts"
import {
  DEFAULT_CLIENT_ID,
  DEFAULT_CLIENT_SECRET,
  type Options as SyncPayOptions
} from "../../src/sandbox/syncpay/Options.ts"
import { SandboxSyncPay } from "../../src/sandbox/syncpay/SandboxSyncPay.ts"
import { Outbox } from "../../src/tracking/Outbox.ts"
import { Reports } from "../../src/tracking/Reports.ts"
import { TestDatabase } from "../support/postgres.ts"

/** What the log said so far, and how many webhooks the door answered with which status. */
export class Room extends Context.Service<
  Room,
  { readonly log: Array<string>; readonly url: string; readonly answers: Array<number> }
>()("test/payments/Room") {}

const readAll = async (request: IncomingMessage) => {
  const parts: Array<Buffer> = []
  for await (const part of request) parts.push(part as Buffer)
  return new Uint8Array(Buffer.concat(parts))
}

type Receive = (request: IncomingMessage, body: Uint8Array) => Promise<number>

/** The address that gateways call. It exists before the services that serve it, because they are told it. */
class Door extends Context.Service<Door, { readonly url: string; readonly serve: (receive: Receive) => void }>()(
  "test/payments/Door"
) {
  static readonly layer = Layer.effect(
    Door,
    Effect.gen(function* () {
      let receive: Receive = () => Promise.resolve(503)
      const server = yield* Effect.acquireRelease(
        Effect.callback<ReturnType<typeof createServer>>((resume) => {
          const made = createServer((request, response) => {
            void readAll(request)
              .then((body) => receive(request, body))
              .then((status) => response.writeHead(status).end())
              // A gateway may call until the very end of a test.
              .catch(() => response.destroy())
          })
          made.listen(0, "127.0.0.1", () => resume(Effect.succeed(made)))
        }),
        (made) =>
          Effect.sync(() => {
            made.closeAllConnections()
            made.close()
          })
      )
      const { port } = server.address() as AddressInfo
      return Door.of({ url: `http://127.0.0.1:${port}`, serve: (with_) => void (receive = with_) })
    })
  )
}

type Env = Readonly<Record<string, string>>

const ConfigLayer = <S>(env: Effect.Effect<Env, never, S>) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const door = yield* Door
      return Config.layerFrom({
        ADMIN_TOKEN: "senha-de-teste-0123456789",
        ENCRYPTION_KEY: "ab".repeat(32),
        PUBLIC_URL: door.url,
        ...(yield* env)
      })
    })
  )

const prefix = "/api/payments/webhook/"

const RoomLayer = (log: Array<string>) =>
  Layer.effect(
    Room,
    Effect.gen(function* () {
      const door = yield* Door
      const inbox = yield* WebhookInbox
      const run = Effect.runPromiseWith(yield* Effect.context<never>())
      const answers: Array<number> = []
      door.serve((request, body) => {
        const [gateway = "", pathKey] = (request.url ?? "").slice(prefix.length).split("/")
        const headers = request.headers as Record<string, string | undefined>
        return run(
          inbox.receive(gateway, { headers, query: "", body, pathKey, requestId: "pedido-de-teste" }).pipe(
            Effect.as(200),
            Effect.catchTags({ UnknownGateway: () => Effect.succeed(404), GatewayError: () => Effect.succeed(401) }),
            Effect.orDie,
            Effect.tap((status) => Effect.sync(() => answers.push(status)))
          )
        )
      })
      return Room.of({ log, url: door.url + prefix, answers })
    })
  )

/** The bots of these payments are told about as the environment says. */
const nobodys = Layer.mock(Bots, { find: () => Option.none(), byId: () => Option.none(), all: () => [] })

/** Payments as the service runs them, on their own database, with a gateway's stand-in and nobody to deliver. */
export const paymentsAt = <S>(standIn: Layer.Layer<S, SandboxError>, env: Effect.Effect<Env, never, S>) => {
  const log: Array<string> = []
  const logger = loggerLayer({ level: "info", format: "text", write: (lines) => void log.push(...lines.split("\n")) })
  return RoomLayer(log).pipe(
    Layer.provideMerge(Layer.provide(PaymentJobs, plainScheduler)),
    Layer.provideMerge(Layer.mergeAll(Checkout.layer, Reconciliation.layer, Refunds.layer)),
    Layer.provideMerge(WebhookInbox.layer),
    Layer.provideMerge(Settlement.layer),
    Layer.provideMerge(Layer.merge(Gateways.layer, Reports.layer)),
    Layer.provideMerge(Layer.merge(Outbox.layer, nobodys)),
    Layer.provideMerge(Layer.mergeAll(AccessRepo.layer, PaymentsRepo.layer, GatewayEventsRepo.layer, OutboxRepo.layer)),
    Layer.provideMerge(Layer.mergeAll(ConfigLayer(env), TestDatabase.layer)),
    Layer.provideMerge(Layer.merge(Door.layer, standIn)),
    Layer.provideMerge(logger)
  )
}

export const payments = (options: { readonly bank?: Options; readonly env?: Env } = {}) =>
  paymentsAt(
    SandboxPushinPay.layerWith({ qr: "tiny", timeScale: 0.001, ...options.bank }),
    Effect.map(SandboxPushinPay, ({ url }) => ({
      PUSHINPAY_URL: `${url}/api`,
      PUSHINPAY_TOKEN: DEFAULT_TOKEN,
      ...options.env
    }))
  )

export const syncPayments = (options: { readonly bank?: SyncPayOptions; readonly env?: Env } = {}) =>
  paymentsAt(
    SandboxSyncPay.layerWith({ timeScale: 0.001, ...options.bank }),
    Effect.map(SandboxSyncPay, ({ url }) => ({
      SYNCPAY_URL: url,
      SYNCPAY_CLIENT_ID: DEFAULT_CLIENT_ID,
      SYNCPAY_CLIENT_SECRET: DEFAULT_CLIENT_SECRET,
      ...options.env
    }))
  )

/** Both gateways at once, for bots that have a second one. */
export const twoGateways = (options: { readonly bank?: Options } = {}) =>
  paymentsAt(
    Layer.merge(
      SandboxPushinPay.layerWith({ qr: "tiny", timeScale: 0.001, ...options.bank }),
      SandboxSyncPay.layerWith({ timeScale: 0.001 })
    ),
    Effect.map(Effect.all([SandboxPushinPay, SandboxSyncPay]), ([first, second]) => ({
      PUSHINPAY_URL: `${first.url}/api`,
      PUSHINPAY_TOKEN: DEFAULT_TOKEN,
      SYNCPAY_URL: second.url,
      SYNCPAY_CLIENT_ID: DEFAULT_CLIENT_ID,
      SYNCPAY_CLIENT_SECRET: DEFAULT_CLIENT_SECRET
    }))
  )

export const plan: Plan = {
  id: 7,
  name: "Mensal",
  priceCents: 990,
  active: true,
  delivery: Option.none(),
  vipChatId: Option.none()
}

export const ana = { telegramId: 7205343917, name: "Ana Sousa" }

/** A bot in the database, and as the engine knows it. */
export const openBotAt = Effect.fnUntraced(function* (gateway: string) {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ id: number }>`
    insert into bots (slug, name, gateway_default) values ('vip', 'VIP', ${gateway}) returning id`
  const bot: Bot = {
    id: row!.id,
    slug: "vip",
    name: "VIP",
    username: Option.none(),
    gateway,
    secondGateway: Option.none(),
    maxPixPerHour: 10,
    active: true,
    token: Option.none(),
    webhookSecret: Option.none(),
    webhookUrl: Option.none(),
    notice: Option.none(),
    pixExpiresMinutes: 60,
    messagesPerSecond: 29,
    allowPaidBroadcast: false,
    paidMessagesPerSecond: 950,
    vipChatId: Option.none(),
    withdrawAccess: true,
    warmupChatId: Option.none(),
    media: new Map(),
    tracking: untracked,
    start: [],
    messages: new Map(),
    plans: new Map([[plan.id, plan]]),
    downsells: new Map(),
    offers: []
  }
  return bot
})

export const openBot = openBotAt("pushinpay")

export const requestFor = (bot: Bot, changes: { readonly priceCents?: number; readonly telegramId?: number } = {}) => ({
  bot,
  plan,
  priceCents: changes.priceCents ?? plan.priceCents,
  person: { ...ana, telegramId: changes.telegramId ?? ana.telegramId },
  requestId: "pedido-1"
})

class NotYet extends Schema.TaggedError<NotYet>()("NotYet", { value: Schema.String }) {}

/** Looks until the database says what is expected; PostgreSQL sends no event for it. */
export const eventually = <A, E, R>(look: Effect.Effect<A, E, R>, satisfied: (value: A) => boolean) =>
  look.pipe(
    Effect.filterOrFail(satisfied, (value) => new NotYet({ value: JSON.stringify(value) })),
    Effect.retry({ schedule: Schedule.spaced("30 millis"), times: 400 })
  )

export interface Facts {
  readonly status: string
  readonly created: number
  readonly paid: number
  readonly deliveries: number
  readonly has_paid: boolean | null
}

/** Everything a payment left behind. */
export const factsOf = (paymentId: number) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [facts] = yield* sql<Facts>`
      select p.status, (select count(*)::int from funnel_events e
          where e.payment_id = p.id and e.event_name = 'pix_created') as created,
        (select count(*)::int from funnel_events e
          where e.payment_id = p.id and e.event_name = 'pix_paid') as paid,
        (select count(*)::int from outbox o where o.payment_id = p.id and o.event_name = 'delivery') as deliveries,
        (select u.has_paid from bot_users u where u.bot_id = p.bot_id and u.telegram_id = p.telegram_id) as has_paid
      from payments p where p.id = ${paymentId}`
    return facts!
  })

export const eventsInbox = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  return yield* sql<{ state: string; proof: string; error: string | null; received_count: number; attempts: number }>`
    select state, proof, error, received_count, attempts from gateway_events order by id`
})

/** Webhooks whose time has come and that are not dealt with yet. */
export const overdueEvents = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql`select 1 from gateway_events where state = 'waiting' and next_attempt_at <= now()`
  return rows.length
})

/** Time goes by for the rows: query slots become free, and whatever waits is that much nearer. */
export const secondsPass = Effect.fnUntraced(function* (seconds: number) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`update payments set checked_at = checked_at - make_interval(secs => ${seconds}),
    next_check_at = next_check_at - make_interval(secs => ${seconds}),
    created_at = created_at - make_interval(secs => ${seconds})`
  yield* sql`update gateway_events set next_attempt_at = next_attempt_at - make_interval(secs => ${seconds})`
})

/** 75 seconds go by: every query slot is free, and whatever waits for one is due. */
export const timePasses = secondsPass(75)
