import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import type { Call } from "../../src/sandbox/telegram/CallLog.ts"
import { createShot, gather, until } from "../shots/support.ts"
import { crowd } from "../support/faults.ts"
import { eventually, HarnessError, type ServiceProcess, startService } from "../support/service.ts"
import { openShop, sentTo, wordsOf } from "../support/shop.ts"
import { hook, nextUpdateId, privateMessage, secretOf, settled } from "../support/updates.ts"
import { World } from "../support/world.ts"

/** The second process on the database of the first one, under the same public address. */
class Other extends Context.Service<Other, { readonly service: ServiceProcess }>()("test/Other") {
  static readonly layer = Layer.effect(
    Other,
    Effect.gen(function* () {
      const { env, service } = yield* World
      return { service: yield* startService({ env: { ...env, PUBLIC_URL: service.url } }) }
    })
  )
}

const layers = Layer.provideMerge(
  Other.layer,
  World.layerWith({ telegram: { timeScale: 0.01, acceptUnknownChats: true } })
)

let lastPerson = 7_400_000_000

/** A stranger's /start at one of the processes: all that Telegram was told to send back, once it was handled. */
const start = Effect.fnUntraced(function* (at: ServiceProcess, slug = "vip", person = ++lastPerson) {
  const { sandbox } = yield* World
  const sql = yield* SqlClient.SqlClient
  const updateId = nextUpdateId()
  const update = privateMessage({ id: person, first_name: "Caio" }, "/start", updateId)
  const { status } = yield* hook(at, slug, yield* secretOf(slug), update)
  if (status !== 200) return yield* new HarnessError({ message: `the door says ${status}` })
  yield* eventually(
    sql`select 1 from telegram_updates where update_id = ${updateId} and state = 1`,
    (rows) => rows.length === 1
  )
  return (yield* sandbox.telegram.calls).filter((call) => Number(call.params["chat_id"]) === person)
})

const labels = (calls: ReadonlyArray<Call>) => JSON.stringify(calls.map((call) => call.params["reply_markup"]))

const words = (calls: ReadonlyArray<Call>) => calls.map(wordsOf).join("\n")

/** The change that was just made shows at this process within the two seconds that the contract gives it. */
const inForce = <A, E, R>(look: Effect.Effect<A, E, R>, satisfied: (value: A) => boolean) =>
  eventually(look, satisfied).pipe(Effect.timeout("2 seconds"))

const both = Effect.gen(function* () {
  const { service: a } = yield* World
  const { service: b } = yield* Other
  return { a, b }
})

layer(layers, { excludeTestServices: true, timeout: "60 seconds" })("a change made through one process", (it) => {
  it.effect("a message by the API", () =>
    Effect.gen(function* () {
      const { a, b } = yield* both
      for (const [through, at, text] of [
        [a, b, "Agora é outra"],
        [b, a, "E agora mais uma"]
      ] as const) {
        assert.notInclude(words(yield* start(at)), text)
        const put = yield* through.admin("PUT", "/api/admin/bots/vip/messages/start", { text: `${text}, {nome}` })
        assert.strictEqual(put.status, 200)
        assert.strictEqual(words(yield* start(through)), `${text}, Caio`)
        yield* inForce(start(at), (calls) => words(calls) === `${text}, Caio`)
      }
    })
  )

  it.effect("plans by the API: price, name, and gone from sale", () =>
    Effect.gen(function* () {
      const { a, b } = yield* both
      const { shop } = yield* World
      const buttons = [[{ text: "{plano} por {valor}", plan_id: shop.planId }]]
      yield* a.admin("PUT", "/api/admin/bots/vip/messages/start", { text: "Planos", buttons })
      yield* inForce(start(b), (calls) => labels(calls).includes("Mensal por R$ 19,90"))
      const path = `/api/admin/bots/vip/plans/${shop.planId}`
      yield* a.admin("PATCH", path, { price_cents: 2990, name: "Trimestral" })
      yield* inForce(start(b), (calls) => labels(calls).includes("Trimestral por R$ 29,90"))
      yield* b.admin("PATCH", path, { active: false })
      yield* inForce(start(a), (calls) => words(calls) === "Planos" && !labels(calls).includes("Trimestral"))
    })
  )

  it.effect("plain SQL on bots, bot_messages and bot_plans", () =>
    Effect.gen(function* () {
      const { a, b } = yield* both
      const { shop } = yield* World
      const sql = yield* PgClient.PgClient
      const content = { text: "Escrito por SQL", buttons: [[{ text: "{valor}", plan_id: shop.planId }]] }
      yield* sql`update bot_messages set content = ${sql.json(content)} where bot_id = ${shop.botId} and slug = 'start'`
      for (const at of [a, b]) yield* inForce(start(at), (calls) => words(calls) === "Escrito por SQL")
      yield* sql`update bot_plans set price_cents = 3990, active = true where id = ${shop.planId}`
      for (const at of [a, b]) {
        yield* inForce(start(at), (calls) => labels(calls).includes("R$ 39,90"))
      }
      yield* sql`update bots set active = false where id = ${shop.botId}`
      for (const at of [a, b]) yield* inForce(start(at), (calls) => calls.length === 0)
      yield* sql`update bots set active = true where id = ${shop.botId}`
      for (const at of [a, b]) yield* inForce(start(at), (calls) => calls.length === 1)
      yield* sql`delete from bot_messages where bot_id = ${shop.botId} and slug = 'start'`
      for (const at of [a, b]) yield* inForce(start(at), (calls) => /Olá Caio!/.test(words(calls)))
      yield* sql`
        insert into bot_messages (bot_id, slug, content) values (${shop.botId}, 'start', ${sql.json({ text: "De novo" })})`
      for (const at of [a, b]) yield* inForce(start(at), (calls) => words(calls) === "De novo")
    })
  )

  it.effect("a paused bot acknowledges and answers nobody, then or after it goes on", () =>
    Effect.gen(function* () {
      const { a, b } = yield* both
      const { sandbox, shop } = yield* World
      // His answer waits for Telegram when the bot is paused.
      const limited = { id: ++lastPerson, first_name: "Caio" }
      yield* sandbox.telegram.fail({
        match: { chat: limited.id, method: "sendMessage" },
        answer: { kind: "limited", retryAfter: 1 }
      })
      yield* hook(a, "vip", yield* secretOf("vip"), privateMessage(limited, "/start"))
      yield* sandbox.telegram.waitFor((call) => Number(call.params["chat_id"]) === limited.id)
      const patched = yield* a.admin("PATCH", "/api/admin/bots/vip", { active: false })
      assert.isFalse(patched.json.active)
      assert.deepStrictEqual(yield* start(a), [])
      yield* inForce(start(b), (calls) => calls.length === 0)
      const secret = yield* secretOf("vip")
      const unheard = [1, 2].map(() => ({ id: ++lastPerson, first_name: "Caio" }))
      const from = { id: unheard[0]!.id, is_bot: false, first_name: "Caio" }
      const updates = [
        ...unheard.map((person) => privateMessage(person, "/start")),
        { update_id: nextUpdateId(), callback_query: { id: "4100000000000001", from, data: `p:${shop.planId}` } }
      ]
      const deliver = Effect.forEach(updates, (update, index) => hook(index === 0 ? a : b, "vip", secret, update))
      assert.isTrue((yield* deliver).every(({ status }) => status === 200))
      yield* settled

      assert.isTrue((yield* b.admin("PATCH", "/api/admin/bots/vip", { active: true })).json.active)
      assert.isAbove((yield* start(b)).length, 0)
      yield* inForce(start(a), (calls) => calls.length > 0)
      // Telegram repeats what it believes to be undelivered.
      assert.isTrue((yield* deliver).every(({ status }) => status === 200))
      yield* settled
      const calls = yield* sandbox.telegram.calls
      assert.isFalse(calls.some(sentTo(limited.id, /./)))
      assert.isFalse(calls.some((call) => unheard.some(({ id }) => id === Number(call.params["chat_id"]))))
      assert.isFalse(calls.some((call) => call.method === "answerCallbackQuery"))
    })
  )

  it.effect("a new bot answers at the other one", () =>
    Effect.gen(function* () {
      const { a, b } = yield* both
      const { sandbox } = yield* World
      const token = "8240789013:AAHnovo3nXq9vB7wZ5tR1yU8mP6sD4LEOBE"
      const { slug } = yield* openShop(a, sandbox, "novo", token)
      yield* inForce(start(b, slug), (calls) => /Olá Caio! <b>Oferta/.test(words(calls)))
      const bot = yield* b.admin("GET", `/api/admin/bots/${slug}`)
      assert.include(bot.json, { slug, active: true, username: "novo_bot" })
      assert.notInclude(bot.text, token)
    })
  )

  it.effect("a scheduled shot begins once and reaches each person once, whoever's clock strikes first", () =>
    Effect.gen(function* () {
      const { a, b } = yield* both
      const { sandbox } = yield* World
      const sql = yield* SqlClient.SqlClient
      const token = "8240789015:AAHshot3nXq9vB7wZ5tR1yU8mP6sD4LEOBE"
      const { botId, slug } = yield* openShop(a, sandbox, "agendado", token)
      const people = crowd(40, 7_450_000_000)
      yield* gather(sql, botId, people)
      const path = yield* createShot(b, slug, {
        title: "Na hora certa",
        content: { text: "Chegou a hora, {nome}" },
        scheduled_at: new Date(Date.now() + 1_500).toISOString()
      })
      const { counts } = yield* until(a, path, "done")
      assert.deepInclude(counts, { total: 40, sent: 40, pending: 0, ambiguous: 0 })
      const got = (yield* sandbox.telegram.calls).filter((call) => /Chegou a hora/.test(wordsOf(call)))
      assert.deepStrictEqual(
        got.map((call) => Number(call.params["chat_id"])).toSorted(),
        people.map(({ id }) => id)
      )
      const begun = [a, b].flatMap(({ log }) => log.match(/\[SHOT\]\[START\] Disparo "Na hora certa"/g) ?? [])
      assert.lengthOf(begun, 1)
    })
  )

  it.effect("a new token is used by both, and the old secret opens no door", () =>
    Effect.gen(function* () {
      const { a, b } = yield* both
      const { sandbox } = yield* World
      const { telegram } = sandbox
      const [before, after] = ["velho", "recem"].map((word) => `8240789014:AAH${word}nXq9vB7wZ5tR1yU8mP6sD4LEOBE`)
      const { slug } = yield* openShop(a, sandbox, "troca", before)
      yield* inForce(start(b, slug), (calls) => calls.length === 1)
      const oldSecret = yield* secretOf(slug)

      yield* telegram.addBot({ token: after!, username: "troca_bot" })
      assert.strictEqual((yield* a.admin("PATCH", `/api/admin/bots/${slug}`, { token: after })).status, 200)
      for (const at of [a, b]) {
        yield* inForce(start(at, slug), (calls) => calls.length === 1 && calls[0]!.ok)
        const update = privateMessage({ id: ++lastPerson, first_name: "Caio" }, "/start")
        assert.strictEqual((yield* hook(at, slug, oldSecret, update)).status, 401)
      }
      // Telegram itself was told the new secret.
      const person = { id: ++lastPerson, first_name: "Caio" }
      yield* telegram.person(person)
      yield* telegram.sendText(after!, person, "/start")
      yield* telegram.waitFor(sentTo(person.id, /Olá Caio!/))
      for (const { log } of [a, b]) {
        for (const secret of [before!, after!, oldSecret]) assert.notInclude(log, secret.split(":").at(-1)!)
      }
    })
  )
})
