import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { fieldsOf, otherToken, refused, shop } from "./adminSupport.ts"
import { inWorld } from "./support.ts"

describe("BotAdmin: plans", () => {
  it.live("adds, changes, lists and removes", () =>
    Effect.gen(function* () {
      const { admin, bots, sql } = yield* shop()
      const monthly = yield* admin.addPlan("vip", { name: " Mensal ", price_cents: 1990 })
      const { created_at, ...plain } = monthly
      assert.isNotEmpty(created_at)
      assert.deepStrictEqual(plain, {
        id: monthly.id,
        name: "Mensal",
        price_cents: 1990,
        active: true,
        delivery: null,
        vip_chat_id: null
      })
      const yearly = yield* admin.addPlan("vip", {
        name: "Anual",
        price_cents: 9990,
        active: false,
        vip_chat_id: "-100200300",
        delivery: { text: "Seu acesso: <b>aqui</b>", buttons: [[{ text: "Renovar", plan_id: monthly.id }]] }
      })
      assert.deepStrictEqual(yield* admin.plans("vip"), [monthly, yearly])
      const held = () => Option.getOrThrow(bots.find("vip")).plans
      assert.deepStrictEqual([...held().keys()], [monthly.id, yearly.id])
      assert.isTrue(Option.isSome(held().get(yearly.id)!.delivery))

      const cheaper = yield* admin.patchPlan("vip", monthly.id, { price_cents: 990 })
      assert.deepStrictEqual(cheaper, { ...monthly, price_cents: 990 })
      assert.strictEqual(held().get(monthly.id)?.priceCents, 990)
      const bare = yield* admin.patchPlan("vip", yearly.id, { active: true, delivery: null, vip_chat_id: null })
      assert.deepStrictEqual([bare.active, bare.delivery, bare.vip_chat_id], [true, null, null])
      assert.deepStrictEqual(yield* admin.patchPlan("vip", yearly.id, {}), bare)

      yield* admin.removePlan("vip", monthly.id)
      assert.deepStrictEqual(yield* admin.plans("vip"), [bare])
      // Who paid for it before is owed its delivery, so it stays in memory, off sale.
      assert.deepStrictEqual(
        [...held().values()].map((plan) => [plan.id, plan.active]),
        [
          [monthly.id, false],
          [yearly.id, true]
        ]
      )
      // Payments go on pointing to it.
      assert.strictEqual((yield* sql`select id from bot_plans`).length, 2)
    }).pipe(inWorld)
  )

  it.live("refuses plans that are not there, and deliveries that are not in order", () =>
    Effect.gen(function* () {
      const { admin } = yield* shop()
      const plan = { name: "Mensal", price_cents: 1990 }
      yield* refused(admin.addPlan("nenhum", plan), "NotFound", /nenhum/)
      yield* refused(admin.patchPlan("vip", 77, { name: "x" }), "NotFound", /não tem o plano 77/)
      yield* refused(admin.removePlan("vip", 77), "NotFound", /não tem o plano 77/)
      assert.deepStrictEqual(Object.keys(yield* fieldsOf(admin.addPlan("vip", { ...plan, name: " \u0000 " }))), [
        "name"
      ])
      const faults = yield* fieldsOf(
        admin.addPlan("vip", { ...plan, delivery: { text: "Oi", buttons: [[], [{ text: "Mais", plan_id: 77 }]] } })
      )
      assert.deepStrictEqual(Object.keys(faults), ["delivery.buttons.1.0.plan_id"])
      const broken = yield* fieldsOf(admin.addPlan("vip", { ...plan, delivery: { text: "<b>Oi" } }))
      assert.deepStrictEqual(Object.keys(broken), ["delivery.text"])
      assert.deepStrictEqual(yield* admin.plans("vip"), [])
    }).pipe(inWorld)
  )

  it.live("does not remove a plan that is still offered, and names the places", () =>
    Effect.gen(function* () {
      const { admin, sql, bot } = yield* shop()
      const plan = yield* admin.addPlan("vip", { name: "Mensal", price_cents: 1990 })
      const buttons = [[{ text: "Quero", plan_id: plan.id }]]
      yield* admin.putMessage("vip", "start", { text: "Oi", buttons })
      yield* admin.putMessage("vip", "expired", { text: "Expirou", buttons })
      const other = yield* admin.addPlan("vip", { name: "Anual", price_cents: 9990, delivery: { text: "Oi", buttons } })
      yield* sql`insert into bot_downsells (bot_id, slug, name, content) values
        (${bot.id}, 'd1', 'd1', ${JSON.stringify({ text: "Ei", buttons: [[{ text: "Só hoje", plan_id: plan.id, price_cents: 990 }]] })})`
      yield* refused(
        admin.removePlan("vip", plan.id),
        "Conflict",
        /Mensal.*mensagem start, mensagem expired, entrega do plano Anual, downsell d1/
      )
      yield* admin.putMessage("vip", "start", { text: "Oi" })
      yield* admin.putMessage("vip", "expired", { text: "Expirou" })
      yield* admin.removePlan("vip", other.id)
      yield* sql`delete from bot_downsells`
      yield* admin.removePlan("vip", plan.id)
      assert.deepStrictEqual(yield* admin.plans("vip"), [])
    }).pipe(inWorld)
  )

  it.live("shows the plans of an old message as plans of the bot", () =>
    Effect.gen(function* () {
      const { admin, bot, sql } = yield* shop()
      const content = { messages: ["Oi"], plans: [{ name: "Mensal", time: "30 dias", value: 990 }] }
      yield* sql`insert into bot_messages (bot_id, slug, content) values (${bot.id}, 'start', ${JSON.stringify(content)})`
      const [plan] = yield* admin.plans("vip")
      assert.deepInclude(plan, { name: "Mensal", price_cents: 990, active: true })
      yield* refused(admin.removePlan("vip", plan!.id), "Conflict", /mensagem start/)
      yield* admin.patchPlan("vip", plan!.id, { price_cents: 1490 })
      assert.strictEqual((yield* admin.plans("vip"))[0]?.price_cents, 1490)
    }).pipe(inWorld)
  )
})

describe("BotAdmin: messages", () => {
  it.live("stores a message, replaces it, and shows what is in force", () =>
    Effect.gen(function* () {
      const { admin, bots, sql } = yield* shop()
      const plan = yield* admin.addPlan("vip", { name: "Mensal", price_cents: 1990 })
      const content = {
        text: "Olá {nome}! <b>Oferta</b>",
        media: [{ kind: "photo", url: "https://exemplo.com/capa.jpg" }],
        buttons: [[{ text: "Quero", plan_id: plan.id, price_cents: 990 }], [{ text: "Canal", url: "https://t.me/x" }]]
      }
      const saved = yield* admin.putMessage("vip", "start", content)
      // What was given by its address is a file of the bot's library from now on.
      const [file] = yield* sql<{ readonly id: number }>`
        select id from media_store where bot_slug = 'vip' and r2_key = 'https://exemplo.com/capa.jpg'`
      assert.deepStrictEqual<unknown>(saved, { ...content, media: [{ media_id: file!.id }] })
      assert.deepStrictEqual<unknown>(yield* admin.message("vip", "start"), saved)
      assert.deepStrictEqual<unknown>(Option.getOrThrow(bots.find("vip")).start, [saved])
      yield* admin.putMessage("vip", "start", { text: "Outra\u0000" })
      yield* admin.putMessage("vip", "paid", { text: "Obrigado" })
      assert.deepStrictEqual(yield* admin.message("vip", "start"), { text: "Outra" })
      assert.deepStrictEqual(Option.getOrThrow(bots.find("vip")).messages.get("paid"), { text: "Obrigado" })
      assert.strictEqual((yield* sql`select id from bot_messages`).length, 2)
      // Switched off by SQL and written again: it is on again.
      yield* sql`update bot_messages set active = false where slug = 'paid'`
      yield* refused(admin.message("vip", "paid"), "NotFound", /ainda não tem/)
      yield* admin.putMessage("vip", "paid", { text: "De novo" })
      assert.deepStrictEqual(yield* admin.message("vip", "paid"), { text: "De novo" })
    }).pipe(inWorld)
  )

  it.live("keeps one row when a message is written several times at once", () =>
    Effect.gen(function* () {
      const { admin, sql } = yield* shop()
      yield* Effect.forEach(
        Array.from({ length: 8 }, (_, index) => index),
        (index) => admin.putMessage("vip", "pix", { text: `Versão ${index}` }),
        { concurrency: "unbounded" }
      )
      assert.strictEqual((yield* sql`select id from bot_messages`).length, 1)
    }).pipe(inWorld)
  )

  it.live("refuses a bad key, a bad content, plans and media of others", () =>
    Effect.gen(function* () {
      const { admin, sql } = yield* shop()
      yield* admin.create({ slug: "outro", token: otherToken, gateway: "pushinpay" })
      const foreign = yield* admin.addPlan("outro", { name: "Deles", price_cents: 100 })
      const [mine] = yield* sql<{ readonly id: number }>`
        insert into media_store (bot_slug, kind, r2_key, bytes, sha256) values ('vip', 'photo', 'a', 1, 'a') returning id`
      const [theirs] = yield* sql<{ readonly id: number }>`
        insert into media_store (bot_slug, kind, r2_key, bytes, sha256) values ('outro', 'photo', 'b', 1, 'b') returning id`

      for (const key of ["Start", "1x", "", "a".repeat(33), "pix-1", "__proto__"]) {
        assert.deepStrictEqual(Object.keys(yield* fieldsOf(admin.putMessage("vip", key, { text: "Oi" }))), ["key"])
      }
      for (const content of [null, 7, "Oi", [], {}, { text: "" }]) {
        assert.isNotEmpty(yield* fieldsOf(admin.putMessage("vip", "start", content)))
      }
      const photo = { kind: "photo", url: "https://exemplo.com/a.jpg" }
      const four = yield* fieldsOf(admin.putMessage("vip", "start", { media: [photo, photo, photo, photo] }))
      assert.deepStrictEqual(Object.keys(four), ["media"])
      const faults = yield* fieldsOf(
        admin.putMessage("vip", "start", {
          text: "Oi",
          media: [{ media_id: mine!.id }, { media_id: theirs!.id }, { media_id: 2 ** 50 }],
          buttons: [[], [{ text: "Quero", plan_id: foreign.id }]]
        })
      )
      assert.deepStrictEqual(Object.keys(faults).toSorted(), [
        "buttons.1.0.plan_id",
        "media.1.media_id",
        "media.2.media_id"
      ])
      yield* refused(admin.message("vip", "start"), "NotFound", /ainda não tem/)
      const kept = yield* admin.putMessage("vip", "start", { text: "Oi", media: [{ media_id: mine!.id }] })
      assert.deepStrictEqual(kept.media, [{ media_id: mine!.id }])
      yield* refused(admin.putMessage("nenhum", "start", { text: "Oi" }), "NotFound", /nenhum/)
    }).pipe(inWorld)
  )

  it.live("shows V2's several /start messages as one, and leaves their rows alone when a new one is written", () =>
    Effect.gen(function* () {
      const { admin, bots, sql } = yield* shop()
      for (const [order, text] of [
        [1, "Primeira"],
        [2, "Segunda"]
      ] as const) {
        yield* sql`insert into bot_messages (slug, sequence_order, content) values
          ('vip', ${order}, ${JSON.stringify({ text, parse_mode: "MarkdownV2", raw: false })})`
      }
      assert.strictEqual((yield* admin.message("vip", "start")).text, "Primeira\n\nSegunda")
      const before = yield* sql`select * from bot_messages order by id`
      yield* admin.putMessage("vip", "start", { text: "Nova" })
      assert.deepStrictEqual(Option.getOrThrow(bots.find("vip")).start, [{ text: "Nova" }])
      assert.deepStrictEqual((yield* sql`select * from bot_messages order by id`).slice(0, 2), before)
    }).pipe(inWorld)
  )
})
