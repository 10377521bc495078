import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { ana, botToken, sentTo } from "../support/shop.ts"
import { eventually } from "../support/service.ts"
import { World } from "../support/world.ts"

const fbclid = "IwAR0abcDEF_-123456789"
const campaign = "Coração | Promoção|120210000000000001"
const landing = `https://loja.com.br/oferta?utm_source=FB&utm_medium=Conjunto%7C123&utm_campaign=${encodeURIComponent(campaign)}&fbclid=${fbclid}`
const phone = "Mozilla/5.0 (Linux; Android 14; wv) Chrome/130.0 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/440.0;]"
const headers = { "user-agent": phone, "x-forwarded-for": "203.0.113.7" }

/** Every row of every table, as text. */
const everything = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const tables = yield* sql<{ name: string }>`
    select relname as name from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition`
  const rows = yield* Effect.forEach(tables, ({ name }) =>
    Effect.map(sql<{ row: string }>`select t::text as row from ${sql(name)} t`, (found) =>
      found.map(({ row }) => ({ table: name, row }))
    )
  )
  return rows.flat()
})

const layers = World.layerWith()

describe("tracking, from the ad to the paid PIX", () => {
  it.live("one person is one session with all its steps, and the charge keeps what the click brought", () =>
    Effect.gen(function* () {
      const { sandbox, service } = yield* World
      const sql = yield* SqlClient.SqlClient
      const view = yield* service.request(
        "POST",
        "/api/track/view",
        { bot: "vip", url: landing, referrer: null, fbp: "fb.1.1596403881668.1116446470" },
        headers
      )
      assert.strictEqual(view.status, 200, view.text)
      const { bot_url, event_id, session } = view.json
      assert.match(session, /^[\w-]{22}$/)
      assert.strictEqual(event_id, `presell_view:${session}`)

      const go = yield* Effect.promise(() => fetch(bot_url, { redirect: "manual", headers }))
      assert.strictEqual(go.status, 302)
      assert.strictEqual(go.headers.get("location"), `https://t.me/vip_bot?start=${session}`)

      const { telegram, pushinpay } = sandbox
      yield* telegram.person(ana)
      yield* telegram.sendText(botToken, ana, `/start ${session}`)
      yield* telegram.waitFor(sentTo(ana.id, /Olá/))
      yield* telegram.press(botToken, ana, "Quero o mensal")
      const charge = yield* pushinpay.waitForCharge(() => true)
      yield* telegram.waitFor(sentTo(ana.id, /<code>/))
      yield* pushinpay.pay(charge.id)
      yield* telegram.waitFor(sentTo(ana.id, /Seu acesso/))

      const rows = yield* eventually(
        sql<Record<string, unknown>>`select * from tracking_sessions`,
        ([row]) => row?.["paid_at"] !== null && row?.["pix_at"] !== null
      )
      assert.strictEqual(rows.length, 1)
      const times = ["viewed_at", "clicked_at", "started_at", "pix_at", "paid_at"].map((name) =>
        Number(rows[0]?.[name])
      )
      assert.deepStrictEqual(
        times.toSorted((a, b) => a - b),
        times
      )
      assert.include(rows[0], {
        id: session,
        telegram_id: ana.id,
        utm_campaign: campaign,
        fbclid,
        in_app_browser: "facebook",
        fbc_origin: "derived"
      })
      assert.match(String(rows[0]?.["fbc"]), new RegExp(`^fb\\.1\\.\\d{13}\\.${fbclid}$`))
      assert.isNull(rows[0]?.["ip"])

      const events = yield* sql<{ name: string; session: string; campaign: string; source: string }>`
        select event_name as name, session_id as session, utm_campaign as campaign, utm_source as source
        from funnel_events order by occurred_at, id`
      assert.deepStrictEqual(
        new Set(events.map(({ name }) => name)),
        new Set(["presell_view", "to_bot_click", "bot_start", "bot_interaction", "pix_created", "pix_paid"])
      )
      for (const event of events) assert.deepInclude(event, { session, campaign, source: "FB" }, event.name)

      const [payment] = yield* sql<{ id: number; tracking: Record<string, unknown> }>`select id, tracking from payments`
      assert.deepInclude(payment?.tracking, {
        session_id: session,
        utm_campaign: campaign,
        fbclid,
        fbp: "fb.1.1596403881668.1116446470"
      })
      assert.notProperty(payment?.tracking, "ip")
      const clients = yield* sql<{ payment: number; ip: string; agent: string }>`
        select payment_id as payment, host(ip) as ip, user_agent as agent from tracking_clients order by payment_id`
      assert.deepStrictEqual(
        clients,
        [0, payment!.id].map((id) => ({ payment: id, ip: "203.0.113.7", agent: phone }))
      )

      const metrics = yield* service.admin("GET", "/api/metrics?bot=vip&utm_source=FB")
      assert.deepStrictEqual(
        metrics.json.funnel.map((step: { unique: number }) => step.unique),
        [1, 1, 1, 1, 1]
      )

      yield* eventually(sql`select 1 from telegram_updates where state = 0`, (waiting) => waiting.length === 0)
      const person = `/api/admin/users/vip/${ana.id}`
      assert.strictEqual((yield* service.admin("DELETE", person)).status, 204)
      assert.strictEqual((yield* service.admin("DELETE", person)).status, 404)
      assert.strictEqual((yield* service.request("DELETE", person)).status, 401)
      const left = yield* everything
      for (const trace of [String(ana.id), "Ana", "ana_souza", "203.0.113.7", "FBAV", fbclid, "1116446470"]) {
        assert.deepStrictEqual(
          left.filter(({ row }) => row.includes(trace)),
          [],
          trace
        )
      }
      const [sale] = yield* sql`select status, value_cents, tracking from payments`
      assert.deepStrictEqual(sale, {
        status: "paid",
        value_cents: 1990,
        tracking: { utm_source: "FB", utm_medium: "Conjunto|123", utm_campaign: campaign }
      })
      const later = yield* service.admin("GET", "/api/metrics?bot=vip&utm_source=FB")
      assert.strictEqual(later.json.revenue_cents, 1990)
      // The old link opens nothing any more; its owner is greeted all the same.
      yield* telegram.sendText(botToken, ana, `/start ${session}`)
      const known = yield* eventually(
        sql<{ session: string | null }>`select session_id as session from bot_users`,
        ({ length }) => length === 1
      )
      assert.isNull(known[0]?.session)
    }).pipe(Effect.provide(layers))
  )
})
