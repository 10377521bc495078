import { Context, Effect, Exit, Latch, Layer, Option, type Scope } from "effect"
import { HttpServer } from "effect/http"
import { request as httpRequest } from "node:http"
import { connect, type Socket } from "node:net"
import { Alerts } from "../../src/bots/Alerts.ts"
import { BotAdmin } from "../../src/bots/BotAdmin.ts"
import { Bots } from "../../src/bots/Bots.ts"
import { Config } from "../../src/config.ts"
import type { Bot } from "../../src/domain/bot.ts"
import { untracked } from "../../src/domain/tracking.ts"
import { Inbox, type RawUpdate } from "../../src/engine/Inbox.ts"
import { HttpServerNoDeps } from "../../src/http/HttpServerLive.ts"
import { loggerLayer } from "../../src/log/Logger.ts"
import { MediaLibrary } from "../../src/media/MediaLibrary.ts"
import { Spool } from "../../src/media/spool.ts"
import { Preview } from "../../src/messages/Preview.ts"
import { GatewayFees } from "../../src/payments/GatewayFees.ts"
import { Gateways } from "../../src/payments/Gateways.ts"
import type { PaymentGateway } from "../../src/payments/PaymentGateway.ts"
import { Refunds } from "../../src/payments/Refunds.ts"
import { WebhookInbox } from "../../src/payments/WebhookInbox.ts"
import { DeadLetters } from "../../src/engine/DeadLetters.ts"
import { Recovery } from "../../src/engine/Recovery.ts"
import { GatewayFeesRepo } from "../../src/repo/GatewayFeesRepo.ts"
import { HealthRepo } from "../../src/repo/HealthRepo.ts"
import { ListsRepo } from "../../src/repo/ListsRepo.ts"
import { MetricsRepo } from "../../src/repo/MetricsRepo.ts"
import { defaultWindows, RollupsRepo } from "../../src/repo/RollupsRepo.ts"
import { OutboxRepo } from "../../src/repo/OutboxRepo.ts"
import { PaymentsRepo } from "../../src/repo/PaymentsRepo.ts"
import { DownsellAdmin } from "../../src/downsells/DownsellAdmin.ts"
import { BotCopy } from "../../src/funnel/BotCopy.ts"
import { FunnelTransfer } from "../../src/funnel/FunnelTransfer.ts"
import { Simulation } from "../../src/downsells/Simulation.ts"
import { ShotAdmin } from "../../src/shots/ShotAdmin.ts"
import { Erasure } from "../../src/tracking/Erasure.ts"
import { Tracking } from "../../src/tracking/Tracking.ts"
import { UpdatesRepo } from "../../src/repo/UpdatesRepo.ts"
import { Breakers } from "../../src/tracking/Breakers.ts"
import { Outbox } from "../../src/tracking/Outbox.ts"
import { type Vitals, VitalsRepo } from "../../src/repo/VitalsRepo.ts"

export const adminToken = "test-admin-token-0123456789"
export const secret = "webhook-secret-of-vip"

export const botNamed = (slug: string, given: Partial<Bot> = {}): Bot => ({
  id: 1,
  slug,
  name: slug,
  username: Option.none(),
  gateway: "pushinpay",
  secondGateway: Option.none(),
  maxPixPerHour: 10,
  active: true,
  token: Option.none(),
  webhookSecret: Option.some(secret),
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
  plans: new Map(),
  downsells: new Map(),
  offers: [],
  ...given
})

export interface Doubles {
  readonly admin?: Partial<BotAdmin["Service"]>
  readonly alerts?: Partial<Alerts["Service"]>
  readonly inbox?: Inbox["Service"]["accept"]
  readonly payments?: WebhookInbox["Service"]["receive"]
  readonly lists?: Partial<ListsRepo["Service"]>
  readonly refund?: Refunds["Service"]["refund"]
  readonly gateways?: ReadonlyArray<PaymentGateway>
  readonly fees?: Partial<GatewayFeesRepo["Service"]>
  readonly paymentsRepo?: Partial<PaymentsRepo["Service"]>
  readonly metrics?: Partial<MetricsRepo["Service"]>
  readonly ping?: HealthRepo["Service"]["ping"]
  readonly media?: Partial<MediaLibrary["Service"]>
  readonly preview?: Preview["Service"]["send"]
  readonly vitals?: VitalsRepo["Service"]["read"]
  readonly updates?: Partial<UpdatesRepo["Service"]>
  readonly outboxRepo?: Partial<OutboxRepo["Service"]>
  readonly outbox?: Partial<Outbox["Service"]>
  readonly recover?: Effect.Effect<void>
  readonly visit?: Tracking["Service"]["visit"]
  readonly erase?: Erasure["Service"]["erase"]
}

export const quietVitals: Vitals = {
  inboxSeconds: 0,
  deadUpdates: 0,
  nodes: 1,
  webhookPending: 0,
  webhookErrors: 0,
  botsUnusable: 0,
  rollupSeconds: 0,
  outbox: []
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  readonly text: string
  // oxlint-disable-next-line typescript/no-explicit-any -- whatever shape the answer has, the test says
  readonly json: any
}

interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** The real server on a free port, with doubles for everything it stands on. */
export interface Door {
  readonly port: number
  readonly lines: ReadonlyArray<string>
  /** Updates the inbox double was given. */
  readonly updates: ReadonlyArray<RawUpdate & { readonly slug: string }>
  readonly call: (method: string, path: string, options?: CallOptions) => Effect.Effect<Answer, Error>
  readonly asAdmin: (method: string, path: string, body?: unknown) => Effect.Effect<Answer, Error>
  readonly hook: (
    body: unknown,
    options?: { readonly slug?: string; readonly secret?: string }
  ) => Effect.Effect<Answer, Error>
  readonly socket: Effect.Effect<Socket, Error, Scope.Scope>
}

export const openDoor = Effect.fnUntraced(function* (doubles: Doubles = {}) {
  const lines: Array<string> = []
  const updates: Array<RawUpdate & { readonly slug: string }> = []
  const bots = new Map(
    [
      botNamed("vip"),
      botNamed("paused", { id: 2, active: false }),
      botNamed("open", { id: 3, webhookSecret: Option.none() }),
      botNamed("blank", { id: 4, webhookSecret: Option.some("") })
    ].map((bot) => [bot.slug, bot])
  )
  const accept: Inbox["Service"]["accept"] = (bot, update) =>
    Effect.andThen(
      Effect.sync(() => void updates.push({ ...update, slug: bot.slug })),
      doubles.inbox?.(bot, update) ?? Effect.void
    )
  const config = Config.layerFrom({
    PORT: "0",
    HOST: "127.0.0.1",
    ADMIN_TOKEN: adminToken,
    ENCRYPTION_KEY: "ab".repeat(32)
  })
  const Doubles = Layer.mergeAll(
    Layer.mock(Bots, {
      find: (slug) => Option.fromUndefinedOr(bots.get(slug)),
      byId: () => Option.none(),
      all: () => [...bots.values()]
    }),
    Layer.mock(Alerts, doubles.alerts ?? {}),
    Layer.mock(BotAdmin, doubles.admin ?? {}),
    Layer.mock(Erasure, doubles.erase === undefined ? {} : { erase: doubles.erase }),
    Layer.mock(Tracking, doubles.visit === undefined ? {} : { visit: doubles.visit }),
    Layer.succeed(Inbox, {
      accept,
      submit: (bot, update, done) =>
        void Effect.runForkWith(Context.empty())(accept(bot, update)).addObserver((exit) =>
          done(Exit.isSuccess(exit) ? undefined : exit.cause)
        )
    }),
    Layer.mock(WebhookInbox, doubles.payments === undefined ? {} : { receive: doubles.payments }),
    Layer.mock(Refunds, doubles.refund === undefined ? {} : { refund: doubles.refund }),
    Gateways.layerOf(doubles.gateways ?? []),
    Layer.mock(GatewayFeesRepo, doubles.fees ?? {}),
    Layer.mock(PaymentsRepo, doubles.paymentsRepo ?? {}),
    Layer.mock(MediaLibrary, doubles.media ?? {}),
    Layer.mock(Preview, doubles.preview === undefined ? {} : { send: doubles.preview }),
    Spool.layer.pipe(Layer.provide(config)),
    Layer.mock(OutboxRepo, {
      list: () => Effect.succeed({ items: [], next_cursor: null }),
      ...doubles.outboxRepo
    }),
    Layer.mock(Outbox, {
      signal: () => Latch.makeUnsafe(false),
      breakers: () => new Breakers(),
      ...doubles.outbox
    }),
    Layer.mock(ListsRepo, doubles.lists ?? {}),
    Layer.mock(MetricsRepo, doubles.metrics ?? {}),
    Layer.mock(DownsellAdmin, {}),
    Layer.mock(FunnelTransfer, {}),
    Layer.mock(BotCopy, {}),
    Layer.mock(Simulation, {}),
    Layer.mock(ShotAdmin, {}),
    Layer.mock(RollupsRepo, {
      state: Effect.succeed({
        rolledTo: new Date(),
        recentTo: undefined,
        visitsTo: undefined,
        windows: defaultWindows,
        stale: false
      })
    }),
    Layer.mock(UpdatesRepo, {
      list: () => Effect.succeed({ items: [], next_cursor: null }),
      ...doubles.updates
    }),
    Layer.succeed(Recovery, { run: doubles.recover ?? Effect.void }),
    Layer.succeed(VitalsRepo, { read: doubles.vitals ?? Effect.succeed(quietVitals) }),
    config
  )
  const ping = doubles.ping ?? Effect.void
  const look = Effect.as(ping, { waitSeconds: 0.001, answerSeconds: 0.001 })
  const services = yield* Layer.build(
    HttpServerNoDeps.pipe(
      Layer.provide([DeadLetters.layer, GatewayFees.layer]),
      Layer.provide(Layer.succeed(HealthRepo, { ping, look })),
      Layer.provide(Doubles),
      Layer.provide(loggerLayer({ level: "debug", format: "text", write: (text) => void lines.push(text) }))
    )
  )
  const { address } = Context.get(services, HttpServer.HttpServer)
  const port = "port" in address ? address.port : 0

  const call = (method: string, path: string, { body, headers = {} }: CallOptions = {}) =>
    Effect.callback<Answer, Error>((resume) => {
      const payload =
        body === undefined || typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body)
      const request = httpRequest({ host: "127.0.0.1", port, method, path, headers, agent: false }, (response) => {
        const chunks: Array<Buffer> = []
        response.on("data", (chunk: Buffer) => chunks.push(chunk))
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString()
          resume(
            Effect.succeed({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text,
              json: text.startsWith("{") ? JSON.parse(text) : undefined
            })
          )
        })
      })
      request.on("error", (error) => resume(Effect.fail(error)))
      request.end(payload)
    })

  const socket = Effect.acquireRelease(
    Effect.callback<Socket, Error>((resume) => {
      const opened = connect(port, "127.0.0.1", () => resume(Effect.succeed(opened)))
      opened.on("error", (error) => resume(Effect.fail(error)))
    }),
    (opened) => Effect.sync(() => opened.destroy())
  )

  const door: Door = {
    port,
    lines,
    updates,
    call,
    asAdmin: (method, path, body) => call(method, path, { headers: { authorization: `Bearer ${adminToken}` }, body }),
    hook: (body, options = {}) =>
      call("POST", `/tg/${options.slug ?? "vip"}/webhook`, {
        headers: {
          "content-type": "application/json",
          "content-length": String(Buffer.byteLength(typeof body === "string" ? body : JSON.stringify(body))),
          "x-telegram-bot-api-secret-token": options.secret ?? secret
        },
        body
      }),
    socket
  }
  return door
})
