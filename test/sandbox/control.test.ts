import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { FormData } from "undici"
import { Sandbox } from "../../src/sandbox/Sandbox.ts"
import { ask, botCall, TOKEN } from "./support.ts"

const BOT = Number(TOKEN.split(":")[0])
const ANA = 51

const setup = Effect.gen(function* () {
  const { telegram, pushinpay, env } = yield* Sandbox
  const drive = (base: string) => (method: "GET" | "POST" | "DELETE", path: string, body?: object) =>
    ask(`${base}/__sandbox${path}`, body === undefined ? { method } : { method, body })
  const people = drive(telegram.url)
  yield* people("POST", "/bots", { token: TOKEN, username: "loja_bot" })
  yield* people("POST", "/people", [{ id: ANA, first_name: "Ana" }])
  return { telegram, pushinpay, env, people, money: drive(pushinpay.url) }
})

const fresh = <A, E, R>(test: Effect.Effect<A, E, R>) =>
  test.pipe(Effect.provide(Sandbox.layerWith({ pushinpay: { qr: "tiny", webhookToken: "painel" } })))

describe("the sandbox as a whole", () => {
  it.live("names the environment that points the service at it", () =>
    fresh(
      Effect.gen(function* () {
        const { env, telegram } = yield* setup
        assert.strictEqual(env.TELEGRAM_API_URL, telegram.url)
        assert.strictEqual(env.PUSHINPAY_WEBHOOK_TOKEN, "painel")
        const headers = { authorization: `Bearer ${env.PUSHINPAY_TOKEN}` }
        assert.strictEqual((yield* ask(`${env.PUSHINPAY_URL}/balance`, { method: "GET", headers })).status, 200)
      })
    )
  )

  it.live("is driven over HTTP: people write, tap and block; their chats can be watched", () =>
    fresh(
      Effect.gen(function* () {
        const { telegram, people } = yield* setup
        const sent = yield* people("POST", `/bots/${BOT}/text`, { person: ANA, text: "/start" })
        assert.isAbove(sent.json.updateId, 0)
        const form = new FormData()
        form.set("chat_id", String(ANA))
        form.set("reply_markup", JSON.stringify({ inline_keyboard: [[{ text: "Pagar", callback_data: "pay" }]] }))
        form.set("photo", new Blob(["bytes do qr"], { type: "image/png" }), "qr.png")
        yield* botCall(telegram.url, "sendPhoto", form)
        const chat = (yield* people("GET", `/bots/${BOT}/chats/${ANA}`)).json
        const { media } = chat.messages[1]
        const file = yield* people("GET", `/files/${media.uniqueId}`)
        assert.deepStrictEqual([file.text, file.headers["content-type"]], ["bytes do qr", "image/png"])

        const next = yield* Effect.forkChild(people("GET", `/bots/${BOT}/chats/${ANA}?after=${chat.version}`))
        yield* botCall(telegram.url, "sendMessage", { chat_id: ANA, text: "chegou" })
        const { messages } = (yield* Fiber.join(next)).json
        assert.strictEqual(messages.at(-1).text, "chegou")

        const tapped = yield* people("POST", `/bots/${BOT}/tap`, { person: ANA, label: "Pagar" })
        const answered = yield* botCall(telegram.url, "answerCallbackQuery", { callback_query_id: tapped.json.queryId })
        assert.isTrue(answered.json.ok)
        const invented = yield* botCall(telegram.url, "answerCallbackQuery", { callback_query_id: "123" })
        assert.include(invented.json.description, "query is too old")
        yield* people("POST", `/bots/${BOT}/block`, { person: ANA })
        const [listed] = (yield* people("GET", `/bots/${BOT}/chats`)).json
        assert.deepStrictEqual([listed.chat.id, listed.blocked, listed.messages], [ANA, true, 3])
        const { total } = (yield* people("GET", "/counters")).json
        assert.strictEqual(total, 4)
      })
    )
  )

  it.live("is driven over HTTP: buyers pay, charges are listed, faults are armed", () =>
    fresh(
      Effect.gen(function* () {
        const { pushinpay, env, money } = yield* setup
        const create = ask(`${env.PUSHINPAY_URL}/pix/cashIn`, {
          headers: { authorization: `Bearer ${env.PUSHINPAY_TOKEN}` },
          body: { value: 990 }
        })
        yield* money("POST", "/faults", { operation: "create", answer: { kind: "http", status: 500 } })
        assert.strictEqual((yield* create).status, 500)
        const { id } = (yield* create).json
        const paid = yield* money("POST", `/charges/${id}/pay`, { name: "Ana" })
        assert.strictEqual(paid.json.status, "paid")
        yield* pushinpay.waitForCharge((charge) => charge.payerName === "Ana")
        assert.strictEqual((yield* money("POST", `/charges/${id}/cancel`)).status, 409)
        yield* money("POST", `/charges/${id}/refund`)
        const list = yield* money("GET", "/charges")
        assert.deepStrictEqual([list.json.length, list.json[0].status], [1, "canceled"])
      })
    )
  )

  it.live("says what is wrong with a control request", () =>
    fresh(
      Effect.gen(function* () {
        const { people } = yield* setup
        const statuses: Array<number> = []
        for (const made of [
          people("POST", "/bots/1/text", { person: ANA, text: "oi" }),
          people("POST", `/bots/${BOT}/text`, { person: ANA }),
          people("POST", `/bots/${BOT}/tap`, { person: ANA, label: "Nada" }),
          people("GET", "/nada")
        ]) {
          statuses.push((yield* made).status)
        }
        assert.deepStrictEqual(statuses, [404, 422, 404, 404])
      })
    )
  )
})
