import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { defaultMetaEvents } from "../../../src/domain/tracking.ts"
import { OutboxRepo } from "../../../src/repo/OutboxRepo.ts"
import { DEFAULT_PIXEL, DEFAULT_TOKEN } from "../../../src/sandbox/meta/Dataset.ts"
import { SandboxMeta } from "../../../src/sandbox/meta/SandboxMeta.ts"
import { SandboxUtmify } from "../../../src/sandbox/utmify/SandboxUtmify.ts"
import { sha256 } from "../../../src/tracking/destinations/facebook/userData.ts"
import { Reports } from "../../../src/tracking/Reports.ts"
import { all, deliveries, named, order, pixel, retryNow, room, telegramId, until, visitors } from "./room.ts"

const view = (n: number, changes: object = {}) => ({
  step: "presell_view" as const,
  botId: 1,
  eventId: `presell_view:${n}`,
  sessionId: `sessao-${n}`,
  occurredAt: new Date(),
  ...changes
})

describe("what Meta and UTMify get", () => {
  it.live("of one buyer: five steps with the click's traits, and an order that is paid", () => {
    const log: Array<string> = []
    return Effect.gen(function* () {
      const meta = yield* SandboxMeta
      const utmify = yield* SandboxUtmify
      const reports = yield* Reports
      const buyer = yield* order(1)
      const person = { botId: 1, telegramId: buyer.telegramId, sessionId: buyer.session, occurredAt: new Date() }
      yield* reports.put([
        view(1, { telegramId: null }),
        { ...person, step: "to_bot_click", eventId: "click:1" },
        { ...person, step: "bot_start", eventId: "start:1" }
      ])
      yield* reports.queue("pix_created", buyer)
      yield* reports.queue("pix_paid", buyer)
      yield* until(all("sent"))

      const events = yield* meta.received
      const steps = events.map(({ event, name, notes, testCode }) => [name, event["action_source"], notes, testCode])
      assert.sameDeepMembers(steps, [
        ["PageView", "website", [], "TEST42"],
        ["Contact", "website", [], "TEST42"],
        ["Lead", "chat", [], "TEST42"],
        ["InitiateCheckout", "chat", [], "TEST42"],
        ["Purchase", "chat", [], "TEST42"]
      ])
      const purchase = events.find(named("Purchase"))!.event
      assert.deepStrictEqual(purchase["user_data"], {
        external_id: [sha256(buyer.session), sha256(String(buyer.telegramId))],
        country: sha256("br"),
        fbp: "fb.1.1596403881668.1116446470",
        fbc: "fb.1.1554763741205.AbCdEf",
        client_ip_address: "189.10.20.30",
        client_user_agent: "Mozilla/5.0"
      })
      assert.deepStrictEqual(purchase["custom_data"], {
        value: 19.9,
        currency: "BRL",
        content_type: "product",
        content_ids: ["7"],
        contents: [{ id: "7", quantity: 1, item_price: 19.9 }],
        num_items: 1,
        order_id: "pedido-1"
      })
      const page = events.find(named("PageView"))!
      assert.strictEqual(page.eventId, "presell_view:1")
      assert.strictEqual(page.event["event_source_url"], "https://loja.com.br/p/vip?utm_source=FB")

      const [kept] = yield* utmify.orders
      assert.deepStrictEqual(
        kept?.history.map(({ status }) => status),
        ["waiting_payment", "paid"]
      )
      assert.deepStrictEqual(kept?.notes, [])
      assert.deepInclude(kept?.history[1]?.body["trackingParameters"], { utm_source: "FB", utm_campaign: "Ação|1" })
      assert.isTrue(log.some((line) => /\[TRACKING\]\[UTMIFY\] Pedido pedido-1 enviado como paid/.test(line)))
      assert.isFalse(log.some((line) => line.includes(DEFAULT_TOKEN)))
    }).pipe(Effect.scoped, Effect.provide(room({}, log)))
  })

  it.live("one stale and one refused event do not stop their batch; their reasons stay", () =>
    Effect.gen(function* () {
      const meta = yield* SandboxMeta
      const reports = yield* Reports
      const many = Array.from({ length: 60 }, (_, n) => view(n))
      yield* visitors([...many.keys(), 100, 101])
      yield* reports.put([
        ...many.slice(0, 30),
        view(100, { occurredAt: new Date(Date.now() - 8 * 86_400_000) }),
        // That bot calls a view a Purchase, which has no value then.
        view(101, { botId: 2 }),
        ...many.slice(30)
      ])
      const rows = yield* until((found) => found.every(({ status }) => status !== "pending"))
      const reasons = rows.flatMap(({ last_error }) => last_error ?? [])
      assert.deepStrictEqual(reasons, [
        "o evento tem mais de 7 dias; o Meta não aceita mais",
        "o Meta recusou o evento: falta o valor da compra (código 100/2804019)"
      ])
      const ids = (yield* meta.received).map(({ eventId }) => eventId)
      assert.sameMembers(
        ids,
        many.map(({ eventId }) => eventId)
      )
      assert.isBelow((yield* meta.calls).length, 20)
    }).pipe(
      Effect.scoped,
      Effect.provide(
        room({
          2: { metaEvents: { ...defaultMetaEvents, presell_view: { name: "Purchase", action_source: "website" } } }
        })
      )
    )
  )

  it.live("a pixel whose token is refused waits alone, says so once, and goes on when it is mended", () => {
    const log: Array<string> = []
    return Effect.gen(function* () {
      const meta = yield* SandboxMeta
      const reports = yield* Reports
      yield* visitors([...Array(30).keys()])
      yield* reports.put(Array.from({ length: 30 }, (_, n) => view(n, { botId: n % 2 === 0 ? 1 : 2 })))
      const rows = yield* until((found) => found.filter(({ status }) => status === "sent").length === 15)
      yield* until((found) => found.some(({ last_error }) => last_error !== null))
      assert.lengthOf(
        rows.filter(({ status }) => status === "failed"),
        0
      )
      const alarm = /ERROR .*parad.*o Meta não aceita mais o token do pixel 99887766/
      assert.lengthOf(
        log.filter((line) => alarm.test(line)),
        1
      )
      yield* meta.configure({ pixels: { [DEFAULT_PIXEL]: DEFAULT_TOKEN, "99887766": "EAAdoBot2" } })
      yield* retryNow
      yield* until(all("sent"))
      assert.lengthOf(yield* meta.received, 30)
      assert.isTrue(log.some((line) => /As entregas para o Meta \(pixel 99887766\) voltaram/.test(line)))
      // Each pixel's events with its own code, those of the environment with the environment's.
      assert.sameMembers(
        (yield* meta.received).map(({ pixelId: at, testCode }) => `${at} ${testCode}`),
        Array.from({ length: 30 }, (_, n) => (n % 2 === 0 ? `${DEFAULT_PIXEL} TEST42` : "99887766 TEST99"))
      )
    }).pipe(
      Effect.scoped,
      Effect.provide(room({ 2: { pixel: pixel("99887766", "EAAdoBot2"), testEventCode: Option.some("TEST99") } }, log))
    )
  })

  it.live("an unknown credential of UTMify loses no order: it waits, and a replay sends it", () => {
    const log: Array<string> = []
    return Effect.gen(function* () {
      const utmify = yield* SandboxUtmify
      const reports = yield* Reports
      const repo = yield* OutboxRepo
      const token = yield* utmify.token
      yield* utmify.configure({ token: "outra" })
      const buyer = yield* order(2)
      yield* reports.queue("pix_created", buyer)
      yield* reports.queue("pix_paid", buyer)
      const ofUtmify = (status: string) => (found: Parameters<ReturnType<typeof all>>[0]) =>
        all(status)(found.filter(({ destination }) => destination === "utmify"))
      yield* until((found) =>
        found.some(({ destination, last_error }) => destination === "utmify" && last_error !== null)
      )
      yield* until(ofUtmify("pending"))
      assert.isTrue(log.some((line) => /ERROR .*UTMify não conhece a credencial/.test(line)))
      yield* utmify.configure({ token })
      const first = (yield* deliveries).find(({ destination }) => destination === "utmify")
      const replay = yield* repo.replay(first!.id)
      assert.strictEqual(replay._tag, "Replayed")
      yield* retryNow
      yield* until(ofUtmify("sent"))
      assert.deepStrictEqual(
        (yield* utmify.orders)[0]?.history.map(({ status }) => status),
        ["waiting_payment", "paid"]
      )
      assert.strictEqual((yield* repo.replay(first!.id))._tag, "Sent")
    }).pipe(Effect.scoped, Effect.provide(room({}, log)))
  })

  it.live("a refused order lets its next word pass, and cannot be replayed over it", () =>
    Effect.gen(function* () {
      const utmify = yield* SandboxUtmify
      const reports = yield* Reports
      const repo = yield* OutboxRepo
      yield* utmify.fail({
        operation: "order",
        answer: { kind: "http", status: 400, body: { data: { "customer.email": "customer.email must be an email" } } }
      })
      const buyer = yield* order(3)
      yield* reports.queue("pix_created", buyer)
      yield* reports.queue("pix_paid", buyer)
      const rows = yield* until((found) => found.every(({ status }) => status !== "pending"))
      const words = rows.filter(({ destination }) => destination === "utmify")
      assert.deepStrictEqual(
        words.map(({ last_error, status }) => [status, last_error]),
        [
          ["failed", "a UTMify recusou o pedido (resposta 400): customer.email"],
          ["sent", null]
        ]
      )
      assert.strictEqual((yield* repo.replay(words[0]!.id))._tag, "Newer")
    }).pipe(Effect.scoped, Effect.provide(room()))
  )

  it.live("where consent is asked for and was not given, Meta hears nothing and UTMify nobody's name", () =>
    Effect.gen(function* () {
      const meta = yield* SandboxMeta
      const utmify = yield* SandboxUtmify
      const reports = yield* Reports
      const buyer = yield* order(4)
      yield* reports.queue("pix_paid", buyer)
      yield* until((found) => found.length === 1 && all("sent")(found))
      assert.lengthOf(yield* meta.received, 0)
      const text = JSON.stringify(yield* utmify.orders)
      assert.include(text, "pedido-4")
      for (const personal of ["Ana", "189.10.20.30", String(telegramId + 4)]) assert.notInclude(text, personal)
    }).pipe(Effect.scoped, Effect.provide(room({ 1: { consentRequired: true } })))
  )
})
