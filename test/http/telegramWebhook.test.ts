import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Queue } from "effect"
import { InboxUnavailable, InvalidUpdate } from "../../src/engine/Inbox.ts"
import { adminToken, openDoor, secret } from "./door.ts"

const secretHeader = "x-telegram-bot-api-secret-token"

describe("POST /tg/:slug/webhook", () => {
  it.live("is 200 with an empty body once the inbox has the update, raw and parsed", () =>
    Effect.gen(function* () {
      const door = yield* openDoor()
      const raw = '{ "update_id": 7, "message": {"text": "Olá \\ud83d\\ude00"} }'
      const answer = yield* door.hook(raw)
      assert.strictEqual(answer.status, 200)
      assert.strictEqual(answer.text, "")
      const [update] = door.updates
      assert.strictEqual(update?.slug, "vip")
      assert.strictEqual(update?.raw, raw)
      assert.deepStrictEqual(update?.json, { update_id: 7, message: { text: "Olá 😀" } })
      assert.match(update?.requestId ?? "", /^[0-9a-z]{10,16}$/)
    })
  )

  it.live("takes a paused bot's updates too", () =>
    Effect.gen(function* () {
      const door = yield* openDoor()
      assert.strictEqual((yield* door.hook({ update_id: 1 }, { slug: "paused" })).status, 200)
      assert.strictEqual(door.updates[0]?.slug, "paused")
    })
  )

  it.live("passes a sane X-Request-Id on and replaces any other", () =>
    Effect.gen(function* () {
      const door = yield* openDoor()
      const hook = (id: string) =>
        door.call("POST", "/tg/vip/webhook", {
          headers: { [secretHeader]: secret, "content-length": "15", "x-request-id": id },
          body: '{"update_id":1}'
        })
      yield* hook("abc-1.2:3")
      yield* hook("two words")
      yield* hook("x".repeat(65))
      assert.strictEqual(door.updates[0]?.requestId, "abc-1.2:3")
      assert.match(door.updates[1]?.requestId ?? "", /^[0-9a-z]{10,16}$/)
      assert.match(door.updates[2]?.requestId ?? "", /^[0-9a-z]{10,16}$/)
    })
  )

  it.live("goes the same way without a declared length, with a query and with Expect: 100-continue", () =>
    Effect.gen(function* () {
      const door = yield* openDoor()
      const chunked = yield* door.call("POST", "/tg/vip/webhook", {
        headers: { [secretHeader]: secret, "transfer-encoding": "chunked" },
        body: '{"update_id":1}'
      })
      assert.deepStrictEqual([chunked.status, chunked.text], [200, ""])
      const queried = yield* door.call("POST", "/tg/vip/webhook?x=1", {
        headers: { [secretHeader]: secret, "content-length": "15" },
        body: '{"update_id":2}'
      })
      assert.strictEqual(queried.status, 200)
      const expecting = yield* door.call("POST", "/tg/vip/webhook", {
        headers: { [secretHeader]: secret, "content-length": "15", expect: "100-continue" },
        body: '{"update_id":3}'
      })
      assert.strictEqual(expecting.status, 200)
      assert.deepStrictEqual(
        door.updates.map(({ json }) => json),
        [{ update_id: 1 }, { update_id: 2 }, { update_id: 3 }]
      )
    })
  )

  it.live("is 404 for an unknown slug, whatever the secret", () =>
    Effect.gen(function* () {
      const door = yield* openDoor()
      for (const slug of ["nobody", "VIP", "__proto__", "vip%00", "%2e%2e", "a".repeat(500)]) {
        const answer = yield* door.hook({ update_id: 1 }, { slug })
        assert.strictEqual(answer.status, 404, slug)
        assert.strictEqual(answer.json?.error, "not_found")
      }
      assert.lengthOf(door.updates, 0)
    })
  )

  it.live("is 401 for a wrong or missing secret, and for a bot that has none", () =>
    Effect.gen(function* () {
      const door = yield* openDoor()
      const wrong = ["wrong", "", `${secret}x`, secret.slice(1), secret.toUpperCase()]
      for (const given of wrong) {
        const answer = yield* door.hook({ update_id: 1 }, { secret: given })
        assert.strictEqual(answer.status, 401, given)
        assert.strictEqual(answer.json?.error, "unauthorized")
        assert.notInclude(answer.text, secret)
      }
      const missing = yield* door.call("POST", "/tg/vip/webhook", { body: '{"update_id":1}' })
      assert.strictEqual(missing.status, 401)
      for (const slug of ["open", "blank"]) {
        assert.strictEqual((yield* door.hook({ update_id: 1 }, { slug, secret: "" })).status, 401, slug)
      }
      assert.lengthOf(door.updates, 0)
    })
  )

  it.live("is 400 for what is not JSON, and for no body at all", () =>
    Effect.gen(function* () {
      const door = yield* openDoor()
      for (const body of ["{", "", " ", "undefined", "{'update_id':1}", '{"update_id":1}x', "\u0000", "<xml/>"]) {
        const answer = yield* door.hook(body)
        assert.strictEqual(answer.status, 400, JSON.stringify(body))
        assert.strictEqual(answer.json?.error, "bad_request")
      }
      assert.lengthOf(door.updates, 0)
    })
  )

  it.live("hands hostile JSON to the inbox as it came", () =>
    Effect.gen(function* () {
      const door = yield* openDoor()
      const bodies = [
        '{"update_id":1,"message":{"text":"\\u0000"}}',
        '{"update_id":1,"message":{"text":"\\ud800"}}',
        '{"update_id":123456789012345678901234567890}',
        `{"update_id":1,"x":${"[".repeat(10_000)}${"]".repeat(10_000)}}`,
        '{"update_id":1,"__proto__":{"admin":true},"constructor":1}',
        "null",
        "[]",
        "7"
      ]
      for (const body of bodies) assert.strictEqual((yield* door.hook(body)).status, 200, body.slice(0, 60))
      assert.deepStrictEqual(
        door.updates.map(({ raw }) => raw),
        bodies
      )
    })
  )

  it.live("is 413 over 1 MiB, with and without a declared length, and serves on", () =>
    Effect.gen(function* () {
      const door = yield* openDoor()
      const sized = (bytes: number) => `{"update_id":1,"x":"${"a".repeat(bytes - 22)}"}`
      assert.strictEqual(Buffer.byteLength(sized(1024 * 1024)), 1024 * 1024)
      assert.strictEqual((yield* door.hook(sized(1024 * 1024))).status, 200)
      const declared = yield* door.hook(sized(1024 * 1024 + 1))
      assert.strictEqual(declared.status, 413)
      assert.strictEqual(declared.json?.error, "too_large")
      const chunked = yield* door.call("POST", "/tg/vip/webhook", {
        headers: { [secretHeader]: secret, "transfer-encoding": "chunked" },
        body: sized(3 * 1024 * 1024)
      })
      assert.strictEqual(chunked.status, 413)
      assert.lengthOf(door.updates, 1)
      assert.strictEqual((yield* door.hook({ update_id: 2 })).status, 200)
    })
  )

  it.live("is 503 while the update cannot be committed, 422 when it is no update, 500 for a fault of ours", () =>
    Effect.gen(function* () {
      const door = yield* openDoor({
        inbox: (_, { json }) => {
          const { update_id: id } = json as { readonly update_id: unknown }
          if (id === "away") return Effect.fail(new InboxUnavailable({ detail: "SqlError" }))
          return id === "odd" ? Effect.fail(new InvalidUpdate()) : Effect.die(new Error("a bug: postgres://u:pw@h/db"))
        }
      })
      const away = yield* door.hook({ update_id: "away" })
      assert.strictEqual(away.status, 503)
      assert.strictEqual(away.json?.error, "unavailable")
      const odd = yield* door.hook({ update_id: "odd" })
      assert.strictEqual(odd.status, 422)
      assert.property(odd.json?.fields, "update_id")
      const fault = yield* door.hook({ update_id: "fault" })
      assert.strictEqual(fault.status, 500)
      assert.deepStrictEqual(fault.json, { error: "internal", message: "Algo deu errado do nosso lado." })
    })
  )

  it.live("does not mind a client that goes away in the middle of the body", () =>
    Effect.gen(function* () {
      const door = yield* openDoor()
      for (const length of ["content-length: 100", "transfer-encoding: chunked"]) {
        const socket = yield* door.socket
        yield* Effect.callback<void>((resume) => {
          const head = `POST /tg/vip/webhook HTTP/1.1\r\nhost: x\r\n${secretHeader}: ${secret}\r\n${length}\r\n\r\n`
          socket.write(`${head}{"update_id"`, () => socket.resetAndDestroy())
          socket.once("close", () => resume(Effect.void))
        })
        assert.strictEqual((yield* door.hook({ update_id: 1 })).status, 200)
      }
      assert.lengthOf(door.updates, 2)
      assert.notInclude(door.lines.join(""), "ERROR")
    })
  )

  it.live("commits although the client has gone away", () =>
    Effect.gen(function* () {
      const begun = yield* Queue.unbounded<number>()
      const committed = yield* Queue.unbounded<number>()
      const go = yield* Deferred.make<void>()
      const door = yield* openDoor({
        inbox: (bot) =>
          Queue.offer(begun, bot.id).pipe(
            Effect.andThen(Deferred.await(go)),
            Effect.andThen(Queue.offer(committed, bot.id)),
            Effect.asVoid
          )
      })
      for (const length of ["content-length: 15", "transfer-encoding: chunked"]) {
        const body = length.startsWith("content") ? '{"update_id":1}' : 'f\r\n{"update_id":1}\r\n0\r\n\r\n'
        const socket = yield* door.socket
        socket.write(
          `POST /tg/vip/webhook HTTP/1.1\r\nhost: x\r\n${secretHeader}: ${secret}\r\n${length}\r\n\r\n${body}`
        )
        yield* Queue.take(begun)
        yield* Effect.callback<void>((resume) => {
          socket.once("close", () => resume(Effect.void))
          socket.destroy()
        })
        // The server has noticed by the time it answers somebody else.
        assert.strictEqual((yield* door.call("GET", "/healthz")).status, 200)
      }
      yield* Deferred.succeed(go, undefined)
      yield* Queue.take(committed)
      yield* Queue.take(committed)
    })
  )

  it.live("writes one WARN line per second and reason, in Portuguese, with nothing secret", () =>
    Effect.gen(function* () {
      const door = yield* openDoor()
      for (let i = 0; i < 20; i++) {
        yield* door.hook({ update_id: 1 }, { secret: "guess-of-a-stranger" })
        yield* door.hook({ update_id: 1 }, { slug: `nobody${i}` })
      }
      yield* door.asAdmin("GET", "/healthz")
      const log = door.lines.join("")
      const about = (words: string) => log.split("\n").filter((line) => line.includes(words))
      assert.isAtMost(about("a senha do webhook não confere").length, 3)
      assert.isAtLeast(about("a senha do webhook não confere").length, 1)
      assert.isAtMost(about("não há bot chamado").length, 3)
      for (const hidden of [secret, "guess-of-a-stranger", adminToken]) assert.notInclude(log, hidden)
      assert.include(about("a senha do webhook não confere")[0], "WARN")
      assert.include(about("a senha do webhook não confere")[0], "slug=vip")
    })
  )
})
