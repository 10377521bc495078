import { assert, describe, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Fiber, Redacted, Tracer } from "effect"
import { InputFile } from "grammy"
import { TelegramClient } from "../../src/telegram/TelegramClient.ts"
import { toAnswer } from "../../src/telegram/transport.ts"
import { json, ok, standIn } from "./standIn.ts"

const secret = "123456789:AAHsecretsecretsecretsecretsecret00"
const token = Redacted.make(secret)

const withClient = <A, E, R>(apiRoot: string, use: (client: TelegramClient["Service"]) => Effect.Effect<A, E, R>) =>
  Effect.flatMap(TelegramClient, use).pipe(Effect.provide(TelegramClient.layerWith({ apiRoot })))

describe("TelegramClient", () => {
  it.live("sends JSON and answers with the result", () =>
    Effect.gen(function* () {
      const api = yield* standIn(ok({ message_id: 7 }))
      const message = yield* withClient(`${api.apiRoot}/`, (client) =>
        client.call(token, "sendMessage", { chat_id: 1, text: "Olá" })
      )
      assert.strictEqual(message.message_id, 7)
      assert.strictEqual(api.received[0]?.path, `/bot${secret}/sendMessage`)
      assert.deepStrictEqual(JSON.parse(String(api.received[0]?.body)), { chat_id: 1, text: "Olá" })
    })
  )

  it.live("knows the methods without parameters and those younger than the types", () =>
    Effect.gen(function* () {
      const api = yield* standIn(ok({ id: 1, username: "vip_bot" }))
      yield* withClient(api.apiRoot, (client) =>
        Effect.gen(function* () {
          assert.strictEqual((yield* client.call(token, "getMe")).username, "vip_bot")
          yield* client.call(token, "getWebhookInfo")
          yield* client.call(token, "somethingFromNextYear", { a: 1 })
        })
      )
      assert.deepStrictEqual(
        api.received.map(({ path }) => path.split("/").at(-1)),
        ["getMe", "getWebhookInfo", "somethingFromNextYear"]
      )
    })
  )

  it.live("uploads a picture from memory", () =>
    Effect.gen(function* () {
      const api = yield* standIn(ok({ message_id: 1 }))
      const picture = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 255, 254])
      yield* withClient(api.apiRoot, (client) =>
        client.call(token, "sendPhoto", { chat_id: 1, photo: new InputFile(picture, "qr.png"), caption: "PIX" })
      )
      assert.match(api.received[0]?.contentType ?? "", /^multipart\/form-data; boundary=/)
      assert.isTrue(api.received[0]?.body.includes(picture))
      assert.isTrue(api.received[0]?.body.includes("filename=qr.png"))
    })
  )

  it.live("keeps its connection", () =>
    Effect.gen(function* () {
      const api = yield* standIn(ok(true))
      yield* withClient(api.apiRoot, (client) =>
        Effect.forEach(Array.from({ length: 50 }), () => client.call(token, "deleteWebhook"), { discard: true })
      )
      assert.strictEqual(api.received.length, 50)
      // The next call may leave a moment before the first socket is handed back.
      assert.isAtMost(api.connections(), 2)
    })
  )

  it.live("what is taken back before its first byte does not leave", () =>
    Effect.gen(function* () {
      const api = yield* standIn(ok({ message_id: 1 }))
      yield* withClient(api.apiRoot, (client) =>
        Effect.gen(function* () {
          yield* client.call(token, "sendMessage", { chat_id: 1, text: "um" })
          let ours = true
          const second = yield* Effect.forkChild(
            Effect.flip(client.call(token, "sendMessage", { chat_id: 1, text: "dois" }, () => ours)),
            { startImmediately: true }
          )
          ours = false
          assert.strictEqual((yield* Fiber.join(second)).reason._tag, "Unreachable")
          yield* client.call(token, "sendMessage", { chat_id: 1, text: "três" }, () => true)
        })
      )
      assert.deepStrictEqual(
        api.received.map(({ body }) => JSON.parse(String(body)).text),
        ["um", "três"]
      )
    })
  )

  it.live("classifies a refusal, without payload or token", () =>
    Effect.gen(function* () {
      const description = `Forbidden: bot was blocked by the user (bot${secret})`
      const api = yield* standIn(json(403, { ok: false, error_code: 403, description }))
      const error = yield* withClient(api.apiRoot, (client) =>
        Effect.flip(client.call(token, "sendMessage", { chat_id: 1, text: "segredo do cliente" }))
      )
      const rendered = Cause.pretty(Cause.fail(error)) + JSON.stringify(error)
      assert.include(rendered, "o usuário bloqueou o bot")
      assert.notInclude(rendered, secret.slice(12))
      assert.notInclude(rendered, "segredo do cliente")
      assert.deepInclude(error, { method: "sendMessage", botId: 123456789, retryable: false })
      assert.deepInclude(error.reason, { _tag: "Gone", why: "blocked" })
    })
  )

  it.live("a connection cut after the request left is ambiguous", () =>
    Effect.gen(function* () {
      const api = yield* standIn((response) => response.socket?.destroy())
      const error = yield* withClient(api.apiRoot, (client) =>
        Effect.flip(client.call(token, "sendMessage", { chat_id: 1, text: "oi" }))
      )
      assert.deepInclude(error.reason, { _tag: "Ambiguous", harmless: false })
      assert.notInclude(JSON.stringify(error), secret)
    })
  )

  it.live("a port nobody listens on is unreachable, to be tried again", () =>
    Effect.gen(function* () {
      const api = yield* Effect.scoped(standIn(ok(true)))
      const error = yield* withClient(api.apiRoot, (client) => Effect.flip(client.call(token, "sendMessage", {})))
      assert.deepInclude(error.reason, { _tag: "Unreachable", description: "rede: ECONNREFUSED" })
      assert.isTrue(error.retryable)
    })
  )

  it.live("an HTML page of a gateway on the way is read by its status", () =>
    Effect.gen(function* () {
      const api = yield* standIn((response) => response.writeHead(502).end("<html>Bad Gateway</html>"))
      const error = yield* withClient(api.apiRoot, (client) => Effect.flip(client.call(token, "sendMessage", {})))
      assert.deepInclude(error.reason, { _tag: "Ambiguous", description: "resposta inesperada (HTTP 502)" })
    })
  )

  it.live("an interrupted long poll closes its connection", () =>
    Effect.gen(function* () {
      const asked = yield* Deferred.make<void>()
      const api = yield* standIn(() => Deferred.doneUnsafe(asked, Effect.void))
      yield* withClient(api.apiRoot, (client) =>
        Effect.gen(function* () {
          const poll = yield* Effect.forkChild(client.call(token, "getUpdates", { timeout: 25 }))
          yield* Deferred.await(asked)
          yield* Fiber.interrupt(poll)
          yield* Deferred.await(api.gone)
        })
      )
    })
  )

  it.live("polls leave the connections for sending free", () =>
    Effect.gen(function* () {
      const open: Array<() => void> = []
      const api = yield* standIn((response, request) => {
        if (request.url?.endsWith("getUpdates")) open.push(() => ok([])(response, request))
        else ok(true)(response, request)
        if (open.length === 100 && !request.url?.endsWith("getUpdates")) open.forEach((answer) => answer())
      })
      yield* withClient(api.apiRoot, (client) =>
        Effect.gen(function* () {
          const polls = yield* Effect.forkChild(
            Effect.forEach(Array.from({ length: 100 }), () => client.call(token, "getUpdates", { timeout: 25 }), {
              concurrency: "unbounded"
            })
          )
          // The polls are answered only when a send came through while all of them were waiting.
          yield* client.call(token, "deleteWebhook").pipe(Effect.repeat({ until: () => open.length === 100 }))
          assert.strictEqual((yield* Fiber.join(polls)).length, 100)
        })
      )
    })
  )

  it.live("its span names the method and the bot, never the token", () =>
    Effect.gen(function* () {
      const api = yield* standIn(ok(true))
      const spans: Array<Tracer.NativeSpan> = []
      const tracer = Tracer.make({
        span: (options) => {
          const span = new Tracer.NativeSpan(options)
          spans.push(span)
          return span
        }
      })
      yield* withClient(api.apiRoot, (client) => client.call(token, "deleteWebhook")).pipe(Effect.withTracer(tracer))
      const span = spans.find(({ name }) => name === "Telegram.deleteWebhook")
      assert.strictEqual(span?.attributes.get("botId"), 123456789)
      assert.notInclude(
        JSON.stringify(spans.map(({ attributes, name }) => [name, Array.from(attributes)])),
        "AAHsecret"
      )
    })
  )
})

describe("toAnswer", () => {
  it("passes Telegram's own answers through", () => {
    assert.deepStrictEqual(toAnswer('{"ok":true,"result":1}', 200, undefined), { ok: true, result: 1 })
    const refusal = { ok: false, error_code: 400, description: "x" }
    assert.deepStrictEqual(toAnswer(JSON.stringify(refusal), 400, undefined), refusal)
  })

  it("makes a refusal of everything else", () => {
    assert.deepInclude(toAnswer("", 200, undefined), { ok: false, error_code: 502 })
    assert.deepInclude(toAnswer("null", 200, undefined), { ok: false, error_code: 502 })
    assert.deepInclude(toAnswer('{"ok":false}', 404, undefined), { ok: false, error_code: 404 })
    assert.deepInclude(toAnswer("<html>", 302, undefined), { ok: false, error_code: 302 })
    assert.deepInclude(toAnswer("slow down", 429, "30"), { error_code: 429, parameters: { retry_after: 30 } })
  })
})
