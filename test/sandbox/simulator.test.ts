import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Ref } from "effect"
import { Sandbox } from "../../src/sandbox/Sandbox.ts"
import { rich } from "../../src/sandbox/simulator/parts/rich.ts"
import type { Due, Seller } from "../../src/sandbox/simulator/Seller.ts"
import { startSimulator } from "../../src/sandbox/simulator/Simulator.ts"
import { livePage } from "./livePage.ts"
import { ask } from "./support.ts"

const token = "4711000001:AAHsimulator0test0bot000000000000LEOB"
const bad = `<script>alert("1")</script>`

const emptyFunnel = {
  funnel: [{ event: "pix_paid", events: 3, unique: 3, step_conversion: 0.5 }],
  revenue_cents: 1990,
  refunded_cents: 0,
  time_to_pix_seconds: { count: 3, p50: 45 },
  time_to_pay_seconds: { count: 0, p50: null }
}

/** The simulator in front of a bot that a test moves by the Bot API itself, as the service would. */
const stage = (time?: Seller["time"]) =>
  Effect.gen(function* () {
    const { telegram, pushinpay } = yield* Sandbox
    yield* telegram.addBot({ token, name: `Clube ${bad}` })
    const line = `2025-11-07 12:00:00.123 WARN  [AVISO] Nome ${bad} recebido | slug=vip name="${bad}"`
    const simulator = yield* startSimulator({
      slug: "vip",
      botName: `Clube ${bad}`,
      botToken: token,
      url: "http://127.0.0.1:9",
      metrics: Effect.succeed(emptyFunnel),
      onLine: (hear) => Effect.sync(() => hear(line)),
      ...(time === undefined ? {} : { time })
    })
    const page = yield* livePage(simulator.url)
    const phones = yield* page.has("phones", /id="phone\d+"/)
    const people = [...phones.matchAll(/<section class="phone" id="phone(\d+)"/g)].map(([, id]) => Number(id))
    const act = (what: string, body: object) => ask(`${simulator.url}/__sandbox/${what}`, { body })
    const bot = (method: string, body: object) => ask(`${telegram.url}/bot${token}/${method}`, { body })
    return { url: simulator.url, page, people, act, bot, pushinpay, telegram }
  })

const sandbox = Layer.fresh(Sandbox.layer)

describe("the chat simulator", () => {
  it.live("shows what the bot sent, and what the person does reaches the bot", () =>
    Effect.gen(function* () {
      const { page, people, act, bot, telegram } = yield* stage()
      const [person = 0] = people
      assert.strictEqual(people.length, 2)
      assert.strictEqual((yield* act("text", { person, text: `/start ${bad}` })).status, 200)
      yield* bot("sendMessage", {
        chat_id: person,
        text: "Olá <b>Ana &lt;3</b> <tg-spoiler>segredo</tg-spoiler> https://exemplo.com.br/a?b=1&amp;c=2",
        parse_mode: "HTML",
        reply_markup: {
          inline_keyboard: [
            [{ text: bad, callback_data: "x" }],
            [{ text: "Site", url: "https://exemplo.com.br" }],
            [{ text: "Copiar", copy_text: { text: `a"b` } }]
          ]
        }
      })
      const chat = yield* page.has(`chat${person}`, /segredo/)
      assert.match(chat, /class="row person"[^]*\/start &lt;script&gt;/)
      assert.match(chat, /<b>Ana &lt;3<\/b> <button class="spoiler"/)
      assert.match(chat, /<a href="https:\/\/exemplo\.com\.br\/a\?b=1&amp;c=2" target="_blank"/)
      assert.match(chat, /data-copy="a&quot;b"/)
      assert.notInclude(chat, "<script")
      const messageId = Number([...chat.matchAll(/id="m\d+-(\d+)"/g)].at(-1)?.[1])
      assert.strictEqual((yield* act("tap", { person, message_id: messageId, data: "y" })).status, 404)
      assert.strictEqual((yield* act("tap", { person, message_id: messageId, data: "x" })).status, 200)
      const updates = (yield* bot("getUpdates", {})).json.result
      assert.deepEqual(
        updates.map((update: Record<string, unknown>) => Object.keys(update)[1]),
        ["message", "callback_query"]
      )
      yield* act("block", { person })
      yield* page.has(`state${person}`, /Desbloquear/)
      assert.strictEqual((yield* bot("sendMessage", { chat_id: person, text: "oi" })).status, 403)
      assert.isTrue(yield* telegram.isBlocked(token, person))
    }).pipe(Effect.scoped, Effect.provide(sandbox))
  )

  it.live("shows an album as one bubble, with the pictures that were uploaded", () =>
    Effect.gen(function* () {
      const { url, page, people, act, telegram } = yield* stage()
      const [person = 0] = people
      yield* act("text", { person, text: "/start" })
      const form = new (yield* Effect.promise(() => import("undici"))).FormData()
      form.set("chat_id", String(person))
      form.set("media", JSON.stringify(["a", "b"].map((name) => ({ type: "photo", media: `attach://${name}` }))))
      for (const name of ["a", "b"]) form.set(name, new Blob([`picture ${name}`], { type: "image/png" }), `${name}.png`)
      yield* ask(`${telegram.url}/bot${token}/sendMediaGroup`, { body: form })
      const chat = yield* page.has(`chat${person}`, /media-2/)
      const files = [...chat.matchAll(/<img src="(files\/[\w-]+)"/g)].map(([, path]) => path)
      assert.strictEqual(files.length, 2)
      const picture = yield* ask(`${url}/${files[1]}`, { method: "GET" })
      assert.strictEqual(picture.text, "picture b")
      assert.strictEqual(picture.headers["content-type"], "image/png")
      assert.strictEqual((yield* ask(`${url}/files/nada`, { method: "GET" })).status, 404)
    }).pipe(Effect.scoped, Effect.provide(sandbox))
  )

  it.live("puts the buyer's bank under a PIX code: pay, expire, refund", () =>
    Effect.gen(function* () {
      const { page, people, act, bot, pushinpay } = yield* stage()
      const [person = 0] = people
      yield* act("text", { person, text: "/start" })
      const charge = (yield* ask(`${pushinpay.url}/api/pix/cashIn`, {
        headers: { authorization: `Bearer ${yield* pushinpay.token}`, accept: "application/json" },
        body: { value: 1990 }
      })).json
      yield* bot("sendMessage", { chat_id: person, text: `<code>${charge.qr_code}</code>`, parse_mode: "HTML" })
      const chat = yield* page.has(`chat${person}`, /aguardando pagamento/)
      assert.match(chat, /R\$\s19,90/)
      const body = { gateway: "pushinpay", id: charge.id }
      assert.strictEqual((yield* act("pay", body)).status, 200)
      yield* page.has(`chat${person}`, /· pago/)
      assert.strictEqual((yield* act("pay", body)).status, 409)
      yield* act("refund", body)
      yield* page.has(`chat${person}`, /· devolvido/)
      assert.strictEqual((yield* act("pay", { gateway: "outro", id: "1" })).status, 404)
    }).pipe(Effect.scoped, Effect.provide(sandbox))
  )

  it.live("shows log and funnel, escapes strangers' words, and travels to the next downsell", () =>
    Effect.gen(function* () {
      const due = yield* Ref.make<Due | undefined>({ name: bad, at: new Date(0) })
      const { url, page, people, act } = yield* stage({
        next: () => Ref.get(due),
        advance: () => Ref.set(due, undefined)
      })
      const [person = 0] = people
      assert.match(yield* page.has("log", /AVISO/), /<li id="l1" class="warn">/)
      assert.match(yield* page.has("funnel", /Pagou/), /45 s[^]*–/)
      assert.match(yield* page.has(`tools${person}`, /Avançar/), /data-due="0"/)
      assert.strictEqual((yield* act("advance", { person })).status, 200)
      assert.isUndefined(yield* Ref.get(due))
      assert.notInclude(page.everything(), "<script")
      const answer = yield* ask(url, { method: "GET" })
      assert.notInclude(answer.text, `<script>alert`)
      assert.match(String(answer.headers["content-security-policy"]), /default-src 'none'/)
      assert.strictEqual((yield* act("people", {})).status, 200)
      yield* page.has("phones", /Carla Dias/)
    }).pipe(Effect.scoped, Effect.provide(sandbox))
  )
})

describe("rich text", () => {
  it("nests entities and never lets a script address through", () => {
    const text = "ab cd ef"
    const nested = rich(text, [
      { type: "bold", offset: 0, length: 5 },
      { type: "italic", offset: 3, length: 2 },
      { type: "text_link", offset: 6, length: 2, url: "javascript:alert(1)" }
    ])
    assert.strictEqual(nested.text, "<b>ab <i>cd</i></b> ef")
  })
})
