import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { hash } from "node:crypto"
import { jpeg, png } from "../media/samples.ts"
import { eventually, type ServiceProcess } from "../support/service.ts"
import { botToken, openShop, sentTo } from "../support/shop.ts"
import { World } from "../support/world.ts"

const uploadTo = Effect.fnUntraced(function* (service: ServiceProcess, slug: string, bytes: Uint8Array) {
  const form = new FormData()
  form.append("file", new Blob([Buffer.from(bytes)]), "foto.png")
  const answer = yield* Effect.promise(async () =>
    fetch(`${service.url}/api/admin/bots/${slug}/media`, {
      method: "POST",
      headers: { authorization: `Bearer ${service.password}` },
      body: form
    }).then((response) => response.json() as Promise<{ readonly id: number }>)
  )
  return answer.id
})

let lastId = 7_300_000_000
const newcomer = () => ({ id: ++lastId, first_name: `Pessoa${lastId % 1000}` })

const setting = Effect.gen(function* () {
  const { sandbox, service, shop } = yield* World
  const sql = yield* SqlClient.SqlClient
  const path = `/api/admin/bots/${shop.slug}`
  const create = Effect.fnUntraced(function* (body: object) {
    const answer = yield* service.admin("POST", `${path}/downsells`, {
      name: "Oferta",
      trigger: "start",
      delay_seconds: 600,
      content: { text: "Oferta" },
      ...body
    })
    assert.strictEqual(answer.status, 201, answer.text)
    return answer.json
  })
  const start = Effect.fnUntraced(function* (who: { readonly id: number; readonly first_name: string }) {
    yield* sandbox.telegram.person(who)
    yield* sandbox.telegram.sendText(botToken, who, "/start")
    yield* eventually(sql`select 1 from bot_users where telegram_id = ${who.id}`, (rows) => rows.length === 1)
  })
  const hurry = (who: { readonly id: number }) =>
    sql`update downsells_queue set scheduled_at = now() where telegram_id = ${who.id} and status = 'pending'`
  return { sandbox, service, shop, sql, path, create, start, hurry }
})

layer(World.layerWith({ telegram: { timeScale: 0.1 } }), { excludeTestServices: true, timeout: "60 seconds" })(
  "the admin API of downsells",
  (it) => {
    it.effect("creates, shows, changes and removes; what waits is sent as it is then, or not at all", () =>
      Effect.gen(function* () {
        const { create, hurry, path, sandbox, service, sql, start } = yield* setting
        const made = yield* create({
          name: "Última chance",
          content: { text: "Antes" },
          hours: { from: "00:00", to: "00:00" },
          repeat_after_seconds: 3600
        })
        assert.deepInclude(made, {
          name: "Última chance",
          trigger: "start",
          delay_seconds: 600,
          active: true,
          repeat_after_seconds: 3600,
          drop_after_seconds: 86_400,
          to_buyers: false,
          hours: { from: "00:00", to: "00:00" },
          content: { text: "Antes" },
          sales: 0,
          revenue_cents: 0
        })
        const gone = yield* create({ name: "Apagado", content: { text: "Nunca" } })
        const who = newcomer()
        yield* start(who)
        const changed = yield* service.admin("PATCH", `${path}/downsells/${made.id}`, { content: { text: "Depois" } })
        assert.deepStrictEqual([changed.status, changed.json?.content], [200, { text: "Depois" }])
        assert.strictEqual((yield* service.admin("DELETE", `${path}/downsells/${gone.id}`)).status, 204)
        yield* hurry(who)
        yield* sandbox.telegram.waitFor(sentTo(who.id, /Depois/), 15_000)
        assert.deepStrictEqual(
          yield* sql`select status, cancel_reason from downsells_queue where downsell_id = ${gone.id}`,
          [{ status: "canceled", cancel_reason: "deleted" }]
        )
        const { items } = (yield* eventually(
          service.admin("GET", `${path}/downsells`),
          ({ json }) => json.items[0]?.counts.sent === 1
        )).json
        assert.deepStrictEqual(
          items.map((one: { name: string; counts: object }) => [one.name, one.counts]),
          [
            [
              "Última chance",
              { pending: 0, sent: 1, failed: 0, blocked: 0, ambiguous: 0, canceled: 0, skipped: 0, expired: 0 }
            ]
          ]
        )
        assert.strictEqual((yield* service.admin("GET", `${path}/downsells/${gone.id}`)).status, 404)
      })
    )

    it.effect("says what is wrong with a body, field by field", () =>
      Effect.gen(function* () {
        const { path, service } = yield* setting
        const refused = Effect.fnUntraced(function* (body: object, field: string) {
          const answer = yield* service.admin("POST", `${path}/downsells`, {
            name: "Oferta",
            trigger: "start",
            delay_seconds: 60,
            content: { text: "Oferta" },
            ...body
          })
          assert.strictEqual(answer.status, 422, answer.text)
          assert.property(answer.json.fields, field)
        })
        yield* refused({ trigger: "outro" }, "trigger")
        yield* refused({ delay_seconds: -1 }, "delay_seconds")
        yield* refused({ delay_seconds: 1.5 }, "delay_seconds")
        yield* refused({ name: " " }, "name")
        yield* refused({ hours: { from: "25:00", to: "09:00" } }, "hours.from")
        yield* refused({ content: {} }, "content.text")
        yield* refused(
          { content: { text: "oi", buttons: [[{ text: "x", plan_id: 99_999 }]] } },
          "content.buttons.0.0.plan_id"
        )
        const nowhere = yield* service.admin("POST", "/api/admin/bots/nada/downsells", {
          name: "Oferta",
          trigger: "start",
          delay_seconds: 60,
          content: { text: "Oferta" }
        })
        assert.strictEqual(nowhere.status, 404)
      })
    )

    it.effect("outside the seller's hours, by the clock of the bot's place, a downsell waits for them", () =>
      Effect.gen(function* () {
        const { create, hurry, sandbox, service, path, sql, start } = yield* setting
        // Two hours that are over by six now, in São Paulo.
        const hour = (offset: number) =>
          `${String((new Date(Date.now() - 3 * 3_600_000 + offset * 3_600_000).getUTCHours() + 24) % 24).padStart(2, "0")}:00`
        const made = yield* create({ name: "De manhã", hours: { from: hour(-8), to: hour(-6) } })
        const who = newcomer()
        yield* start(who)
        yield* hurry(who)
        const [row] = yield* eventually(
          sql<{ status: string; hours: number }>`
            select status, extract(epoch from scheduled_at - now())::float8 / 3600 as hours from downsells_queue
            where telegram_id = ${who.id} and downsell_id = ${made.id}`,
          ([found]) => (found?.hours ?? 0) > 1
        )
        assert.strictEqual(row?.status, "pending")
        assert.isTrue(row!.hours > 14 && row!.hours <= 17, String(row!.hours))
        // Seven hours behind São Paulo they are open now.
        const moved = yield* service.admin("PATCH", path, { time_zone: "Pacific/Honolulu" })
        assert.strictEqual(moved.json.time_zone, "Pacific/Honolulu")
        yield* hurry(who)
        yield* sandbox.telegram.waitFor(sentTo(who.id, /Oferta/))
        yield* service.admin("PATCH", path, { time_zone: "America/Sao_Paulo" })
        yield* service.admin("DELETE", `${path}/downsells/${made.id}`)
      })
    )

    it.effect("time travel tells what a /start would bring, and writes nothing", () =>
      Effect.gen(function* () {
        const { create, path, service, sql, start } = yield* setting
        yield* create({ name: "Em dez minutos" })
        yield* create({ name: "Do PIX", trigger: "pix", delay_seconds: 60 })
        const simulate = Effect.fnUntraced(function* (body: object) {
          const answer = yield* service.admin("POST", `${path}/simulate`, body)
          assert.strictEqual(answer.status, 200, answer.text)
          return answer.json
        })
        const at = "2030-01-01T12:00:00-03:00"
        const before =
          yield* sql`select (select count(*) from downsells_queue) as q, (select count(*) from bot_users) as u`
        const forNew = yield* simulate({ at })
        assert.deepStrictEqual(
          forNew.items.map((one: { kind: string; name: string; at: string; sent: boolean }) => [
            one.kind,
            one.name,
            one.at,
            one.sent
          ]),
          [
            ["start", "/start", "2030-01-01T15:00:00.000Z", true],
            ["downsell", "Última chance", "2030-01-01T15:10:00.000Z", true],
            ["downsell", "Em dez minutos", "2030-01-01T15:10:00.000Z", true],
            ["downsell", "Do PIX", null, false]
          ]
        )
        assert.deepStrictEqual(
          yield* sql`select (select count(*) from downsells_queue) as q, (select count(*) from bot_users) as u`,
          before
        )
        const who = newcomer()
        yield* start(who)
        yield* sql`update bot_users set opted_out = true where telegram_id = ${who.id}`
        const left = yield* simulate({ at, telegram_id: who.id })
        assert.isTrue(left.person.opted_out)
        assert.isTrue(left.items.slice(1).every((one: { sent: boolean }) => !one.sent))
        assert.match(left.items[1].reason, /\/parar/)
        assert.strictEqual((yield* service.admin("POST", `${path}/simulate`, { at: "ontem" })).status, 422)
      })
    )

    it.effect("a whole funnel goes from one bot to another as JSON, and twice makes no double", () =>
      Effect.gen(function* () {
        const { create, path, sandbox, service, shop } = yield* setting
        yield* create({
          name: "Com desconto",
          content: { text: "Menos", buttons: [[{ text: "Por {valor}", plan_id: shop.planId, price_cents: 990 }]] }
        })
        const picture = png()
        const photo = yield* uploadTo(service, shop.slug, picture)
        yield* create({ name: "Com foto", content: { text: "Veja", media: [{ media_id: photo }] } })
        const file = (yield* service.admin("GET", `${path}/funnel`)).json
        assert.notMatch(JSON.stringify(file), /LEOBE|token/)
        const other = yield* openShop(service, sandbox, "outro", "8240789013:AAHk3fJ2nXq9vB7wZ5tR1yU8mP6sD4LEOBF")
        const put = service.admin("POST", `/api/admin/bots/${other.slug}/funnel`, file)
        const first = yield* put
        assert.strictEqual(first.status, 200, first.text)
        assert.deepStrictEqual(first.json.plans, { created: 0, kept: 1 })
        assert.strictEqual(first.json.downsells.updated, 0)
        const again = (yield* put).json
        assert.deepStrictEqual(again.downsells, { created: 0, updated: first.json.downsells.created })
        const copied = (yield* service.admin("GET", `/api/admin/bots/${other.slug}/funnel`)).json
        const bare = (one: typeof file) =>
          JSON.parse(JSON.stringify({ ...one, bot: null, media: [] }, (key, value) => (key === "id" ? 0 : value)))
        const numbered = JSON.parse(
          JSON.stringify(bare(file))
            .replaceAll(`"plan_id":${shop.planId}`, `"plan_id":${other.planId}`)
            .replaceAll(`"media_id":${photo}`, `"media_id":${copied.media[0].media_id}`)
        )
        // The file that the other bot lacked was copied, once, and is its own.
        assert.deepStrictEqual(
          copied.media.map((one: { sha256: string }) => one.sha256),
          [hash("sha256", picture, "hex")]
        )
        assert.notStrictEqual(copied.media[0].media_id, photo)
        assert.deepStrictEqual(bare(copied), numbered)
        const broken = yield* service.admin("POST", `/api/admin/bots/${other.slug}/funnel`, {
          ...file,
          media: [{ media_id: 1, kind: "photo", sha256: "ab".repeat(32) }]
        })
        assert.strictEqual(broken.status, 422)
        assert.match(broken.json.fields["media.0"], /Envie antes/)
      })
    )

    it.effect("a funnel that is wrong somewhere comes in not at all; shots come in as drafts, once", () =>
      Effect.gen(function* () {
        const { path, sandbox, service, sql } = yield* setting
        const shot = {
          title: "Aula nova",
          content: { text: "{nome}, chegou" },
          filters: { audience: "paid" },
          scheduled_at: "2031-01-01T12:00:00-03:00"
        }
        assert.strictEqual((yield* service.admin("POST", `${path}/shots`, shot)).status, 201)
        const file = (yield* service.admin("GET", `${path}/funnel`)).json
        assert.deepStrictEqual(file.shots, [
          {
            title: shot.title,
            content: shot.content,
            filters: shot.filters,
            error_limit_percent: 20,
            valid_hours: null
          }
        ])
        const other = yield* openShop(service, sandbox, "destino", "8240789014:AAHk3fJ2nXq9vB7wZ5tR1yU8mP6sD4LEOBG")
        const target = `/api/admin/bots/${other.slug}`
        const taken = Effect.gen(function* () {
          const { json } = yield* service.admin("GET", `${target}/funnel`)
          const rows = yield* sql`
            select (select count(*)::int from bot_plans where bot_id = ${other.botId}) as plans,
              (select count(*)::int from bot_downsells where bot_id = ${other.botId}) as downsells,
              (select count(*)::int from shots where bot_id = ${other.botId}) as shots`
          return { json, rows }
        })
        const before = yield* taken
        const plan = { ...file.plans[0], id: 99, name: "Só desta vez", delivery: { text: "Toma" } }
        const wrong = [
          // Found when everything before it was written already.
          [{ shots: [{ ...file.shots[0], filters: { since: "2031-01-01", until: "2030-01-01" } }] }, "filters.until"],
          [{ downsells: [...file.downsells, { ...file.downsells[0], content: { text: "" } }] }, "downsells."],
          [{ messages: { ...file.messages, start: { media: [1, 2, 3, 4] } } }, "messages.start"],
          [{ plans: [plan, { ...plan, id: 100, price_cents: 0 }] }, "plans.1.price_cents"]
        ] as const
        for (const [changes, field] of wrong) {
          const answer = yield* service.admin("POST", `${target}/funnel`, {
            ...file,
            plans: [...file.plans, plan],
            ...changes
          })
          assert.strictEqual(answer.status, 422, answer.text)
          assert.isTrue(
            Object.keys(answer.json.fields).some((path) => path.startsWith(field)),
            answer.text
          )
          assert.deepStrictEqual(yield* taken, before, field)
        }
        for (const [created, updated] of [
          [1, 0],
          [0, 1]
        ]) {
          const answer = yield* service.admin("POST", `${target}/funnel`, file)
          assert.strictEqual(answer.status, 200, answer.text)
          assert.deepStrictEqual(answer.json.shots, { created, updated })
        }
        const [copy] = (yield* service.admin("GET", `${target}/shots`)).json.items
        assert.deepInclude(copy, { title: shot.title, status: "draft", scheduled_at: null, filters: shot.filters })
        // A file from before shots were in it.
        const { shots: _, ...old } = file
        assert.strictEqual((yield* service.admin("POST", `${target}/funnel`, old)).status, 200)
      })
    )

    it.effect("a bot is copied whole, with its files, and sells as soon as it has a token", () =>
      Effect.gen(function* () {
        const { path, sandbox, service, shop, sql } = yield* setting
        const token = "8240789015:AAHk3fJ2nXq9vB7wZ5tR1yU8mP6sD4LEOBH"
        const form = new FormData()
        form.set("file", new Blob([jpeg()]), "capa.jpg")
        const picture = (yield* service.admin("POST", `${path}/media`, form)).json
        const text = "Com foto, {nome}"
        const buttons = [[{ text: "Quero", plan_id: shop.planId }]]
        yield* service.admin("PUT", `${path}/messages/start`, { text, media: [{ media_id: picture.id }], buttons })
        yield* service.admin("PATCH", path, { notice: "Suporte: @ana", messages_per_second: 20 })
        yield* service.admin("PATCH", `${path}/tracking`, { pixel_id: "99887766", consent_required: true })

        const clone = service.admin("POST", `${path}/clone`, { slug: "gemeo", name: "Gêmeo" })
        // Plain SQL may have written what nobody could send: then nothing of the copy is there.
        const unsendable = JSON.stringify({ text: "x".repeat(5000) })
        yield* sql`insert into bot_messages (bot_id, slug, content) values (${shop.botId}, 'longa', ${unsendable}::jsonb)`
        const isThere = Effect.map(
          service.admin("GET", `${path}/funnel`),
          ({ json }) => json?.messages.longa !== undefined
        )
        yield* eventually(isThere, (there) => there)
        const half = yield* clone
        assert.strictEqual(half.status, 422, half.text)
        assert.match(half.json.fields["messages.longa.text"], /4096/)
        const [left] = yield* sql`
          select (select count(*)::int from bots where slug = 'gemeo') as bots,
            (select count(*)::int from media_store where bot_slug = 'gemeo') as files`
        assert.deepStrictEqual(left, { bots: 0, files: 0 })
        yield* sql`delete from bot_messages where bot_id = ${shop.botId} and slug = 'longa'`
        yield* eventually(isThere, (there) => !there)
        const made = yield* clone
        assert.strictEqual(made.status, 201, made.text)
        assert.deepInclude(made.json, {
          slug: "gemeo",
          name: "Gêmeo",
          active: false,
          token_masked: null,
          username: null,
          notice: "Suporte: @ana",
          messages_per_second: 20
        })
        assert.match(made.json.inactive_reason, /não há token/)
        assert.strictEqual((yield* clone).status, 409)
        assert.strictEqual((yield* service.admin("POST", "/api/admin/bots/nada/clone", { slug: "outra" })).status, 404)
        assert.strictEqual((yield* service.admin("POST", `${path}/clone`, { slug: "A B" })).status, 422)
        const tracking = (yield* service.admin("GET", "/api/admin/bots/gemeo/tracking")).json
        assert.deepInclude(tracking, { pixel_id: "99887766", consent_required: true })
        const [one, two] = yield* Effect.all([
          service.admin("GET", `${path}/funnel`),
          service.admin("GET", "/api/admin/bots/gemeo/funnel")
        ])
        for (const part of ["plans", "downsells", "shots", "media"]) {
          assert.strictEqual(two.json[part].length, one.json[part].length, part)
        }

        yield* sandbox.telegram.addBot({ token, username: "gemeo_bot" })
        const awake = yield* service.admin("PATCH", "/api/admin/bots/gemeo", { token })
        assert.deepInclude(awake.json, { active: true, username: "gemeo_bot" })
        const who = newcomer()
        yield* sandbox.telegram.person(who)
        yield* sandbox.telegram.sendText(token, who, "/start")
        const sent = yield* sandbox.telegram.waitFor(sentTo(who.id, /Com foto/))
        assert.strictEqual(sent.method, "sendPhoto")
        const [row] = yield* sql`select count(*)::int as plans from bot_plans p join bots b on b.id = p.bot_id
          where b.slug = 'gemeo' and ${JSON.stringify(sent.params)} like '%' || p.id || '%'`
        assert.strictEqual(row?.["plans"], 1)
      })
    )
  }
)
