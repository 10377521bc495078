import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { fieldsOf, otherToken, refused, shop, telegramBots, token } from "./adminSupport.ts"
import { inWorld, seen, startNode } from "./support.ts"

const publicUrl = "https://loja.exemplo.com"

describe("BotAdmin: bots", () => {
  it.live("creates a bot: checked, sealed, registered, in force when it returns", () =>
    Effect.gen(function* () {
      const { bot, bots, admin, log, sql, telegram } = yield* shop({ PUBLIC_URL: publicUrl })
      const { created_at, id, webhook, ...plain } = bot
      assert.deepStrictEqual(plain, {
        slug: "vip",
        name: "Vip",
        username: "vip_bot",
        gateway: "pushinpay",
        second_gateway: null,
        max_pix_per_hour: 10,
        shots_per_person: null,
        shots_per_person_hours: null,
        time_zone: "America/Sao_Paulo",
        active: true,
        inactive_reason: null,
        token_masked: "8240789...LEOBE",
        messages_per_second: 29,
        allow_paid_broadcast: false,
        paid_messages_per_second: 950,
        pix_expires_minutes: 60,
        warmup_chat_id: null,
        media: { ready: 0, total: 0 },
        vip_chat_id: null,
        vip_error: null,
        withdraw_access: true,
        notice: null
      })
      assert.strictEqual(webhook.url, `${publicUrl}/tg/vip/webhook`)
      assert.isNull(webhook.error)
      assert.isTrue(Math.abs(Date.parse(created_at) - Date.now()) < 60_000)
      assert.strictEqual((yield* telegram.calls).filter((call) => call.method === "setWebhook").length, 1)

      const held = Option.getOrThrow(bots.find("vip"))
      assert.deepStrictEqual(Option.map(held.token, Redacted.value), Option.some(token))
      assert.isTrue(Option.isSome(held.webhookSecret))
      const [row] = yield* sql`
        select token, token_encrypted::text as sealed, provider, gateway_default, telegram_bot_id, token_status
        from bots where id = ${id}`
      assert.deepInclude(row, {
        token: null,
        provider: "pushinpay",
        gateway_default: "pushinpay",
        telegram_bot_id: 824078912,
        token_status: "validated"
      })
      assert.notInclude(Buffer.from(String(row?.["sealed"]).slice(2), "hex").toString(), "AAF-")
      assert.deepStrictEqual(yield* admin.get("vip"), bot)
      assert.deepStrictEqual(yield* admin.list, [bot])
      assert.notInclude(yield* log, token)
    }).pipe(inWorld)
  )

  it.live("keeps the bot when Telegram refuses the address, and says so", () =>
    Effect.gen(function* () {
      const telegram = yield* telegramBots
      yield* telegram.fail({
        match: { method: "setWebhook" },
        answer: { kind: "refused", description: "Bad Request: bad webhook: Failed to resolve host" },
        times: 2
      })
      const { admin } = yield* startNode({ PUBLIC_URL: publicUrl })
      const bot = yield* admin.create({ slug: "vip", token, gateway: "syncpay", name: "Meu bot" })
      assert.deepStrictEqual([bot.active, bot.name, bot.gateway, bot.webhook.url], [true, "Meu bot", "syncpay", null])
      assert.isNotEmpty(bot.webhook.error)
    }).pipe(inWorld)
  )

  it.live("refuses what is taken, unknown to Telegram or unreachable", () =>
    Effect.gen(function* () {
      const { admin, bots, sql, telegram } = yield* shop({ TELEGRAM_TOKEN_FIXO: otherToken })
      const input = { slug: "outro", token: otherToken, gateway: "pushinpay" } as const
      yield* refused(admin.create({ ...input, slug: "vip" }), "Conflict", /Já existe um bot com o endereço vip/)
      yield* refused(admin.create({ ...input, token }), "Conflict", /@vip_bot, que já está cadastrado como vip/)
      const unknown = admin.create({ ...input, token: "999:aaaaaaaaaaaaaaaaaaaaaaaa" })
      assert.match((yield* fieldsOf(unknown))["token"] ?? "", /não aceita este token/)
      yield* telegram.fail({ match: { method: "getMe" }, answer: { kind: "server", status: 502 } })
      yield* refused(admin.create(input), "Upstream", /Não consegui conferir o token/)
      yield* sql`insert into bots (slug, deleted_at) values ('velho', now())`
      yield* refused(admin.create({ ...input, slug: "velho" }), "Conflict", /bot que foi apagado/)
      // The variable would win over the token that is being stored.
      yield* refused(admin.patch("vip", { token: otherToken }), "Conflict", /outro bot do Telegram, @outro_bot/)
      const fixo = admin.create({ slug: "fixo", token, gateway: "pushinpay" })
      yield* refused(fixo, "Conflict", /TELEGRAM_TOKEN_FIXO, que vence/)
      yield* refused(admin.get("nenhum"), "NotFound", /nenhum/)
      assert.strictEqual((yield* admin.list).length, 1)
      // A bot of the old systems is known only by its token.
      yield* sql`insert into bots (slug, token) values ('antigo', ${otherToken})`
      yield* seen(bots, (bot) => bot.slug === "antigo")
      yield* refused(admin.create(input), "Conflict", /cadastrado como antigo/)
    }).pipe(inWorld)
  )

  it.live("lets one of several simultaneous creations win", () =>
    Effect.gen(function* () {
      yield* telegramBots
      const { admin } = yield* startNode()
      const create = Effect.result(admin.create({ slug: "vip", token, gateway: "pushinpay" }))
      const results = yield* Effect.all([create, create, create], { concurrency: "unbounded" })
      assert.strictEqual(results.filter((result) => result._tag === "Success").length, 1)
      for (const result of results) {
        if (result._tag === "Failure") assert.strictEqual(result.failure.reason._tag, "Conflict")
      }
    }).pipe(inWorld)
  )

  it.live("changes any subset of the settings, and null clears", () =>
    Effect.gen(function* () {
      const { admin, bot, bots } = yield* shop()
      assert.deepStrictEqual(yield* admin.patch("vip", {}), bot)
      const changed = yield* admin.patch("vip", {
        name: "Novo\u0000 nome",
        gateway: "syncpay",
        notice: "Aviso da loja",
        warmup_chat_id: "-1001234567890",
        vip_chat_id: "@meucanal",
        messages_per_second: 900,
        pix_expires_minutes: 30
      })
      assert.deepStrictEqual(changed, {
        ...bot,
        name: "Novo nome",
        gateway: "syncpay",
        notice: "Aviso da loja",
        warmup_chat_id: "-1001234567890",
        vip_chat_id: "@meucanal",
        messages_per_second: 900,
        pix_expires_minutes: 30
      })
      const held = Option.getOrThrow(bots.find("vip"))
      assert.deepStrictEqual(
        [held.gateway, held.notice, held.pixExpiresMinutes, held.vipChatId],
        ["syncpay", Option.some("Aviso da loja"), 30, Option.some("@meucanal")]
      )
      const cleared = yield* admin.patch("vip", { notice: null, vip_chat_id: null, warmup_chat_id: null })
      assert.deepStrictEqual([cleared.notice, cleared.vip_chat_id, cleared.warmup_chat_id], [null, null, null])

      const capped = yield* admin.patch("vip", { shots_per_person: 2, time_zone: "America/Manaus" })
      assert.deepInclude(capped, { shots_per_person: 2, shots_per_person_hours: 24, time_zone: "America/Manaus" })
      const longer = yield* admin.patch("vip", { shots_per_person_hours: 72 })
      assert.deepInclude(longer, { shots_per_person: 2, shots_per_person_hours: 72 })
      const free = yield* admin.patch("vip", { shots_per_person: null })
      assert.deepInclude(free, { shots_per_person: null, shots_per_person_hours: null })
      const alone = yield* fieldsOf(admin.patch("vip", { shots_per_person_hours: 24 }))
      assert.match(alone["shots_per_person_hours"] ?? "", /junto com shots_per_person/)

      const paused = yield* admin.patch("vip", { active: false })
      assert.deepStrictEqual([paused.active, paused.inactive_reason], [false, "O bot está pausado."])
      assert.isFalse(Option.getOrThrow(bots.find("vip")).active)
      assert.isTrue((yield* admin.patch("vip", { active: true })).active)
      assert.isTrue(Option.getOrThrow(bots.find("vip")).active)
    }).pipe(inWorld)
  )

  it.live("takes a new token of the same bot, with a new secret for its webhook", () =>
    Effect.gen(function* () {
      const { admin, bots, sql, telegram } = yield* shop({ PUBLIC_URL: publicUrl })
      yield* sql`update bots set token = '824078912:copia-antiga-em-claro'`
      const before = Option.getOrThrow(bots.find("vip"))
      const rotated = "824078912:AAG-outro-segredo-depois-da-troca"
      yield* telegram.addBot({ token: rotated, username: "vip_bot", name: "Vip" })
      const view = yield* admin.patch("vip", { token: rotated })
      assert.strictEqual(view.token_masked, "8240789...troca")
      const after = Option.getOrThrow(bots.find("vip"))
      assert.deepStrictEqual(Option.map(after.token, Redacted.value), Option.some(rotated))
      assert.notDeepEqual(after.webhookSecret, before.webhookSecret)
      assert.deepStrictEqual(after.webhookUrl, before.webhookUrl)
      const calls = (yield* telegram.calls).filter((call) => call.method === "setWebhook")
      assert.deepStrictEqual(Option.some(calls.at(-1)?.params["secret_token"]), after.webhookSecret)
      assert.isNull((yield* sql`select token from bots`)[0]?.["token"])
    }).pipe(inWorld)
  )

  it.live("tells why a bot stands still, and wakes it with a token", () =>
    Effect.gen(function* () {
      const telegram = yield* telegramBots
      const sql = yield* SqlClient.SqlClient
      yield* sql`insert into bots (slug, token_encrypted, token_iv, provider, gateway_default)
        values ('vip', 'bG9yZW0gaXBzdW0gZG9sb3Igc2l0IGFtZXQ=', 'AAAAAAAAAAAAAAAA', 'pushinpay', 'syncpay')`
      const { admin, bots } = yield* startNode()
      const asleep = yield* admin.get("vip")
      assert.deepStrictEqual([asleep.active, asleep.token_masked, asleep.gateway], [false, null, "syncpay"])
      assert.match(asleep.inactive_reason ?? "", /não abre com esta ENCRYPTION_KEY.*TELEGRAM_TOKEN_VIP/)
      const awake = yield* admin.patch("vip", { token })
      // The row now counts as ours; the choice made in V3 stays.
      assert.deepStrictEqual([awake.active, awake.inactive_reason, awake.gateway], [true, null, "syncpay"])
      assert.isTrue(Option.getOrThrow(bots.find("vip")).active)
      assert.strictEqual((yield* telegram.calls).length, 1)
    }).pipe(inWorld)
  )
})
