import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import {
  buyerGetsThrough,
  chunked,
  mebibyte,
  nothingPaid,
  otherToken,
  refusedWith,
  someone,
  statusOfPayment,
  unharmed
} from "../support/harm.ts"
import { eventually } from "../support/service.ts"
import { botToken, openShop, orderPix, sentTo, wordsOf } from "../support/shop.ts"
import { hook, nextUpdateId, privateMessage, secretOf, settled } from "../support/updates.ts"
import { World } from "../support/world.ts"

const stored = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ readonly n: number }>`select count(*) as n from telegram_updates`
  return row!.n
})

/** Posts something to the bot of the shop; acknowledged, and handled when this returns. */
const accepted = Effect.fnUntraced(function* (update: unknown) {
  const { service, shop } = yield* World
  const answer = yield* hook(service, shop.slug, yield* secretOf(shop.slug), update)
  assert.deepStrictEqual([answer.status, answer.text], [200, ""], JSON.stringify(update).slice(0, 200))
  yield* settled
})

const layers = World.layerWith({ telegram: { timeScale: 0.01, acceptUnknownChats: true } })

layer(layers, { excludeTestServices: true, timeout: "60 seconds" })("bad input harms nobody", (it) => {
  const harmless = <A, E>(name: string, test: () => Effect.Effect<A, E, World | SqlClient.SqlClient>) =>
    it.effect(name, () => Effect.andThen(test(), unharmed))

  harmless("whoever does not know the bot's secret is not heard", () =>
    Effect.gen(function* () {
      const { sandbox, service, shop } = yield* World
      yield* openShop(service, sandbox, "outro", otherToken)
      const right = yield* secretOf(shop.slug)
      const before = yield* stored
      const update = privateMessage(someone(), "/start")
      for (const wrong of ["errado", `${right}x`, right.slice(1), right.toUpperCase(), yield* secretOf("outro")]) {
        refusedWith(yield* hook(service, shop.slug, wrong, update), 401, "unauthorized")
      }
      refusedWith(yield* service.request("POST", `/tg/${shop.slug}/webhook`, update), 401, "unauthorized")
      yield* service.wrote(/WARN .*Recusei um aviso do Telegram para o bot vip: a senha do webhook não confere/)
      for (const slug of [
        "x%0a2025 ERROR [y]",
        "VIP",
        "vip%00",
        "..%2fvip",
        "'; drop table bots --",
        "%ff",
        "a".repeat(9_000)
      ]) {
        refusedWith(yield* hook(service, slug, right, update), 404, "not_found")
      }
      yield* service.wrote(/WARN .*Recusei um aviso do Telegram: não há bot chamado x 2025 ERROR \[y\]/)
      assert.strictEqual(yield* stored, before)
    })
  )

  harmless("what is not JSON is refused, and what is too large is not even read", () =>
    Effect.gen(function* () {
      const { service, shop } = yield* World
      const secret = yield* secretOf(shop.slug)
      const before = yield* stored
      const whole = JSON.stringify(privateMessage(someone(), "/start"))
      for (const text of ["olá", "{", whole.slice(0, -1), `${whole}}`, `{"update_id":1,"x":"\u0000"}`, "update_id=1"]) {
        refusedWith(yield* hook(service, shop.slug, secret, text), 400, "bad_request")
      }
      refusedWith(yield* hook(service, shop.slug, secret, undefined), 400, "bad_request")
      refusedWith(yield* hook(service, shop.slug, secret, new Uint8Array([0xff, 0xfe, 0x7b])), 400, "bad_request")
      yield* service.wrote(/WARN .*Não guardei um aviso do Telegram para o bot vip: o que chegou não é JSON/)
      refusedWith(yield* hook(service, shop.slug, secret, " ".repeat(mebibyte + 1)), 413, "too_large")
      yield* service.wrote(/WARN .*Recusei um aviso do Telegram para o bot vip: passa de 1 MiB/)
      refusedWith(yield* hook(service, shop.slug, secret, chunked(2 * mebibyte)), 413, "too_large")
      assert.strictEqual(yield* stored, before)

      const person = someone()
      const fitting = JSON.stringify(privateMessage(person, "/start"))
      yield* accepted(fitting + " ".repeat(mebibyte - fitting.length))
      yield* (yield* World).sandbox.telegram.waitFor(sentTo(person.id, /Olá/))
    })
  )

  harmless("JSON that is no update is refused", () =>
    Effect.gen(function* () {
      const { service, shop } = yield* World
      const secret = yield* secretOf(shop.slug)
      const before = yield* stored
      for (const text of ["null", "42", '"oi"', "[]", '[{"update_id":1}]', "{}", '{"update_id":null}']) {
        refusedWith(yield* hook(service, shop.slug, secret, text), 422, "invalid")
      }
      for (const id of ['"7"', "-1", "1.5", "1e400", "9007199254740992", "[7]", "true"]) {
        const answer = yield* hook(service, shop.slug, secret, `{"update_id":${id}}`)
        refusedWith(answer, 422, "invalid")
        assert.property(answer.json.fields, "update_id")
      }
      yield* service.wrote(/WARN .*Não guardei um aviso do Telegram para o bot vip: isto não é uma atualização/)
      assert.strictEqual(yield* stored, before)
    })
  )

  harmless("updates of any other shape are accepted and have no effect", () =>
    Effect.gen(function* () {
      const { sandbox } = yield* World
      const before = (yield* sandbox.telegram.calls).length
      const nested = `${"[".repeat(100_000)}${"]".repeat(100_000)}`
      for (const rest of [
        "",
        ',"message":null',
        ',"message":[]',
        ',"message":{"text":"/start"}',
        ',"message":{"text":"/start","from":{"id":5,"is_bot":true},"chat":{"id":5,"type":"private"}}',
        ',"message":{"text":"/start","from":{"id":5},"chat":{"id":-5,"type":"supergroup"}}',
        ',"callback_query":{"id":7,"from":{"id":5},"data":{}}',
        ',"my_chat_member":{"from":{"id":5},"chat":7,"new_chat_member":"kicked"}',
        ',"__proto__":{"message":{}},"constructor":1',
        `,"message":${nested}`
      ]) {
        yield* accepted(`{"update_id":${nextUpdateId()}${rest}}`)
      }
      assert.strictEqual((yield* sandbox.telegram.calls).length, before)
    })
  )

  harmless("ids beyond 2^53 are nobody's", () =>
    Effect.gen(function* () {
      const { sandbox } = yield* World
      const before = (yield* sandbox.telegram.calls).length
      const from = {
        beyond: "9007199254740993",
        huge: "1".repeat(30),
        negative: "-5",
        text: '"7205343917"',
        half: "7.5"
      }
      const update = (fromId: string, chatId: string) =>
        `{"update_id":${nextUpdateId()},"message":{"message_id":1,"date":1,"text":"/start",` +
        `"from":{"id":${fromId},"is_bot":false,"first_name":"Ana"},"chat":{"id":${chatId},"type":"private"}}}`
      for (const id of Object.values(from)) {
        yield* accepted(update(id, id))
        yield* accepted(update(id, "7300000001"))
        yield* accepted(update("7300000001", id))
        yield* accepted(
          `{"update_id":${nextUpdateId()},"callback_query":{"id":"1","from":{"id":${id}},"data":"p:1",` +
            `"message":{"message_id":${id},"chat":{"id":${id},"type":"private"}}}}`
        )
        yield* accepted(
          `{"update_id":${nextUpdateId()},"my_chat_member":{"from":{"id":${id}},"chat":{"id":${id},"type":"private"},` +
            `"new_chat_member":{"status":"kicked"}}}`
        )
      }
      assert.deepStrictEqual((yield* sandbox.telegram.calls).slice(before), [])
    })
  )

  harmless("names are shown as they are meant, never as markup, and stay on one line of the log", () =>
    Effect.gen(function* () {
      const { sandbox, service } = yield* World
      const sql = yield* SqlClient.SqlClient
      const { telegram } = sandbox
      const emoji = "🔥"
      for (const [given, shown] of [
        ["A\u0000na", "Ana"],
        ["An\ud800a", "Ana"],
        ["\udc00Ana\ud83d", "Ana"],
        ["<b>Ana</b>", "&lt;b&gt;Ana&lt;/b&gt;"],
        ["</b><a href='http://mau'>", "&lt;/b&gt;&lt;a href=&#39;http://mau&#39;&gt;"],
        ["&lt;Ana&amp;", "&amp;lt;Ana&amp;amp;"],
        ["{bot} {valor}", "{bot} {valor}"],
        ["$& $1", "$&amp; $1"],
        ["\u202eanA", "anA"],
        ["سارة", "سارة"],
        ["Ana\r\n2025-11-07 12:00:00.000 ERROR falso", undefined],
        ["\u001b[31mAna\u001b[0m", undefined],
        ["N".repeat(5_000), undefined],
        [`x${emoji.repeat(100)}`, undefined],
        ["", ""]
      ] as const) {
        const person = someone(given, { last_name: given })
        yield* telegram.person(person)
        yield* telegram.sendText(botToken, person, "/start")
        const greeting = yield* telegram.waitFor(sentTo(person.id, /Olá/))
        assert.strictEqual(greeting.params["parse_mode"], "HTML", JSON.stringify(given))
        const words = wordsOf(greeting)
        assert.isTrue(words.isWellFormed() && !words.includes("\ufffd") && words.length < 400, words)
        if (shown !== undefined) assert.strictEqual(words, `Olá ${shown}! <b>Oferta</b>`)
        yield* settled
        const [row] = yield* sql<{ readonly name: string }>`
          select name from bot_users where telegram_id = ${person.id}`
        assert.isTrue(row!.name.isWellFormed() && !row!.name.includes("\ufffd"), row!.name)
        yield* service.wrote(new RegExp(`INFO .*Mensagem inicial enviada para ${person.id} em \\d+ ms`))
      }
    })
  )

  harmless("hostile /start payloads and texts are answered or recorded like any other", () =>
    Effect.gen(function* () {
      const { sandbox } = yield* World
      const sql = yield* SqlClient.SqlClient
      const { telegram } = sandbox
      for (const [payload, kept] of [
        ["abc-DEF_1", "abc-DEF_1"],
        ["' OR 1=1 --", undefined],
        ["'; drop table payments; --", undefined],
        ["<script>alert(1)</script>", undefined],
        ["../../etc/passwd", undefined],
        ["{nome}", undefined],
        ["\u0000", undefined],
        ["%00%0a", undefined],
        ["🔥", undefined],
        ["a".repeat(65), undefined],
        ["x ".repeat(2_000), "x"],
        ["__proto__", "__proto__"]
      ] as const) {
        const person = someone()
        yield* telegram.person(person)
        yield* telegram.sendText(botToken, person, `/start ${payload}`)
        yield* telegram.waitFor(sentTo(person.id, /^Olá Bia! <b>Oferta<\/b>$/))
        yield* settled
        const [event] = yield* sql<{ readonly payload: string | null }>`
          select meta->>'payload' as payload from funnel_events
          where event_name = 'bot_start' and telegram_id = ${person.id}`
        assert.strictEqual(event?.payload, kept ?? null, payload.slice(0, 40))
      }
      for (const text of [`${"a".repeat(499)}🔥fim`, "\u0000\ud800", "🔥".repeat(2_048), "\u202e\u2028\n\r"]) {
        const person = someone()
        yield* telegram.person(person)
        yield* telegram.sendText(botToken, person, text)
        yield* eventually(
          sql`select 1 from funnel_events where event_name = 'bot_interaction' and telegram_id = ${person.id}`,
          (rows) => rows.length === 1
        )
      }
    })
  )

  harmless("every tap is answered, and no made-up button sells anything", () =>
    Effect.gen(function* () {
      const { sandbox, service, shop } = yield* World
      const { pushinpay, telegram } = sandbox
      const person = someone()
      const charge = yield* orderPix(sandbox, person)
      const { planId: foreignPlan } = yield* Effect.map(
        service.admin("GET", "/api/admin/bots/outro/plans"),
        (answer) => ({ planId: answer.json.items[0].id as number })
      )
      const messageId = (yield* telegram.chat(botToken, person)).find((one) => one.buttons.length > 0)!.messageId
      const before = (yield* pushinpay.charges).length
      for (const data of [
        "",
        "p:",
        "p:0",
        "p:-1",
        "p:999999",
        `p:${foreignPlan}`,
        "p:1;drop table bots",
        `p:${shop.planId}:-5`,
        `p:${shop.planId}:0`,
        `p:${shop.planId}:99999999999`,
        `p:${shop.planId}:1.5`,
        `p:${2 ** 53}`,
        "v:0",
        "v:999999999",
        `v:${2 ** 53}`,
        "__proto__",
        "\u0000",
        "\ud800",
        "🔥".repeat(16)
      ]) {
        const { queryId } = yield* telegram.tap(botToken, person, messageId, data, { forged: true })
        const answer = yield* telegram.waitFor(
          (call) => call.method === "answerCallbackQuery" && call.params["callback_query_id"] === queryId
        )
        assert.isTrue(answer.ok, data)
      }
      yield* settled
      assert.strictEqual((yield* pushinpay.charges).length, before)
      yield* service.wrote(/WARN .*tocou em um botão que não existe mais no bot vip/)

      // A price that no message of the bot offers is the plan's own: the open charge is shown again.
      const cheap = someone()
      yield* telegram.person(cheap)
      yield* telegram.sendText(botToken, cheap, "/start")
      const greeting = yield* telegram.waitFor(sentTo(cheap.id, /Olá/))
      const response = greeting.response as { readonly result: { readonly message_id: number } }
      yield* telegram.tap(botToken, cheap, response.result.message_id, `p:${shop.planId}:1`, { forged: true })
      const code = yield* telegram.waitFor(sentTo(cheap.id, /<code>/))
      const sold = (yield* pushinpay.charges).find((one) => wordsOf(code).includes(one.code))
      assert.deepStrictEqual([sold?.valueCents, charge.valueCents], [1990, 1990])
    })
  )

  harmless("somebody else's payment is nobody's business", () =>
    Effect.gen(function* () {
      const { sandbox, service } = yield* World
      const { pushinpay, telegram } = sandbox
      const buyer = someone()
      const charge = yield* orderPix(sandbox, buyer)
      const { id } = yield* statusOfPayment(charge.id)
      const curious = someone()
      yield* telegram.person(curious)
      const since = service.log.length
      const taps = [yield* telegram.tap(botToken, curious, 1, `v:${id}`, { forged: true })]
      // The same person at another bot is another customer.
      yield* telegram.sendText(otherToken, buyer, "/start")
      yield* telegram.waitFor(
        (call) => sentTo(buyer.id, /Olá/)(call) && call.botId === Number(otherToken.split(":")[0])
      )
      taps.push(yield* telegram.tap(otherToken, buyer, 1, `v:${id}`, { forged: true }))
      for (const { queryId } of taps) {
        const answer = yield* telegram.waitFor((call) => call.params["callback_query_id"] === queryId)
        assert.strictEqual(answer.params["text"], "Não encontramos este PIX.")
      }
      yield* service.wrote(new RegExp(`INFO .*${curious.id} disse que já pagou; situação: não encontrada`), since)
      assert.isFalse((yield* pushinpay.calls).some((call) => call.operation === "query" && call.chargeId === charge.id))
      yield* nothingPaid
    })
  )

  harmless("after all of this a buyer gets through", () => buyerGetsThrough)
})
