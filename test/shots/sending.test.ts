import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { crowd, lasting } from "../support/faults.ts"
import { eventually } from "../support/service.ts"
import { botToken, sentTo } from "../support/shop.ts"
import { World } from "../support/world.ts"
import { act, createShot, gather, shotsPath, until } from "./support.ts"

const nobody = { failed: 0, blocked: 0, skipped: 0, pending: 0, ambiguous: 0 }

/** People of a test's own, and how often each of them got a message with these words. */
let nextId = 7_100_000_000
const scene = Effect.fnUntraced(function* (size: number) {
  const world = yield* World
  const { sandbox, shop } = world
  const sql = yield* SqlClient.SqlClient
  const people = crowd(size, nextId)
  nextId += size
  // Whoever was there before is of no concern.
  yield* sql`update bot_users set opted_out = true where bot_id = ${shop.botId}`
  yield* gather(sql, shop.botId, people)
  yield* sandbox.telegram.configure({ acceptUnknownChats: true })
  const got = (words: RegExp) =>
    Effect.map(sandbox.telegram.calls, (calls) => {
      const sent = calls.filter((call) => call.ok && words.test(String(call.params["text"])))
      return { sent, perPerson: Map.groupBy(sent, (call) => Number(call.params["chat_id"])) }
    })
  return { ...world, sql, people, got }
})

const bot = (active: boolean) =>
  Effect.flatMap(World, ({ service, shop }) =>
    service.admin("PATCH", `/api/admin/bots/${shop.slug}`, { active, messages_per_second: 200 })
  )

describe("a shot", () => {
  layer(World.layerWith(), { excludeTestServices: true })((it) => {
    it.effect("reaches everybody of its bot once, in their name, and counts them", () =>
      Effect.gen(function* () {
        const { got, people, service, shop } = yield* scene(60)
        yield* bot(true)
        const path = yield* createShot(service, shop.slug, { content: { text: "Oi {nome}, primeira" } })
        const draft = yield* service.admin("GET", path)
        assert.strictEqual(draft.json.status, "draft")
        assert.deepStrictEqual(draft.json.counts, { total: 0, sent: 0, ...nobody })
        const started = yield* act(service, path, "start")
        assert.strictEqual(started.counts.total, 60)
        const done = yield* until(service, path, "done")
        assert.deepStrictEqual(done.counts, { total: 60, sent: 60, ...nobody })
        assert.strictEqual(done.progress.percent, 100)
        const { perPerson, sent } = yield* got(/primeira/)
        assert.deepStrictEqual([sent.length, perPerson.size], [60, 60])
        assert.isTrue(sent.some(sentTo(people[7]!.id, /^Oi Pessoa7, primeira$/)))
        yield* service.wrote(/Disparo "Novidade" do bot vip terminou: 60 enviadas/)
        for (const action of ["start", "pause", "resume", "cancel"]) {
          assert.strictEqual((yield* service.admin("POST", `${path}/${action}`)).status, 409)
        }
      })
    )

    it.effect("spares whoever blocked, opted out or paid after he was chosen, also while the bot was paused", () =>
      Effect.gen(function* () {
        const { got, people, service, shop, sql } = yield* scene(5)
        yield* bot(false)
        const path = yield* createShot(service, shop.slug, {
          content: { text: "segunda" },
          filters: { audience: "never_paid" }
        })
        assert.strictEqual((yield* act(service, path, "start")).counts.total, 5)
        const [blocked, out, paid] = people
        yield* sql`update bot_users set blocked = true where telegram_id = ${blocked!.id}`
        yield* sql`update bot_users set opted_out = true where telegram_id = ${out!.id}`
        yield* sql`update bot_users set has_paid = true where telegram_id = ${paid!.id}`
        yield* bot(true)
        const { counts } = yield* until(service, path, "done")
        assert.deepStrictEqual(counts, { ...nobody, total: 5, sent: 2, blocked: 1, skipped: 2 })
        assert.strictEqual((yield* got(/segunda/)).sent.length, 2)
      })
    )

    it.effect("stands still within 2 s of a pause, goes on where it stopped, and ends for good when canceled", () =>
      Effect.gen(function* () {
        const { got, sandbox, service, shop } = yield* scene(400)
        yield* sandbox.telegram.configure({ latencyMs: 100 })
        const path = yield* createShot(service, shop.slug, { content: { text: "terceira" } })
        yield* act(service, path, "start")
        yield* eventually(got(/terceira/), ({ sent }) => sent.length > 40)
        yield* act(service, path, "pause")
        const pausedAt = performance.now()
        yield* lasting(1_000)
        const { sent } = yield* got(/terceira/)
        const late = Math.max(...sent.map((call) => call.receivedAt)) - pausedAt
        assert.isBelow(late, 500)
        assert.isBelow(sent.length, 400)
        const paused = (yield* service.admin("GET", path)).json
        assert.strictEqual(paused.status, "paused")
        assert.deepStrictEqual([paused.counts.sent, paused.counts.ambiguous], [sent.length, 0])
        yield* act(service, path, "resume")
        yield* eventually(got(/terceira/), (now) => now.sent.length > sent.length + 40)
        const { counts } = yield* act(service, path, "cancel")
        assert.strictEqual(counts.pending, 0)
        // What had left comes to its end.
        yield* eventually(
          Effect.all([service.admin("GET", path), got(/terceira/)]),
          ([{ json }, { perPerson, sent }]) => {
            const { sent: counted, skipped } = json.counts
            return counted === sent.length && counted === perPerson.size && counted + skipped === 400
          }
        )
        yield* sandbox.telegram.configure({ latencyMs: 0 })
      })
    )

    it.effect("loses nobody to a storm of 429s", () =>
      Effect.gen(function* () {
        const { got, sandbox, service, shop } = yield* scene(80)
        // Many are in the air when the first answer comes.
        yield* sandbox.telegram.configure({ latencyMs: 100 })
        yield* sandbox.telegram.fail({
          match: { method: "sendMessage" },
          answer: { kind: "limited", retryAfter: 1 },
          times: 40
        })
        yield* sandbox.telegram.fail({
          match: { method: "sendMessage" },
          answer: { kind: "limited", retryAfter: 3 },
          times: 1
        })
        const path = yield* createShot(service, shop.slug, { content: { text: "quarta" } })
        yield* act(service, path, "start")
        const { counts } = yield* until(service, path, "done", 30)
        assert.deepStrictEqual(counts, { ...nobody, total: 80, sent: 80 })
        const { perPerson, sent } = yield* got(/quarta/)
        assert.deepStrictEqual([sent.length, perPerson.size], [80, 80])
        yield* sandbox.telegram.configure({ latencyMs: 0 })
      })
    )

    it.effect("knows who is gone, does not repeat what may have arrived, and sets a refused message aside", () =>
      Effect.gen(function* () {
        const { got, people, sandbox, service, shop, sql } = yield* scene(30)
        const [gone, lost, refused] = people
        const answers = [
          [gone!.id, { kind: "forbidden", description: "Forbidden: bot was blocked by the user" }],
          [lost!.id, { kind: "reset", applied: true }],
          [refused!.id, { kind: "refused", description: "Bad Request: something new" }]
        ] as const
        yield* Effect.forEach(answers, ([chat, answer]) =>
          sandbox.telegram.fail({ match: { chat, method: "sendMessage" }, answer, times: Infinity })
        )
        const path = yield* createShot(service, shop.slug, { content: { text: "quinta" } })
        yield* act(service, path, "start")
        const { counts } = yield* until(service, path, "done")
        assert.deepStrictEqual(counts, { ...nobody, total: 30, sent: 27, blocked: 1, ambiguous: 1, failed: 1 })
        const { perPerson } = yield* got(/quinta/)
        assert.isAtMost(perPerson.get(lost!.id)?.length ?? 0, 1)
        const rows = yield* sql<{ blocked: boolean }>`select blocked from bot_users where telegram_id = ${gone!.id}`
        assert.deepStrictEqual(rows, [{ blocked: true }])
        yield* sandbox.telegram.clearFaults
      })
    )

    it.effect("pauses by itself when too much of it fails, and says why", () =>
      Effect.gen(function* () {
        const { sandbox, service, shop } = yield* scene(300)
        yield* sandbox.telegram.fail({
          match: { method: "sendMessage" },
          answer: { kind: "refused", description: "Bad Request: something new" },
          times: Infinity
        })
        const path = yield* createShot(service, shop.slug, { content: { text: "sexta" }, error_limit_percent: 50 })
        yield* act(service, path, "start")
        const paused = yield* until(service, path, "paused")
        assert.match(paused.stop_reason, /^\d+ de \d+ mensagens falharam$/)
        assert.isAbove(paused.counts.pending, 0)
        yield* sandbox.telegram.clearFaults
        yield* act(service, path, "resume")
        const { counts, stop_reason } = yield* until(service, path, "done")
        assert.deepStrictEqual([counts.sent + counts.failed, stop_reason], [300, null])
      })
    )

    it.effect("begins once at its time, and spares who had enough shots lately", () =>
      Effect.gen(function* () {
        const { got, service, shop } = yield* scene(6)
        const path = yield* createShot(service, shop.slug, {
          content: { text: "sétima" },
          scheduled_at: new Date(Date.now() + 1_500).toISOString()
        })
        assert.strictEqual((yield* service.admin("GET", path)).json.status, "scheduled")
        const { counts } = yield* until(service, path, "done")
        assert.deepStrictEqual(counts, { ...nobody, total: 6, sent: 6 })
        assert.strictEqual((yield* got(/sétima/)).sent.length, 6)
        const cap = (patch: object) => service.admin("PATCH", `/api/admin/bots/${shop.slug}`, patch)
        assert.include((yield* cap({ shots_per_person: 1 })).json, { shots_per_person: 1, shots_per_person_hours: 24 })
        const second = yield* createShot(service, shop.slug, { content: { text: "oitava" } })
        yield* act(service, second, "start")
        assert.deepStrictEqual((yield* until(service, second, "done")).counts, {
          ...nobody,
          total: 6,
          sent: 0,
          skipped: 6
        })
        assert.include((yield* cap({ shots_per_person: null })).json, { shots_per_person_hours: null })
      })
    )

    it.effect("has a button to get no more, which is honoured by shots and downsells until /voltar", () =>
      Effect.gen(function* () {
        const { got, people, sandbox, service, shop, sql } = yield* scene(2)
        const [leaver, stayer] = people
        const { telegram } = sandbox
        yield* telegram.person(leaver!)
        const waiting = yield* service.admin("POST", `/api/admin/bots/${shop.slug}/downsells`, {
          name: "Volte",
          trigger: "start",
          delay_seconds: 600,
          content: { text: "décima oferta" }
        })
        yield* telegram.sendText(botToken, leaver!, "/start")
        const queued = sql<{ status: string; reason: string | null }>`
          select status, cancel_reason as reason from downsells_queue where telegram_id = ${leaver!.id}`
        yield* eventually(queued, ([row]) => row?.status === "pending")

        const send = Effect.fnUntraced(function* (text: string, more: object = {}) {
          const path = yield* createShot(service, shop.slug, { content: { text, ...more } })
          yield* act(service, path, "start")
          yield* until(service, path, "done")
          return [...(yield* got(new RegExp(text))).perPerson.keys()].toSorted()
        })
        const both = [leaver!.id, stayer!.id]
        assert.deepStrictEqual(yield* send("décima, com saída", { opt_out: true }), both)
        const isOut = sql<{ out: boolean }>`select opted_out as out from bot_users where telegram_id = ${leaver!.id}`
        yield* telegram.press(botToken, leaver!, "🔕 Não quero mais receber")
        yield* eventually(isOut, ([row]) => row?.out === true)

        assert.deepStrictEqual(yield* send("décima primeira"), [stayer!.id])
        yield* sql`update downsells_queue set scheduled_at = now() where telegram_id = ${leaver!.id}`
        const [row] = yield* eventually(queued, ([found]) => found?.status !== "pending")
        assert.deepStrictEqual(row, { status: "canceled", reason: "opted_out" })
        assert.lengthOf((yield* got(/décima oferta/)).sent, 0)

        yield* telegram.sendText(botToken, leaver!, "/voltar")
        yield* eventually(isOut, ([found]) => found?.out === false)
        assert.deepStrictEqual(yield* send("décima segunda"), both)
        yield* service.admin("DELETE", `/api/admin/bots/${shop.slug}/downsells/${waiting.json.id}`)
      })
    )

    it.effect("is shown to the seller first, can be copied, and tells what was sold by its buttons", () =>
      Effect.gen(function* () {
        const { people, sandbox, service, shop } = yield* scene(2)
        const [first] = people
        yield* sandbox.telegram.person(first!)
        const content = {
          text: "nona",
          buttons: [[{ text: "Com desconto", plan_id: shop.planId, price_cents: 990 }]]
        }
        const path = yield* createShot(service, shop.slug, { content })
        const shown = yield* service.admin("POST", `${path}/test`, { chat_id: first!.id })
        assert.deepStrictEqual(shown.json, { calls: [{ method: "sendMessage", ok: true }] })
        const copy = yield* service.admin("POST", `${path}/duplicate`)
        assert.deepStrictEqual([copy.status, copy.json.title, copy.json.content], [201, "Novidade (cópia)", content])
        yield* act(service, path, "start")
        yield* until(service, path, "done")
        yield* sandbox.telegram.press(botToken, first!, "Com desconto")
        const charge = yield* sandbox.pushinpay.waitForCharge(({ valueCents }) => valueCents === 990)
        yield* sandbox.pushinpay.pay(charge.id)
        const { json } = yield* eventually(service.admin("GET", path), (answer) => answer.json.sales === 1)
        assert.strictEqual(json.revenue_cents, 990)
        const list = yield* service.admin("GET", `${shotsPath(shop.slug)}?limit=2`)
        assert.deepStrictEqual(
          [list.json.items.length, list.json.items[0].id, list.json.items[1].sales],
          [2, copy.json.id, 1]
        )
        assert.isString(list.json.next_cursor)
      })
    )

    it.effect("says what is wrong with what it is told", () =>
      Effect.gen(function* () {
        const { service, shop } = yield* World
        const content = { text: "x" }
        const post = (body: unknown, more = "") => service.admin("POST", `${shotsPath(shop.slug)}${more}`, body)
        const faults = [
          [
            {
              title: "x",
              content: { text: "x", media: Array.from({ length: 4 }, () => ({ kind: "photo", file_id: "a" })) }
            },
            "content.media"
          ],
          [{ title: "x", content: {} }, "content.text"],
          [{ title: " ", content }, "title"],
          [{ title: "x", content, filters: { audience: "todos" } }, "filters.audience"],
          [{ title: "x", content, filters: { since: "2026-02-01", until: "2026-01-01" } }, "filters.until"],
          [{ title: "x", content, scheduled_at: "2020-01-01T00:00:00Z" }, "scheduled_at"],
          [
            { title: "x", content: { text: "x", buttons: [[{ text: "a", plan_id: 999_999 }]] } },
            "content.buttons.0.0.plan_id"
          ]
        ] as const
        for (const [body, field] of faults) {
          const { json, status } = yield* post(body)
          assert.deepStrictEqual([status, Object.keys(json.fields)], [422, [field]], JSON.stringify(json))
        }
        assert.strictEqual((yield* post({}, "/999999/start")).status, 404)
        assert.strictEqual((yield* service.admin("GET", "/api/admin/bots/nenhum/shots")).status, 404)
        assert.strictEqual((yield* post("{", "/audience")).status, 400)
        const { json } = yield* post({ filters: { audience: "paid" } }, "/audience")
        assert.isAtLeast(json.people, 0)
      })
    )
  })
})
