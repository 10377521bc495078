import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { ana, inWorld, shop } from "../media/support.ts"
import { jpeg } from "../media/samples.ts"

const refusalOf = <A>(effect: Effect.Effect<A, { readonly reason: { readonly _tag: string } }>) =>
  Effect.map(Effect.flip(effect), ({ reason }) => reason)

describe("Preview", () => {
  it.live("sends what is not saved yet, as a buyer would get it, and saves nothing", () =>
    Effect.gen(function* () {
      const { admin, preview, sql, telegram, upload } = yield* shop()
      const photo = yield* upload(jpeg())
      const plan = yield* admin.addPlan("vip", { name: "Mensal", price_cents: 1990 })
      yield* sql`
        insert into bot_users (bot_id, telegram_id, first_name) select id, ${ana.id}::bigint, 'Ana' from bots`
      yield* telegram.clear
      const content = {
        text: "Olá {nome}! {plano} por {valor}",
        media: [{ media_id: photo.id }],
        buttons: [[{ text: "Quero", plan_id: plan.id }]]
      }
      const calls = yield* preview.send({ slug: "vip", key: "start", chatId: ana.id, content })
      assert.deepStrictEqual(calls, [{ method: "sendPhoto", ok: true }])
      const [call] = yield* telegram.calls
      assert.strictEqual(call?.params["caption"], "Olá Ana! Mensal por R$ 19,90")
      assert.strictEqual((yield* sql`select id from bot_messages`).length, 0)
    }).pipe(inWorld)
  )

  it.live("without a content it shows what is saved; what is not there is not found", () =>
    Effect.gen(function* () {
      const { admin, preview } = yield* shop()
      const send = (key: string) => preview.send({ slug: "vip", key, chatId: ana.id })
      assert.strictEqual((yield* refusalOf(send("start")))._tag, "NotFound")
      yield* admin.putMessage("vip", "start", { text: "Oi" })
      yield* admin.putMessage("vip", "paid", { text: "Obrigado" })
      assert.deepStrictEqual(yield* send("start"), [{ method: "sendMessage", ok: true }])
      assert.deepStrictEqual(yield* send("paid"), [{ method: "sendMessage", ok: true }])
      assert.strictEqual((yield* refusalOf(preview.send({ slug: "nada", key: "start", chatId: 1 })))._tag, "NotFound")
    }).pipe(inWorld)
  )

  it.live("lists each call with Telegram's complaint, in words for a seller", () =>
    Effect.gen(function* () {
      const { preview, telegram, upload } = yield* shop()
      const photo = yield* upload(jpeg())
      const send = (content: unknown, chatId = ana.id) => preview.send({ slug: "vip", key: "start", chatId, content })
      assert.deepStrictEqual(yield* send({ text: "Oi" }, 12_345), [
        {
          method: "sendMessage",
          ok: false,
          error: "O bot não conhece este chat: abra o bot com essa conta e mande /start, ou ponha o bot no grupo."
        }
      ])
      // The second call is tried although the first was refused.
      yield* telegram.fail({
        match: { method: "sendMediaGroup" },
        answer: { kind: "refused", description: "Bad Request: PHOTO_INVALID_DIMENSIONS" }
      })
      assert.deepStrictEqual(yield* send({ text: "Oi", media: [{ media_id: photo.id }, { media_id: photo.id }] }), [
        {
          method: "sendMediaGroup",
          ok: false,
          error: "A foto é grande ou comprida demais: diminua-a e envie de novo."
        },
        { method: "sendMessage", ok: true }
      ])
      assert.deepStrictEqual(yield* send({ media: [{ kind: "photo", file_id: "AgACnotours" }] }), [
        { method: "sendPhoto", ok: false, error: "Este file_id não é deste bot." }
      ])
      yield* telegram.fail({ match: {}, answer: { kind: "refused", description: "Bad Request: SOMETHING_NEW" } })
      const [unknown] = yield* send({ text: "Oi" })
      assert.match(unknown?.error ?? "", /^O Telegram recusou o pedido \(400\): .*SOMETHING_NEW$/)
    }).pipe(inWorld)
  )

  it.live("refuses a content that could not be saved either, field by field", () =>
    Effect.gen(function* () {
      const { preview, telegram } = yield* shop()
      yield* telegram.clear
      const reason = yield* refusalOf(
        preview.send({
          slug: "vip",
          key: "start",
          chatId: ana.id,
          content: { text: "{nada}", media: [{ media_id: 999 }] }
        })
      )
      assert.strictEqual(reason._tag, "Invalid")
      assert.property("fields" in reason ? reason.fields : {}, "content.text")
      assert.deepStrictEqual(yield* telegram.calls, [])
    }).pipe(inWorld)
  )

  it.live("a file that is nowhere is said to be", () =>
    Effect.gen(function* () {
      const { preview, store, upload } = yield* shop()
      const photo = yield* upload(jpeg())
      yield* store.remove(`vip/photo/${photo.sha256}.jpg`)
      const content = { text: "Oi", media: [{ media_id: photo.id }] }
      assert.deepStrictEqual(yield* preview.send({ slug: "vip", key: "start", chatId: ana.id, content }), [
        {
          method: "sendPhoto",
          ok: false,
          error: "Não consegui ler a mídia: o arquivo não está mais onde as mídias são guardadas."
        }
      ])
    }).pipe(inWorld)
  )
})
