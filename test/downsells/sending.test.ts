import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { eventually } from "../support/service.ts"
import { botToken, orderPix, sentTo } from "../support/shop.ts"
import { World } from "../support/world.ts"

interface Row {
  readonly name: string
  readonly status: string
  readonly reason: string | null
}

let lastId = 7_100_000_000
const newcomer = () => ({ id: ++lastId, first_name: `Pessoa${lastId % 1000}` })
type Someone = ReturnType<typeof newcomer>

const setting = Effect.gen(function* () {
  const { sandbox, shop, service } = yield* World
  const { telegram } = sandbox
  const sql = yield* SqlClient.SqlClient
  yield* sql`update bot_downsells set deleted_at = now()`

  const downsell = (name: string, content: object, more: { readonly trigger?: string; readonly delay?: number } = {}) =>
    Effect.map(
      sql<{ id: number }>`
        insert into bot_downsells (bot_id, slug, name, content, delay_seconds, trigger_type) values (${shop.botId},
          ${`${name}-${lastId}`}, ${name}, ${JSON.stringify(content)}, ${more.delay ?? 1}, ${more.trigger ?? "start"})
        returning id`,
      (rows) => rows[0]!.id
    )
  const start = Effect.fnUntraced(function* (who: Someone) {
    yield* telegram.person(who)
    yield* telegram.sendText(botToken, who, "/start")
    yield* telegram.waitFor(sentTo(who.id, /Olá/))
  })
  const rowsOf = (who: Someone) => sql<Row>`
    select d.name, q.status, coalesce(q.cancel_reason, q.outcome) as reason from downsells_queue q
    join bot_downsells d on d.id = q.downsell_id where q.telegram_id = ${who.id} order by q.id`
  const settled = (who: Someone, count: number) =>
    eventually(rowsOf(who), (rows) => rows.length === count && rows.every(({ status }) => status !== "pending"), 15)
  /** Everything of theirs becomes due, as soon as it is there. */
  const hurry = (who: Someone) =>
    Effect.andThen(
      eventually(rowsOf(who), (rows) => rows.length > 0),
      sql`update downsells_queue set scheduled_at = now() where telegram_id = ${who.id} and status = 'pending'`
    )
  const received = (who: Someone, words: RegExp) =>
    Effect.map(telegram.calls, (calls) => calls.filter(sentTo(who.id, words)).length)
  return { sandbox, shop, service, telegram, sql, downsell, start, rowsOf, settled, hurry, received }
})

layer(World.layerWith({ telegram: { timeScale: 0.1 }, pushinpay: { timeScale: 0.05 } }), {
  excludeTestServices: true,
  timeout: "60 seconds"
})("downsells", (it) => {
  it.effect("of different contents arrive as themselves, once, and one that fails holds up no other", () =>
    Effect.gen(function* () {
      const { downsell, start, settled, received, service } = yield* setting
      yield* downsell("primeiro", { text: "Volta, {nome}!" })
      yield* downsell("quebrado", { buttons: [[{ text: "Nada", plan_id: 999_999 }]] })
      yield* downsell("segundo", { text: "Última chance" })
      const who = newcomer()
      yield* start(who)
      assert.deepStrictEqual(
        (yield* settled(who, 3)).map(({ name, status }) => [name, status]),
        [
          ["primeiro", "sent"],
          ["quebrado", "failed"],
          ["segundo", "sent"]
        ]
      )
      assert.deepStrictEqual([yield* received(who, /Volta, Pessoa/), yield* received(who, /Última chance/)], [1, 1])
      yield* service.wrote(/INFO {2}\[BOT\]\[DOWNSELL\] Downsell "primeiro" enviado para \d+ em \d+ ms/)
      // A second /start brings neither again.
      yield* start(who)
      assert.strictEqual((yield* settled(who, 4)).filter(({ status }) => status === "sent").length, 2)
    })
  )

  it.effect("go neither to buyers, nor to whoever blocked the bot or said /parar, and wait for a paused bot", () =>
    Effect.gen(function* () {
      const { downsell, hurry, received, rowsOf, sandbox, service, settled, shop, start, telegram } = yield* setting
      const id = yield* downsell("oferta", { text: "Oferta só hoje" }, { delay: 600 })
      const [buyer, blocker, leaver, waiter] = [newcomer(), newcomer(), newcomer(), newcomer()]
      const charge = yield* orderPix(sandbox, buyer)
      yield* Effect.forEach([blocker, leaver, waiter], start)
      yield* sandbox.pushinpay.pay(charge.id)
      yield* telegram.waitFor(sentTo(buyer.id, /Seu acesso/))
      yield* telegram.block(botToken, blocker.id)
      yield* telegram.sendText(botToken, leaver, "/parar")
      yield* telegram.waitFor(sentTo(leaver.id, /não recebe mais/))
      yield* service.wrote(new RegExp(`${blocker.id} bloqueou`))
      assert.strictEqual((yield* service.admin("PATCH", `/api/admin/bots/${shop.slug}`, { active: false })).status, 200)
      yield* Effect.forEach([buyer, blocker, leaver, waiter], hurry)
      assert.deepStrictEqual(
        (yield* Effect.forEach([buyer, leaver], (who) => settled(who, 1)))
          .flat()
          .map((row) => [row.status, row.reason]),
        [
          ["canceled", "paid"],
          ["canceled", "opted_out"]
        ]
      )
      assert.strictEqual((yield* service.admin("PATCH", `/api/admin/bots/${shop.slug}`, { active: true })).status, 200)
      assert.deepStrictEqual((yield* settled(waiter, 1))[0]?.status, "sent")
      const [blocked] = yield* settled(blocker, 1)
      assert.deepStrictEqual([blocked?.status, blocked?.reason], ["skipped", "blocked"])
      const counts = yield* Effect.forEach([buyer, blocker, leaver, waiter], (who) => received(who, /Oferta só hoje/))
      assert.deepStrictEqual(counts, [0, 0, 0, 1])
      assert.isAbove(id, 0)
      assert.lengthOf(yield* rowsOf(waiter), 1)
    })
  )

  it.effect("after an unpaid PIX go out while the charge is open, and what they sell is theirs", () =>
    Effect.gen(function* () {
      const { downsell, hurry, received, sandbox, settled, shop, sql, telegram } = yield* setting
      const id = yield* downsell(
        "desconto",
        { text: "Por menos", buttons: [[{ text: "Agora por {valor}", plan_id: shop.planId, price_cents: 990 }]] },
        { trigger: "pix", delay: 600 }
      )
      const [wanting, late] = [newcomer(), newcomer()]
      yield* orderPix(sandbox, wanting)
      yield* orderPix(sandbox, late)
      yield* sql`update payments set status = 'expired' where telegram_id = ${late.id}`
      yield* Effect.forEach([wanting, late], hurry)
      const [refused] = yield* settled(late, 1)
      assert.deepStrictEqual([refused?.status, refused?.reason], ["skipped", "charge_closed"])
      assert.strictEqual((yield* settled(wanting, 1))[0]?.status, "sent")
      assert.deepStrictEqual([yield* received(wanting, /Por menos/), yield* received(late, /Por menos/)], [1, 0])

      yield* telegram.press(botToken, wanting, "Agora por R$ 9,90")
      const charge = yield* sandbox.pushinpay.waitForCharge((one) => one.valueCents === 990)
      yield* sandbox.pushinpay.pay(charge.id)
      yield* telegram.waitFor(sentTo(wanting.id, /Seu acesso/))
      const paid = yield* sql<{ source: string; value: number }>`
        select source, value_cents as value from payments where telegram_id = ${wanting.id} and status = 'paid'`
      assert.deepStrictEqual(paid, [{ source: `d${id}`, value: 990 }])
    })
  )

  it.effect("that Telegram may or may not have got are not repeated; a person who is gone counts as blocked", () =>
    Effect.gen(function* () {
      const { downsell, received, settled, start, hurry, telegram } = yield* setting
      yield* downsell("incerto", { text: "Chegou?" }, { delay: 600 })
      const [doubtful, gone, unlucky] = [newcomer(), newcomer(), newcomer()]
      yield* Effect.forEach([doubtful, gone, unlucky], start)
      yield* telegram.fail({ match: { chat: doubtful.id }, answer: { kind: "reset", applied: true }, times: Infinity })
      yield* telegram.fail({
        match: { chat: gone.id },
        answer: { kind: "forbidden", description: "Forbidden: bot was blocked by the user" }
      })
      // A pause that Telegram asks for loses nothing.
      yield* telegram.fail({ match: { chat: unlucky.id }, answer: { kind: "limited", retryAfter: 3 } })
      yield* Effect.forEach([doubtful, gone, unlucky], hurry)
      const [one, two, three] = yield* Effect.forEach([doubtful, gone, unlucky], (who) => settled(who, 1))
      assert.deepStrictEqual(
        [one, two, three].map((rows) => [rows?.[0]?.status, rows?.[0]?.reason]),
        [
          ["failed", "ambiguous"],
          ["failed", "blocked"],
          ["sent", null]
        ]
      )
      yield* telegram.clearFaults
      assert.strictEqual(yield* received(unlucky, /Chegou/), 1)
    })
  )
})
