import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { botToken, orderPix, sentTo, wordsOf } from "../support/shop.ts"
import { eventually } from "../support/service.ts"
import { World } from "../support/world.ts"

const edited = (personId: number, words: RegExp) => (call: { method: string; ok: boolean; params: object }) =>
  call.ok &&
  call.method === "editMessageText" &&
  Number((call.params as { chat_id?: unknown }).chat_id) === personId &&
  words.test(wordsOf(call as never))

const expireAll = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`update payments set expires_at = now() - interval '1 second', next_check_at = now()`
})

const codesIn = (messages: ReadonlyArray<{ readonly text: string }>) =>
  messages.filter(({ text }) => text.includes("000201")).length

const world = World.layerWith({ telegram: { timeScale: 0.01 } })

/** Each case has a buyer of its own: what happens to one does not touch the others. */
const person = (id: number, first_name: string) => ({ id: 5_550_000 + id, first_name })

const bia = person(100, "Bia")

layer(world, { excludeTestServices: true, timeout: "60 seconds" })("after the code is in the chat", (it) => {
  it.effect("one that nobody paid in time says so and offers a new one; money that comes later is honoured", () =>
    Effect.gen(function* () {
      const ana = person(1, "Ana")
      const { sandbox } = yield* World
      const { telegram, pushinpay } = sandbox
      const first = yield* orderPix(sandbox, ana)
      yield* expireAll
      yield* telegram.waitFor(edited(ana.id, /venceu/))
      assert.strictEqual(codesIn(yield* telegram.chat(botToken, ana)), 0, "the code is gone from the chat")
      yield* telegram.press(botToken, ana, "🔄 Gerar novo PIX")
      yield* telegram.waitForCount(2, sentTo(ana.id, /<code>/))
      const second = (yield* pushinpay.charges).at(-1)
      assert.notStrictEqual(second?.id, first.id)
      assert.strictEqual(second?.valueCents, first.valueCents)
      yield* pushinpay.pay(first.id)
      yield* telegram.waitFor(sentTo(ana.id, /Seu acesso/))
      yield* telegram.waitFor(edited(ana.id, /já foi pago/))
    })
  )

  it.effect("one that was paid says so, without its buttons, on every message that shows it", () =>
    Effect.gen(function* () {
      const ana = person(2, "Ana")
      const { sandbox } = yield* World
      const { telegram, pushinpay } = sandbox
      const charge = yield* orderPix(sandbox, ana)
      // A tap while the first one is still being answered would be answered with it.
      const sql = yield* SqlClient.SqlClient
      yield* eventually(sql`select 1 from telegram_updates where state = 0`, (rows) => rows.length === 0)
      yield* telegram.press(botToken, ana, "Quero o mensal")
      yield* telegram.waitForCount(2, sentTo(ana.id, /<code>/))
      yield* pushinpay.pay(charge.id)
      yield* telegram.waitForCount(2, edited(ana.id, /já foi pago/))
      const messages = yield* telegram.chat(botToken, ana)
      assert.strictEqual(codesIn(messages), 0)
      const rewritten = messages.filter(({ text }) => text.includes("já foi pago"))
      assert.deepStrictEqual(
        rewritten.map(({ buttons }) => buttons.length),
        [0, 0]
      )
    })
  )

  it.effect("one that expired speaks the seller's own words", () =>
    Effect.gen(function* () {
      const ana = person(3, "Ana")
      const { sandbox, service, shop } = yield* World
      yield* service.admin("PUT", `/api/admin/bots/${shop.slug}/messages/expired`, { text: "Perdeu, {nome}? {valor}!" })
      yield* orderPix(sandbox, ana)
      yield* expireAll
      const call = yield* sandbox.telegram.waitFor(edited(ana.id, /Perdeu, Ana\? R\$ 19,90!/))
      assert.include(JSON.stringify(call.params["reply_markup"]), "Gerar novo PIX")
    })
  )
  const openGroup = Effect.fnUntraced(function* (vip: number, role: "administrator" | "member" = "administrator") {
    const { sandbox, service, shop } = yield* World
    yield* sandbox.telegram.addGroup(botToken, { id: vip, title: "VIP" }, role)
    const patched = yield* service.admin("PATCH", `/api/admin/bots/${shop.slug}/plans/${shop.planId}`, {
      // Telegram writes it as a number, and people copy it either way.
      vip_chat_id: vip % 2 === 0 ? vip : String(vip)
    })
    assert.strictEqual(patched.status, 200)
    return { ...sandbox, sandbox, service, shop, sql: yield* SqlClient.SqlClient, done: doneIn(vip) }
  })
  const doneIn = (vip: number) => (method: string) => (call: { method: string; ok: boolean; params: object }) =>
    call.ok && call.method === method && Number((call.params as { chat_id?: unknown }).chat_id) === vip
  const stateOf = (id: number) =>
    Effect.flatMap(SqlClient.SqlClient, (sql) => sql`select state from vip_access where telegram_id = ${id}`)
  const linkIn = (call: { readonly params: object }) =>
    /https:\/\/t\.me\/\+[\w-]+/.exec(JSON.stringify(call.params))?.[0] ?? ""

  it.effect("a VIP group lets the payer in and nobody else; a refund takes his place away", () =>
    Effect.gen(function* () {
      const ana = person(11, "Ana")
      const vip = -1_001_234_567_811
      const { pushinpay, sandbox, service, done, telegram } = yield* openGroup(vip)
      const charge = yield* orderPix(sandbox, ana)
      yield* pushinpay.pay(charge.id)
      const link = linkIn(yield* telegram.waitFor(sentTo(ana.id, /Seu acesso está liberado, Ana/)))
      const made = yield* telegram.waitFor(done("createChatInviteLink"))
      assert.strictEqual(String(made.params["creates_join_request"]), "true")

      yield* telegram.person(bia)
      assert.strictEqual(yield* telegram.join(bia, link), "requested")
      yield* telegram.waitFor(done("declineChatJoinRequest"))
      assert.strictEqual(yield* telegram.join(ana, link), "requested")
      yield* telegram.waitFor(done("approveChatJoinRequest"))
      yield* telegram.waitFor(done("revokeChatInviteLink"))
      yield* eventually(stateOf(ana.id), ([row]) => row?.["state"] === "joined")

      const [payment] = (yield* service.admin("GET", `/api/admin/payments?telegram_id=${ana.id}`)).json.items
      const refund = yield* service.admin("POST", `/api/admin/payments/${payment.id}/refund`)
      assert.deepInclude(refund.json, { status: "refunded", id: payment.id })
      yield* telegram.waitFor(done("banChatMember"))
      yield* telegram.waitFor(done("unbanChatMember"))
      yield* eventually(stateOf(ana.id), ([row]) => row?.["state"] === "withdrawn")
      assert.strictEqual((yield* telegram.calls).filter(done("approveChatJoinRequest")).length, 1)
    })
  )

  it.effect(
    "a VIP group that does not let the bot invite is told to the seller, and the buyer gets in once that is mended",
    () =>
      Effect.gen(function* () {
        const ana = person(12, "Ana")
        const vip = -1_001_234_567_812
        const { pushinpay, sandbox, service, shop, sql, telegram } = yield* openGroup(vip, "member")
        const charge = yield* orderPix(sandbox, ana)
        yield* pushinpay.pay(charge.id)
        yield* service.wrote(/ERROR .*Falha ao dar acesso ao grupo VIP do bot vip: .*torne-o administrador/)
        const told = yield* service.admin("GET", `/api/admin/bots/${shop.slug}`)
        assert.include(told.json.vip_error, `não tem permissão no grupo VIP ${vip}`)
        yield* telegram.addGroup(botToken, { id: vip }, "administrator")
        yield* sql`update outbox set next_attempt_at = now() where event_name = 'vip_access' and status = 'pending'`
        yield* telegram.waitFor(sentTo(ana.id, /Seu acesso está liberado, Ana/))
        const mended = yield* eventually(
          service.admin("GET", `/api/admin/bots/${shop.slug}`),
          ({ json }) => json.vip_error === null
        )
        assert.strictEqual(mended.json.withdraw_access, true)
      })
  )

  it.effect("a VIP group keeps a refunded buyer where the seller wants it so", () =>
    Effect.gen(function* () {
      const ana = person(13, "Ana")
      const vip = -1_001_234_567_813
      const { pushinpay, sandbox, service, shop, sql, telegram, done } = yield* openGroup(vip)
      yield* service.admin("PATCH", `/api/admin/bots/${shop.slug}`, { withdraw_access: false })
      const charge = yield* orderPix(sandbox, ana)
      yield* pushinpay.pay(charge.id)
      const link = linkIn(yield* telegram.waitFor(sentTo(ana.id, /Seu acesso está liberado, Ana/)))
      yield* telegram.join(ana, link)
      yield* telegram.waitFor(done("approveChatJoinRequest"))
      yield* pushinpay.refund(charge.id)
      yield* eventually(
        sql`select status from outbox where event_name = 'access_withdrawal' and telegram_id = ${ana.id}`,
        ([row]) => row?.["status"] === "sent"
      )
      assert.deepStrictEqual((yield* telegram.calls).filter(done("banChatMember")), [])
    })
  )
})
