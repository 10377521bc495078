import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { createServer } from "node:http"
import { hash } from "node:crypto"
import { openPage } from "../support/browser.ts"
import { eventually } from "../support/service.ts"
import { ana, botToken, sentTo } from "../support/shop.ts"
import { World } from "../support/world.ts"
import { standIns, toldTo } from "./meta.ts"

const fbclid = "IwAR0abcDEF_-123456789"
const campaign = "Coração | Promoção|120210000000000001"
const query = `utm_source=FB&utm_campaign=${encodeURIComponent(campaign)}&fbclid=${fbclid}`
const userAgent = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0.0.0 Mobile Safari/537.36"
const phone = { userAgent, viewport: { width: 390, height: 844 } }

const layers = World.layerWith()

interface Session {
  readonly id: string
  readonly utm: string | null
  readonly fbp: string | null
  readonly fbc: string | null
  readonly viewed: boolean
  readonly clicked: boolean
}

const sessions = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  return yield* sql<Session>`
    select id, utm_campaign as utm, fbp, fbc, viewed_at is not null as viewed, clicked_at is not null as clicked
    from tracking_sessions order by first_seen_at`
})

const setting = Effect.gen(function* () {
  const { sandbox, service } = yield* World
  return { sandbox, service, told: toldTo(sandbox), sql: yield* SqlClient.SqlClient }
})

/** A seller's own page, at an address of its own. */
const sellersPage = (html: string) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly url: string; readonly close: () => void }>((resume) => {
      const server = createServer((_, response) => {
        response.setHeader("content-type", "text/html; charset=utf-8")
        response.end(html)
      })
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = typeof address === "object" && address !== null ? address.port : 0
        resume(Effect.succeed({ url: `http://localhost:${port}`, close: () => server.close() }))
      })
    }),
    ({ close }) => Effect.sync(close)
  )

describe("the presell page in a browser", () => {
  it.live("a visitor with UTMs and fbclid clicks and buys: Meta and UTMify hear the whole story of one person", () =>
    Effect.gen(function* () {
      const { sandbox, service, told } = yield* setting
      const { meta, pushinpay, telegram, utmify } = sandbox
      yield* service.admin("PUT", "/api/admin/bots/vip/presell", {
        title: "Oferta <b>da</b> semana",
        text: "Primeiro.\n\nSegundo & último.",
        button: "Quero entrar"
      })
      const { errors, page } = yield* openPage({ ...phone, extraHTTPHeaders: { "x-forwarded-for": "203.0.113.7" } })
      const { opened } = yield* standIns(page, sandbox)
      yield* Effect.promise(() => page.goto(`${service.url}/p/vip?${query}`))
      assert.strictEqual(yield* Effect.promise(() => page.locator("h1").innerText()), "Oferta <b>da</b> semana")
      yield* meta.waitForEvents(({ name }) => name === "PageView", { count: 2 })
      const [session] = yield* sessions
      assert.deepInclude(session, { utm: campaign, viewed: true, clicked: false })
      const id = session!.id

      yield* Effect.promise(() => page.getByText("Quero entrar").click())
      yield* Effect.promise(() => page.waitForURL("https://t.me/**"))
      assert.deepStrictEqual(opened, [`https://t.me/vip_bot?start=${id}`])
      yield* meta.waitForEvents(({ name }) => name === "Contact", { count: 2 })

      yield* telegram.person(ana)
      yield* telegram.sendText(botToken, ana, `/start ${id}`)
      yield* telegram.waitFor(sentTo(ana.id, /Olá/))
      yield* telegram.press(botToken, ana, "Quero o mensal")
      const charge = yield* pushinpay.waitForCharge(() => true)
      yield* telegram.waitFor(sentTo(ana.id, /<code>/))
      yield* pushinpay.pay(charge.id)
      yield* telegram.waitFor(sentTo(ana.id, /Seu acesso/))
      yield* meta.waitForEvents(({ name }) => name === "Purchase")

      // One event id for both ways of telling it, so that it counts once.
      const events = yield* told
      for (const [name, eventId] of [
        ["PageView", `presell_view:${id}`],
        ["Contact", `to_bot_click:${id}`]
      ] as const) {
        assert.sameMembers(
          events.filter((one) => one.includes(name)),
          [`browser ${name} ${eventId}`, `server ${name} ${eventId}`]
        )
      }
      const received = yield* meta.received
      const fromServer = received.filter(({ source }) => source === "server")
      assert.deepStrictEqual(
        fromServer.map(({ name }) => name),
        ["PageView", "Contact", "Lead", "InitiateCheckout", "Purchase"]
      )
      assert.deepStrictEqual(
        received.flatMap(({ notes }) => notes),
        []
      )
      const [clicked] = yield* sessions
      assert.match(clicked!.fbc!, new RegExp(`^fb\\.1\\.\\d{13}\\.${fbclid}$`))
      const purchase = fromServer.at(-1)!.event
      assert.deepInclude(purchase["custom_data"], { value: 19.9, currency: "BRL" })
      assert.deepInclude(purchase["user_data"], {
        external_id: [hash("sha256", id, "hex"), hash("sha256", String(ana.id), "hex")],
        fbp: clicked!.fbp,
        fbc: clicked!.fbc,
        client_ip_address: "203.0.113.7",
        client_user_agent: userAgent
      })

      const order = yield* utmify.waitForOrder(({ history }) => history.length === 2)
      assert.deepStrictEqual(
        order.history.map(({ status }) => status),
        ["waiting_payment", "paid"]
      )
      for (const { body } of order.history) {
        assert.deepInclude(body["trackingParameters"], { utm_source: "FB", utm_campaign: campaign })
        assert.strictEqual((body["customer"] as { ip?: string }).ip, "203.0.113.7")
      }
      const metrics = yield* service.admin("GET", "/api/metrics?bot=vip")
      assert.deepStrictEqual(
        metrics.json.funnel.map((step: { events: number }) => step.events),
        [1, 1, 1, 1, 1]
      )
      assert.deepStrictEqual(errors, [])
    }).pipe(Effect.scoped, Effect.provide(layers))
  )

  it.live("a second look is no second view, and works without JavaScript too", () =>
    Effect.gen(function* () {
      const { sandbox, service } = yield* setting
      const { page } = yield* openPage(phone)
      yield* standIns(page, sandbox)
      for (let times = 1; times <= 2; times++) {
        yield* Effect.promise(() => page.goto(`${service.url}/p/vip?${query}`))
        yield* sandbox.meta.waitForEvents(({ source }) => source === "browser", { count: times })
      }
      assert.lengthOf(yield* sessions, 1)
      const views = (yield* sandbox.meta.received).filter(({ source }) => source === "browser")
      assert.strictEqual(views[0]?.eventId, views[1]?.eventId)

      const plain = yield* openPage({ ...phone, javaScriptEnabled: false })
      const { opened } = yield* standIns(plain.page, sandbox)
      yield* Effect.promise(() => plain.page.goto(`${service.url}/p/vip?${query}`))
      yield* Effect.promise(() => plain.page.locator("a.go").click())
      yield* Effect.promise(() => plain.page.waitForURL("https://t.me/**"))
      const all = yield* eventually(sessions, (found) => found.length === 2)
      assert.deepInclude(all[1], { utm: campaign, viewed: false, clicked: true })
      assert.deepStrictEqual(opened, [`https://t.me/vip_bot?start=${all[1]?.id}`])
    }).pipe(Effect.scoped, Effect.provide(layers))
  )

  it.live("t.js does the same for a page of another host, and for links straight to Telegram", () =>
    Effect.gen(function* () {
      const { sandbox, service, told } = yield* setting
      const seller = yield* sellersPage(`<!doctype html><title>Loja</title>
        <a id="go" href="${service.url}/go/vip">Entrar</a> <a id="direct" href="https://t.me/VIP_bot">Direto</a>
        <a id="other" href="https://t.me/outro_bot?start=x">Outro</a>
        <script async src="${service.url}/t.js" data-bot="vip"></script>`)
      const { errors, page } = yield* openPage(phone)
      const { opened } = yield* standIns(page, sandbox)
      yield* Effect.promise(() => page.goto(`${seller.url}/oferta?${query}`))
      yield* sandbox.meta.waitForEvents(({ source }) => source === "browser")
      const [session] = yield* sessions
      assert.strictEqual(session?.utm, campaign)
      const hrefs = yield* Effect.promise(
        () => page.evaluate("[...document.links].map((link) => link.href)") as Promise<ReadonlyArray<string>>
      )
      assert.match(hrefs[0]!, new RegExp(`^${service.url}/go/vip\\?s=${session?.id}`))
      assert.match(hrefs[1]!, new RegExp(`^${service.url}/go/vip\\?s=${session?.id}`))
      assert.strictEqual(hrefs[2], "https://t.me/outro_bot?start=x")
      yield* Effect.promise(() => page.locator("#direct").click())
      yield* Effect.promise(() => page.waitForURL("https://t.me/**"))
      assert.deepStrictEqual(opened, [`https://t.me/vip_bot?start=${session?.id}`])
      const [clicked] = yield* eventually(sessions, ([one]) => one?.clicked === true)
      assert.match(clicked?.fbp ?? "", /^fb\.1\.\d{13}\.\d+$/)
      yield* eventually(told, (events) => events.includes(`browser Contact to_bot_click:${session?.id}`))
      assert.deepStrictEqual(errors, [])
    }).pipe(Effect.scoped, Effect.provide(layers))
  )

  it.live("with consent asked for, nothing goes to Meta before the visitor agreed", () =>
    Effect.gen(function* () {
      const { sandbox, service, sql, told } = yield* setting
      yield* service.admin("PATCH", "/api/admin/bots/vip/tracking", { consent_required: true })
      const { page } = yield* openPage(phone)
      yield* standIns(page, sandbox)
      yield* Effect.promise(() => page.goto(`${service.url}/p/vip?${query}`))
      yield* Effect.promise(() => page.getByRole("dialog").waitFor())
      const [asked] = yield* sessions
      assert.deepInclude(asked, { viewed: true, fbp: null, fbc: null })
      assert.lengthOf(yield* sql`select 1 from outbox where destination = 'facebook'`, 0)
      assert.lengthOf(yield* sql`select 1 from tracking_clients`, 0)
      assert.deepStrictEqual(yield* told, [])
      yield* Effect.promise(() => page.getByText("Aceitar").click())
      const id = `presell_view:${asked?.id}`
      const both = yield* eventually(told, ({ length }) => length === 2)
      assert.sameMembers([...both], [`browser PageView ${id}`, `server PageView ${id}`])
      assert.lengthOf(yield* sessions, 1)
      assert.lengthOf(yield* sql`select 1 from tracking_clients`, 1)

      const other = yield* openPage(phone)
      yield* standIns(other.page, sandbox)
      yield* Effect.promise(() => other.page.goto(`${service.url}/p/vip?${query}`))
      yield* Effect.promise(() => other.page.getByText("Recusar").click())
      yield* eventually(
        sql<{ consent: boolean | null }>`select consent from tracking_sessions order by first_seen_at`,
        (rows) => rows[1]?.consent === false
      )
      yield* Effect.promise(() => other.page.locator("a.go").click())
      yield* Effect.promise(() => other.page.waitForURL("https://t.me/**"))
      yield* eventually(sessions, (found) => found[1]?.clicked === true)
      assert.lengthOf(yield* sql`select 1 from outbox where destination = 'facebook'`, 1)
      assert.lengthOf(yield* told, 2)
    }).pipe(Effect.scoped, Effect.provide(layers))
  )
})
