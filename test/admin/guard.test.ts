import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { notFound } from "../../src/bots/refusals.ts"
import type { BotView } from "../../src/domain/admin.ts"
import { openDoor } from "../http/door.ts"
import { enter } from "./visitor.ts"

const hostile = `"><img src=x onerror=alert(1)><script>alert('x')</script>`

const bot: BotView = {
  id: 1,
  slug: "vip",
  name: hostile,
  username: "vip_bot",
  gateway: "pushinpay",
  second_gateway: null,
  active: false,
  inactive_reason: hostile,
  token_masked: "8240789...LEOBE",
  webhook: { url: null, error: hostile, pending: 3, checked_at: "2026-11-07T12:00:00.000Z" },
  messages_per_second: 29,
  allow_paid_broadcast: false,
  paid_messages_per_second: 950,
  pix_expires_minutes: 60,
  max_pix_per_hour: 10,
  shots_per_person: null,
  shots_per_person_hours: null,
  time_zone: "America/Sao_Paulo",
  warmup_chat_id: null,
  media: { ready: 0, total: 0 },
  vip_chat_id: null,
  vip_error: hostile,
  withdraw_access: false,
  notice: hostile,
  created_at: "2026-11-07T12:00:00.000Z"
}

const plan = {
  id: 3,
  name: hostile,
  price_cents: 1990,
  active: true,
  delivery: null,
  vip_chat_id: null,
  created_at: "2026-11-07T12:00:00.000Z"
}

describe("every page of the panel", () => {
  it.live("refuses a form without its token", () =>
    Effect.gen(function* () {
      let patched = 0
      const door = yield* openDoor({
        admin: { patch: () => Effect.sync(() => (patched++, bot)), list: Effect.succeed([]) }
      })
      const { cookie, csrf, post } = yield* enter(door)
      const bare = (body: string, headers: Record<string, string> = {}) =>
        door.call("POST", "/admin/bots/vip/ligar", { headers: { cookie, ...headers }, body })
      assert.strictEqual((yield* bare("active=1")).status, 403)
      assert.strictEqual((yield* bare("active=1&_csrf=nao")).status, 403)
      assert.strictEqual((yield* bare(`_csrf=${csrf.slice(1)}`)).status, 403)
      assert.strictEqual((yield* door.call("POST", "/admin/bots/vip/ligar", { body: `_csrf=${csrf}` })).status, 303)
      assert.strictEqual(patched, 0)
      assert.strictEqual((yield* post("/admin/bots/vip/ligar", { active: "1" })).status, 303)
      assert.strictEqual((yield* bare("", { "x-csrf-token": csrf })).status, 303)
      assert.strictEqual(patched, 2)
    })
  )

  it.live("lets nothing of a name become markup, and nothing run that is not ours", () =>
    Effect.gen(function* () {
      const door = yield* openDoor({
        admin: { list: Effect.succeed([bot]), get: () => Effect.succeed(bot), plans: () => Effect.succeed([plan]) }
      })
      const { get } = yield* enter(door)
      for (const path of ["/admin/bots", "/admin/bots/vip", "/admin/bots/vip/planos/3"]) {
        const { headers, status, text } = yield* get(path)
        assert.strictEqual(status, 200, path)
        assert.notInclude(text, "<img src=x", path)
        assert.notInclude(text, "<script>alert", path)
        assert.include(text, "&quot;&gt;&lt;img src=x onerror=alert(1)&gt;", path)
        const policy = String(headers["content-security-policy"])
        assert.include(policy, "default-src 'none'; script-src 'self'; style-src 'self'")
        assert.notInclude(policy, "unsafe")
        assert.notMatch(text, /\son\w+=["']|style="|<script>|<style|https?:\/\/(?!t\.me\/)/, path)
        assert.isBelow(text.length, 100_000)
      }
    })
  )

  it.live("is a page too when something is missing, broken or badly written", () =>
    Effect.gen(function* () {
      const door = yield* openDoor({
        admin: { get: () => Effect.fail(notFound("Não existe um bot com o endereço xis.")) }
      })
      const { get, post } = yield* enter(door)
      const missing = yield* get("/admin/bots/xis")
      assert.strictEqual(missing.status, 404)
      assert.include(missing.text, "Não existe um bot com o endereço xis.")
      assert.include(missing.text, "<nav aria-label=")
      // The double of BotAdmin knows no `list`: a defect.
      const broken = yield* get("/admin/bots")
      assert.strictEqual(broken.status, 500)
      assert.include(broken.text, "Algo deu errado do nosso lado.")
      assert.match(door.lines.join(""), /ERROR \[ERRO\] Falha na página GET \/admin\/bots: /)
      assert.strictEqual((yield* get("/admin/bots/a%00b")).status, 400)
      assert.strictEqual((yield* post("/admin/bots", { name: "\u0000" })).status, 400)
      assert.strictEqual((yield* get("/admin/nada")).status, 404)
    })
  )

  it.live("shows a refused form again, with each complaint at its field", () =>
    Effect.gen(function* () {
      const door = yield* openDoor()
      const { post } = yield* enter(door)
      const { status, text } = yield* post("/admin/bots", {
        slug: "Ruim!",
        token: "x",
        name: hostile,
        gateway: "outro"
      })
      assert.strictEqual(status, 422)
      assert.match(text, /id="f-slug"[^>]*aria-describedby="f-slug-fault f-slug-hint"/)
      assert.include(text, "Use de 2 a 64 letras minúsculas")
      assert.include(text, "Deve ser o token que o @BotFather deu")
      assert.include(text, 'value="Ruim!"')
      assert.notInclude(text, "<img src=x")
    })
  )

  it.live("keeps its files apart from the rest of the disk", () =>
    Effect.gen(function* () {
      const door = yield* openDoor()
      const page = yield* door.call("GET", "/admin/entrar")
      const css = /href="(\/admin\/assets\/\w+\/panel\.css)"/.exec(page.text)?.[1] ?? ""
      const answer = yield* door.call("GET", css)
      assert.strictEqual(answer.status, 200)
      assert.match(String(answer.headers["cache-control"]), /immutable/)
      for (const [asked, encoding] of [
        ["gzip, deflate, br", "gzip"],
        ["br, gzip;q=0", undefined]
      ] as const) {
        const packed = yield* door.call("GET", css, { headers: { "accept-encoding": asked } })
        assert.strictEqual(packed.headers["content-encoding"], encoding)
        assert.isTrue(
          encoding === undefined ? packed.text === answer.text : packed.text.length < answer.text.length / 2
        )
      }
      for (const name of ["nope.js", "..%2fhtml.ts", "constructor", "__proto__"]) {
        assert.strictEqual((yield* door.call("GET", `/admin/assets/1/${name}`)).status, 404, name)
      }
    })
  )
})
