import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { LoginAttempts } from "../../src/admin/LoginAttempts.ts"
import { adminToken, openDoor } from "../http/door.ts"
import { cookieOf, enter } from "./visitor.ts"

describe("the panel's login", () => {
  it.live("asks for the password, and goes on to the page that was asked for", () =>
    Effect.gen(function* () {
      const door = yield* openDoor({ admin: { list: Effect.succeed([]) } })
      const asked = yield* door.call("GET", "/admin/bots?x=1")
      assert.strictEqual(asked.status, 303)
      assert.strictEqual(asked.headers["location"], "/admin/entrar?volta=%2Fadmin%2Fbots%3Fx%3D1")
      const form = yield* door.call("GET", "/admin/entrar?volta=%2Fadmin%2Fbots%3Fx%3D1")
      assert.include(form.text, 'name="volta" value="/admin/bots?x=1"')
      const entered = yield* door.call("POST", "/admin/entrar", {
        body: String(new URLSearchParams({ senha: adminToken, volta: "/admin/bots?x=1" }))
      })
      assert.strictEqual(entered.status, 303)
      assert.strictEqual(entered.headers["location"], "/admin/bots?x=1")
      const cookie = String(entered.headers["set-cookie"])
      for (const flag of ["HttpOnly", "SameSite=Lax", "Path=/admin", "Max-Age=43200"]) assert.include(cookie, flag)
      assert.notInclude(cookie, adminToken)
      const bots = yield* door.call("GET", "/admin/bots", { headers: { cookie: cookieOf(entered) } })
      assert.strictEqual(bots.status, 200)
      assert.include(bots.text, "Cadastrar um bot")
    })
  )

  it.live("is no way to another site", () =>
    Effect.gen(function* () {
      const door = yield* openDoor()
      for (const back of [
        "https://mau.example",
        "//mau.example",
        "/admin//mau.example",
        "/api",
        "javascript:alert(1)",
        '/admin/"><script>'
      ]) {
        const { headers } = yield* door.call("POST", "/admin/entrar", {
          body: String(new URLSearchParams({ senha: adminToken, volta: back }))
        })
        assert.match(String(headers["location"]), /^\/admin(\/\/mau\.example)?$/, back)
        const { text } = yield* door.call("GET", `/admin/entrar?volta=${encodeURIComponent(back)}`)
        assert.notInclude(text, '"><script>')
      }
    })
  )

  it.live("refuses wrong passwords, five of them, and then even the right one", () =>
    Effect.gen(function* () {
      const door = yield* openDoor()
      const attempt = (senha: string, from = "203.0.113.9") =>
        door.call("POST", "/admin/entrar", {
          headers: { "x-forwarded-for": from },
          body: String(new URLSearchParams({ senha }))
        })
      for (const left of [4, 3, 2, 1, 0]) {
        const answer = yield* attempt("chute")
        assert.strictEqual(answer.status, 401)
        assert.isUndefined(answer.headers["set-cookie"])
        if (left > 1) assert.include(answer.text, `Restam ${left} tentativas`)
      }
      const held = yield* attempt(adminToken)
      assert.strictEqual(held.status, 429)
      assert.include(held.text, "Espere 5 min")
      assert.strictEqual((yield* attempt(adminToken, "203.0.113.10")).status, 303)
    })
  )

  it.effect("opens again after five minutes", () =>
    Effect.gen(function* () {
      const { judge } = yield* LoginAttempts
      for (let i = 0; i < 5; i++) yield* judge("203.0.113.9", () => false)
      assert.deepStrictEqual(yield* judge("203.0.113.9", () => true), { _tag: "Wait", minutes: 5 })
      yield* TestClock.adjust("4 minutes")
      assert.deepStrictEqual(yield* judge("203.0.113.9", () => true), { _tag: "Wait", minutes: 1 })
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* judge("203.0.113.9", () => true), { _tag: "Accepted" })
    }).pipe(Effect.provide(LoginAttempts.layer))
  )

  it.effect("takes one line's IPv6 addresses for one", () =>
    Effect.gen(function* () {
      const { judge } = yield* LoginAttempts
      for (let i = 0; i < 5; i++) yield* judge(`2001:db8:1:2::${i}`, () => false)
      assert.strictEqual((yield* judge("2001:db8:1:2::ffff", () => true))._tag, "Wait")
      assert.strictEqual((yield* judge("2001:db8:1:3::1", () => true))._tag, "Accepted")
    }).pipe(Effect.provide(LoginAttempts.layer))
  )

  it.live("takes no cookie that it did not sign", () =>
    Effect.gen(function* () {
      const door = yield* openDoor({ admin: { list: Effect.succeed([]) } })
      const { cookie } = yield* enter(door)
      const status = (value: string) =>
        Effect.map(door.call("GET", "/admin/bots", { headers: { cookie: value } }), (answer) => answer.status)
      assert.strictEqual(yield* status(cookie), 200)
      const [name = "", value = ""] = cookie.split("=")
      const [end = "", nonce = "", mac = ""] = value.split(".")
      for (const forged of [
        `${Number(end) + 1}.${nonce}.${mac}`,
        `${end}.${nonce}.${"A".repeat(43)}`,
        `${end}.${nonce}`,
        "",
        "é"
      ]) {
        assert.strictEqual(yield* status(`${name}=${encodeURIComponent(forged)}`), 303, forged)
      }
    })
  )

  it.live("leaves", () =>
    Effect.gen(function* () {
      const door = yield* openDoor()
      const { headers } = yield* door.call("POST", "/admin/sair")
      assert.match(String(headers["set-cookie"]), /funil_painel=;.*Max-Age=0/)
    })
  )
})
