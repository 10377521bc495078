import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option, Redacted, Tracer } from "effect"
import { SqlClient } from "effect/sql"
import { createCipheriv } from "node:crypto"
import type { Bot } from "../../src/domain/bot.ts"
import { encryptionKey, inWorld, seen, startNode } from "./support.ts"

const token = "824078912:AAF-abcdefghijklmnopqrstuvwxyz_LEOBE"

const sealed = (text: string, hexKey = encryptionKey) => {
  const iv = Buffer.alloc(12, 7)
  const cipher = createCipheriv("aes-256-gcm", Buffer.from(hexKey, "hex"), iv)
  const base64 = Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]).toString("base64")
  return { bytes: `\\x${Buffer.from(base64).toString("hex")}`, iv: iv.toString("base64") }
}

const botOf = (bots: { readonly find: (slug: string) => Option.Option<Bot> }, slug: string) =>
  Option.getOrThrow(bots.find(slug))

const insertBot = (slug: string, columns: Record<string, unknown> = {}) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<{ readonly id: number }>`
      insert into bots ${sql.insert({ slug, token: `${slug.length}00000:abc`, ...columns })} returning id`
    return row!.id
  })

const v2Message = (text: string, more: object = {}) =>
  JSON.stringify({ text, parse_mode: "MarkdownV2", disable_web_page_preview: true, raw: false, ...more })

describe("Bots: tokens", () => {
  it.live("opens V2's token, falls back to the plain one, and says what to do when there is none", () =>
    Effect.gen(function* () {
      const good = sealed(token)
      const foreign = sealed(token, "f".repeat(64))
      yield* insertBot("cifrado", { token: "1:velho", token_encrypted: good.bytes, token_iv: good.iv })
      yield* insertBot("quebrado", { token: "222222:plano", token_encrypted: foreign.bytes, token_iv: foreign.iv })
      yield* insertBot("perdido", { token: null, token_encrypted: foreign.bytes, token_iv: foreign.iv })
      yield* insertBot("vazio", { token: null })
      yield* insertBot("pausado", { active: false })
      yield* insertBot("do_ambiente", { token: null })
      yield* insertBot("apagado", { deleted_at: new Date() })
      const { bots, log } = yield* startNode({ TELEGRAM_TOKEN_DO_AMBIENTE: "999999:xyz" })

      const tokens = ["cifrado", "quebrado", "perdido", "vazio", "pausado", "do_ambiente"].map((slug) => {
        const bot = botOf(bots, slug)
        return [slug, bot.active, Option.getOrNull(Option.map(bot.token, Redacted.value))]
      })
      assert.deepStrictEqual(tokens, [
        ["cifrado", true, token],
        ["quebrado", true, "222222:plano"],
        ["perdido", false, null],
        ["vazio", false, null],
        ["pausado", false, "700000:abc"],
        ["do_ambiente", true, "999999:xyz"]
      ])
      assert.isTrue(Option.isNone(bots.find("apagado")))
      const written = yield* log
      assert.match(written, /WARN .*quebrado não abre com esta ENCRYPTION_KEY; uso o token sem cifra/)
      assert.match(
        written,
        /WARN .*O bot perdido está parado.*não abre.*Defina TELEGRAM_TOKEN_PERDIDO ou envie o token/
      )
      assert.match(written, /WARN .*O bot vazio está parado: não há token guardado.*TELEGRAM_TOKEN_VAZIO/)
      assert.notMatch(written, /plano|AAF-|999999:xyz/)
    }).pipe(inWorld)
  )

  it.live("reads a token column of type text, as a database that only V3 knew has it", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`alter table bots alter column token_encrypted type text using token_encrypted::text`
      const { bytes, iv } = sealed(token)
      yield* insertBot("texto", {
        token: null,
        token_iv: iv,
        token_encrypted: Buffer.from(bytes.slice(2), "hex").toString()
      })
      const { bots } = yield* startNode()
      assert.deepStrictEqual(Option.map(botOf(bots, "texto").token, Redacted.value), Option.some(token))
    }).pipe(inWorld)
  )
})

describe("Bots: contents of the older systems", () => {
  it.live("takes the /start from the youngest system that has one", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const startMessage = JSON.stringify({ active: true, message: JSON.parse(v2Message("Oi do V2!")) })
      const inactive = JSON.stringify({ active: false, message: JSON.parse(v2Message("Desligada")) })
      const ids = new Map<string, number>()
      for (const [slug, start] of [
        ["todos", startMessage],
        ["coluna", startMessage],
        ["linhas", inactive],
        ["nada", null]
      ] as const) {
        ids.set(slug, yield* insertBot(slug, { start_message: start }))
      }
      for (const slug of ["todos", "coluna", "linhas"]) {
        yield* sql`
          insert into bot_messages (slug, sequence_order, content, active) values
            (${slug}, 2, ${v2Message("Segunda")}, true), (${slug}, 1, ${v2Message("Primeira")}, true),
            (${slug}, 3, ${v2Message("Apagada")}, false)`
      }
      const own = JSON.stringify({
        text: "<b>Oi</b> {nome}",
        buttons: [[{ text: "Site", url: "https://exemplo.com" }]]
      })
      yield* sql`insert into bot_messages (bot_id, slug, content) values (${ids.get("todos")!}, 'start', ${own}),
        (${ids.get("todos")!}, 'paid', ${JSON.stringify({ text: "Obrigado" })})`
      const { bots } = yield* startNode()

      const texts = (slug: string) => botOf(bots, slug).start.map((content) => content.text)
      assert.deepStrictEqual(texts("todos"), ["<b>Oi</b> {nome}"])
      assert.deepStrictEqual(botOf(bots, "todos").start[0]?.buttons, [[{ text: "Site", url: "https://exemplo.com" }]])
      assert.strictEqual(botOf(bots, "todos").messages.get("paid")?.text, "Obrigado")
      assert.isFalse(botOf(bots, "todos").messages.has("start"))
      assert.deepStrictEqual(texts("coluna"), ["Oi do V2!"])
      assert.deepStrictEqual(texts("linhas"), ["Primeira", "Segunda"])
      assert.deepStrictEqual(texts("nada"), [])
    }).pipe(inWorld)
  )

  it.live("sends old media by the file_id that media_cache knows for this bot", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const [known, unknown] = ["a".repeat(64), "b".repeat(64)]
      const start = { active: true, message: JSON.parse(v2Message("Veja")) }
      const refs = [known, unknown].map((sha256) => ({ sha256, kind: "photo" }))
      yield* insertBot("vip", { start_message: JSON.stringify(start), start_media_refs: JSON.stringify(refs) })
      yield* sql`
        insert into media_cache (bot_slug, sha256, kind, tg_file_id, status) values
          ('vip', ${known}, 'photo', 'AgACvip', 'ready'), ('outro', ${unknown}, 'photo', 'AgACoutro', 'ready'),
          ('vip', ${unknown}, 'photo', null, 'warming')`
      const { bots } = yield* startNode()
      assert.deepStrictEqual(botOf(bots, "vip").start[0]?.media, [
        { kind: "photo", file_id: "AgACvip" },
        { kind: "photo", sha256: unknown }
      ])
    }).pipe(inWorld)
  )

  it.live("gives V3's plans rows of their own that follow V3's prices, but not back over ours", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const botId = yield* insertBot("v3")
      const v3 = (price: number) =>
        JSON.stringify({
          messages: ["Oi {{user_name}}"],
          medias: [],
          plans: [
            { name: "Mensal", time: "30 dias", value: price },
            { name: "Anual", time: "1 ano", value: 9900 }
          ]
        })
      yield* sql`insert into bot_messages (bot_id, slug, content) values (${botId}, 'start', ${v3(990)})`
      const before = yield* sql`select * from bot_messages`
      const first = yield* startNode()
      const plans = () => sql<{ readonly id: number; readonly name: string; readonly price_cents: number }>`
        select id, name, price_cents from bot_plans order by position`

      const rows = yield* plans()
      assert.deepStrictEqual(
        rows.map((plan) => [plan.name, plan.price_cents]),
        [
          ["Mensal", 990],
          ["Anual", 9900]
        ]
      )
      const bot = botOf(first.bots, "v3")
      const offered = bot.start.flatMap((content) => content.buttons ?? []).flat()
      assert.deepStrictEqual(
        offered.map((button) => ("plan_id" in button ? button.plan_id : 0)),
        rows.map((plan) => plan.id)
      )
      assert.strictEqual(bot.plans.get(rows[0]!.id)?.priceCents, 990)
      assert.deepStrictEqual(yield* sql`select * from bot_messages`, before)

      // Another node finds the same rows; a price changed in them stays through any number of readings.
      yield* startNode()
      yield* sql`update bot_plans set price_cents = 1490 where id = ${rows[0]!.id}`
      yield* first.bots.reload(botId)
      yield* startNode()
      assert.deepStrictEqual(
        (yield* plans()).map((plan) => [plan.id, plan.price_cents]),
        [
          [rows[0]!.id, 1490],
          [rows[1]!.id, 9900]
        ]
      )
      // What V3 changes afterwards is the newer word.
      yield* sql`update bot_messages set content = ${v3(1990)} where bot_id = ${botId}`
      const changed = yield* seen(first.bots, (one) => one.plans.get(rows[0]!.id)?.priceCents === 1990)
      assert.strictEqual(changed.plans.size, 2)
      assert.strictEqual((yield* plans()).length, 2)
    }).pipe(inWorld)
  )

  it.live("leaves out the button of a plan that was removed", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const botId = yield* insertBot("v3")
      const content = JSON.stringify({ messages: ["Oi"], plans: [{ name: "Mensal", value: 990 }] })
      yield* sql`insert into bot_messages (bot_id, slug, content) values (${botId}, 'start', ${content})`
      const { bots } = yield* startNode()
      assert.isDefined(botOf(bots, "v3").start[0]?.buttons)
      yield* sql`update bot_plans set deleted_at = now()`
      const bot = yield* seen(bots, (one) => [...one.plans.values()].every((plan) => !plan.active))
      assert.deepStrictEqual(
        bot.start.map(({ buttons, text }) => [text, buttons]),
        [["Oi", undefined]]
      )
      assert.strictEqual((yield* sql`select id from bot_plans`).length, 1)
    }).pipe(inWorld)
  )
})

describe("Bots: changes", () => {
  it.live("puts a change by plain SQL into force in every process within 2 s", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const botId = yield* insertBot("vip")
      yield* sql`insert into bot_messages (slug, content) values ('vip', ${v2Message("Antes")})`
      const [one, other] = [yield* startNode(), yield* startNode()]
      const everywhere = (check: (bot: Bot) => boolean, change: Effect.Effect<unknown, unknown, SqlClient.SqlClient>) =>
        Effect.gen(function* () {
          for (const { bots } of [one, other]) assert.isFalse(bots.all().some(check))
          const waiting = yield* Effect.forEach([one, other], ({ bots }) => Effect.forkChild(seen(bots, check, 2)))
          yield* change
          yield* Effect.forEach(waiting, Fiber.join)
        })

      yield* everywhere((bot) => !bot.active, sql`update bots set active = false where id = ${botId}`)
      yield* everywhere((bot) => bot.active, sql`update bots set active = true where id = ${botId}`)
      yield* everywhere(
        (bot) => bot.start[0]?.text === "Depois",
        sql`update bot_messages set content = ${v2Message("Depois")} where slug = 'vip'`
      )
      yield* everywhere(
        (bot) => bot.plans.size === 1,
        sql`insert into bot_plans (bot_id, name, price_cents) values (${botId}, 'Mensal', 1990)`
      )
      yield* everywhere(
        (bot) => [...bot.plans.values()].some((plan) => plan.priceCents === 990),
        sql`update bot_plans set price_cents = 990`
      )
      yield* everywhere(
        (bot) => bot.gateway === "syncpay" && bot.slug === "vip",
        sql`update bots set provider = 'syncpay' where id = ${botId}`
      )
      yield* everywhere((bot) => bot.slug === "novo", insertBot("novo"))
      yield* everywhere((bot) => bot.slug === "vip2", sql`update bots set slug = 'vip2' where id = ${botId}`)
      assert.isTrue(Option.isNone(one.bots.find("vip")))
    }).pipe(inWorld)
  )

  it.live("forgets a deleted bot, and tells whoever worked for it", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const [soft, hard] = [yield* insertBot("suave"), yield* insertBot("duro")]
      const { bots } = yield* startNode()
      const waiting = yield* Effect.forEach([soft, hard], (id) =>
        Effect.forkChild(seen(bots, (bot) => bot.id === id && !bot.active))
      )
      yield* sql`update bots set deleted_at = now() where id = ${soft}`
      yield* sql`delete from bots where id = ${hard}`
      yield* Effect.forEach(waiting, Fiber.join)
      assert.deepStrictEqual(
        [bots.find("suave"), bots.find("duro"), bots.byId(soft)],
        [Option.none(), Option.none(), Option.none()]
      )
      assert.deepStrictEqual(bots.all(), [])
    }).pipe(inWorld)
  )

  it.live("is silent about what did not change, and a failing listener disturbs nobody", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const botId = yield* insertBot("vip", { name: "Antes" })
      const { bots } = yield* startNode()
      const heard: Array<string> = []
      yield* bots.onChange(() => Effect.die("quebrou"))
      yield* bots.onChange((bot) => Effect.sync(() => void heard.push(bot.name)))
      yield* bots.reload(botId)
      yield* sql`update bots set name = 'Depois' where id = ${botId}`
      yield* seen(bots, (bot) => bot.name === "Depois")
      yield* bots.reload(botId)
      assert.deepStrictEqual(heard, ["Antes", "Depois"])
    }).pipe(inWorld)
  )

  it.live("reads a thousand bots with no more queries than two", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { catalogue } = yield* startNode()
      const statements: Array<string> = []
      const tracer = Tracer.make({
        span: (options) => {
          if (options.kind === "client") statements.push(options.name)
          return new Tracer.NativeSpan(options)
        }
      })
      const countOf = (first: number, last: number) =>
        Effect.gen(function* () {
          yield* sql`
            insert into bots (slug, token, start_message)
            select 'bot' || n, n || '00000:abc', '{"message": {"text": "Oi", "media": [{"kind": "photo", "sha256": "abcd"}]}}'
            from generate_series(${first}::int, ${last}::int) n`
          yield* sql`
            insert into bot_messages (bot_id, slug, content)
            select id, 'oferta', '{"messages": ["Oi"], "plans": [{"name": "Mensal", "value": 990}]}'
            from bots where split_part(token, '00000:', 1)::int between ${first}::int and ${last}::int`
          statements.length = 0
          const loaded = yield* Effect.withTracer(catalogue.load(), tracer)
          assert.strictEqual(loaded.length, last)
          assert.isTrue(loaded.every(({ bot }) => bot.plans.size === 1 && bot.messages.has("oferta")))
          return statements.length
        })
      // Whether this reading or the process's own gives the new plans their rows is a race of two statements.
      const [few, many] = [yield* countOf(1, 2), yield* countOf(3, 1000)]
      assert.isAbove(few, 4)
      assert.isAtMost(Math.abs(many - few), 2)
    }).pipe(inWorld)
  )
})
