import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { SqlClient } from "effect/sql"
import type { Call } from "../../src/sandbox/telegram/CallLog.ts"
import { SandboxTelegram } from "../../src/sandbox/telegram/SandboxTelegram.ts"
import { inWorld, seen, startNode } from "./support.ts"

const publicUrl = "https://loja.exemplo.com"
const addressOf = (slug: string) => `${publicUrl}/tg/${slug}/webhook`

/** A bot at Telegram and its row, as one of the older systems would have left it. */
const bot = (id: number, slug: string, columns: Record<string, unknown> = {}) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const telegram = yield* SandboxTelegram
    const token = `${id}:AAFdefghijklmnopqrstuvwxyz`
    yield* telegram.addBot({ token, username: `${slug}_bot`, name: `Bot ${slug}` })
    const [row] = yield* sql<{
      readonly id: number
    }>`insert into bots ${sql.insert({ slug, token, ...columns })} returning id`
    return row!.id
  })

const stored = (id: number) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<{
      readonly webhook_url: string | null
      readonly webhook_error: string | null
      readonly webhook_secret_token: string | null
      readonly bot_username: string | null
    }>`select webhook_url, webhook_error, webhook_secret_token, bot_username from bots where id = ${id}`
    return row!
  })

const registers = (id?: number) => (call: Call) =>
  call.method === "setWebhook" && (id === undefined || call.botId === id)

const isRegisteredAt = (url: string) => (one: { readonly webhookUrl: Option.Option<string> }) =>
  Option.contains(one.webhookUrl, url)

describe("Webhooks", () => {
  it.live("registers at the start every active bot that is not registered under our address", () =>
    Effect.gen(function* () {
      const telegram = yield* SandboxTelegram
      const fresh = yield* bot(100001, "novo")
      yield* bot(100002, "mudou", {
        webhook_url: "https://antigo.exemplo.com/tg/mudou/webhook",
        webhook_secret_token: "s".repeat(40)
      })
      yield* bot(100003, "pronto", {
        webhook_url: addressOf("pronto"),
        webhook_secret_token: "s".repeat(40),
        bot_username: "pronto_bot"
      })
      yield* bot(100004, "pausado", { active: false })
      yield* bot(100005, "sem_segredo", { webhook_url: addressOf("sem_segredo") })
      const node = yield* startNode({ PUBLIC_URL: publicUrl })
      for (const slug of ["novo", "mudou", "sem_segredo"]) yield* seen(node.bots, isRegisteredAt(addressOf(slug)))
      yield* seen(node.bots, (one) => one.slug === "sem_segredo" && Option.isSome(one.username))

      const calls = (yield* telegram.calls).filter(registers())
      assert.deepStrictEqual(calls.map((call) => call.botId).toSorted(), [100001, 100002, 100005])
      const call = calls.find((one) => one.botId === 100001)
      const row = yield* stored(fresh)
      assert.match(row.webhook_secret_token ?? "", /^[\w-]{48,256}$/)
      assert.deepStrictEqual(call?.params, {
        url: addressOf("novo"),
        secret_token: row.webhook_secret_token,
        allowed_updates: ["message", "callback_query", "my_chat_member", "chat_join_request", "chat_member"],
        max_connections: 40,
        drop_pending_updates: false
      })
      assert.strictEqual(row.bot_username, "novo_bot")
      assert.isNull(row.webhook_error)
      const written = yield* node.log
      assert.match(written, /\[WEBHOOK\] Endereço do bot novo registrado no Telegram/)
      assert.notInclude(written, row.webhook_secret_token ?? "-")
    }).pipe(inWorld)
  )

  it.live("has the secret in the database before Telegram learns it, and keeps it over failures", () =>
    Effect.gen(function* () {
      const telegram = yield* SandboxTelegram
      const id = yield* bot(100001, "vip")
      // The registration takes effect, but its answer is lost: from here on updates arrive with this secret.
      yield* telegram.fail({ match: { method: "setWebhook" }, answer: { kind: "reset", applied: true } })
      const node = yield* startNode({ PUBLIC_URL: publicUrl })
      yield* telegram.waitFor((call) => call.method === "setWebhook" && call.status === 0)
      const between = yield* stored(id)
      assert.isNull(between.webhook_url)
      assert.match(between.webhook_secret_token ?? "", /^[\w-]{48,}$/)
      yield* node.webhooks.ensure(Option.getOrThrow(node.bots.find("vip")))
      const secrets = (yield* telegram.calls).filter(registers()).map((call) => call.params["secret_token"])
      assert.deepStrictEqual(secrets, [between.webhook_secret_token, between.webhook_secret_token])
      assert.strictEqual((yield* stored(id)).webhook_url, addressOf("vip"))
    }).pipe(inWorld)
  )

  it.live("obeys a 429 and shows what Telegram refuses", () =>
    Effect.gen(function* () {
      const telegram = yield* SandboxTelegram
      const id = yield* bot(100001, "vip")
      yield* telegram.fail({ match: { method: "setWebhook" }, answer: { kind: "limited", retryAfter: 1 } })
      const node = yield* startNode({ PUBLIC_URL: publicUrl })
      const [first, second] = yield* telegram.waitForCount(2, registers())
      assert.isAtLeast(second!.receivedAt - first!.answeredAt, 990)
      yield* seen(node.bots, isRegisteredAt(addressOf("vip")))
      assert.match(yield* node.log, /WARN .*Não consegui registrar o endereço do bot vip.*de novo em 1 s/)

      yield* telegram.fail({
        match: { method: "setWebhook" },
        answer: { kind: "refused", description: "Bad Request: bad webhook: Failed to resolve host" }
      })
      const error = yield* Effect.flip(node.webhooks.ensure(Option.getOrThrow(node.bots.find("vip")), { force: true }))
      assert.strictEqual(error._tag, "TelegramError")
      assert.isNotEmpty((yield* stored(id)).webhook_error)
      assert.strictEqual((yield* node.admin.get("vip")).webhook.error, (yield* stored(id)).webhook_error)
      yield* node.webhooks.ensure(Option.getOrThrow(node.bots.find("vip")), { force: true })
      assert.isNull((yield* stored(id)).webhook_error)
    }).pipe(inWorld)
  )

  it.live("gives one bot one secret, however many processes register it at once", () =>
    Effect.gen(function* () {
      const telegram = yield* SandboxTelegram
      const id = yield* bot(100001, "vip")
      const nodes = yield* Effect.all([startNode({ PUBLIC_URL: publicUrl }), startNode({ PUBLIC_URL: publicUrl })], {
        concurrency: "unbounded"
      })
      yield* Effect.forEach(
        nodes,
        ({ bots, webhooks }) => webhooks.ensure(Option.getOrThrow(bots.find("vip")), { force: true }),
        { concurrency: "unbounded" }
      )
      const secrets = new Set((yield* telegram.calls).filter(registers()).map((call) => call.params["secret_token"]))
      assert.deepStrictEqual([...secrets], [(yield* stored(id)).webhook_secret_token])
    }).pipe(inWorld)
  )

  it.live("registers a bot that nobody has registered as soon as it appears, and leaves another address alone", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const telegram = yield* SandboxTelegram
      const node = yield* startNode({ PUBLIC_URL: publicUrl })
      const id = yield* bot(100001, "vip")
      yield* seen(node.bots, isRegisteredAt(addressOf("vip")))
      yield* sql`update bots set webhook_url = 'https://outro.exemplo.com/x' where id = ${id}`
      yield* seen(node.bots, isRegisteredAt("https://outro.exemplo.com/x"))
      yield* sql`update bots set webhook_secret_token = 'curto', webhook_url = null where id = ${id}`
      yield* telegram.waitForCount(2, registers())
      yield* seen(node.bots, isRegisteredAt(addressOf("vip")))
      const calls = (yield* telegram.calls).filter(registers())
      assert.strictEqual(calls.length, 2)
      // Telegram would take a short secret, but it could be guessed.
      assert.match(String(calls[1]?.params["secret_token"]), /^[\w-]{48,}$/)
    }).pipe(inWorld)
  )

  it.live("registers nothing without PUBLIC_URL, and takes an address back", () =>
    Effect.gen(function* () {
      const telegram = yield* SandboxTelegram
      const id = yield* bot(100001, "vip", { webhook_url: addressOf("vip"), webhook_secret_token: "s".repeat(40) })
      const node = yield* startNode()
      const vip = Option.getOrThrow(node.bots.find("vip"))
      yield* node.webhooks.ensure(vip, { force: true })
      yield* telegram.fail({ match: { method: "deleteWebhook" }, answer: { kind: "limited", retryAfter: 1 } })
      yield* node.webhooks.release(vip)
      assert.deepStrictEqual(
        (yield* telegram.calls).map((call) => [call.method, call.status]),
        [
          ["deleteWebhook", 429],
          ["deleteWebhook", 200],
          ["getMe", 200]
        ]
      )
      assert.deepStrictEqual(yield* stored(id), {
        webhook_url: null,
        webhook_error: null,
        webhook_secret_token: "s".repeat(40),
        bot_username: "vip_bot"
      })
    }).pipe(inWorld)
  )

  it.live("gives up releasing a bot whose token Telegram refuses", () =>
    Effect.gen(function* () {
      const telegram = yield* SandboxTelegram
      yield* bot(100001, "vip")
      yield* telegram.revoke("100001:AAFdefghijklmnopqrstuvwxyz")
      const node = yield* startNode()
      yield* node.webhooks.release(Option.getOrThrow(node.bots.find("vip")))
      assert.strictEqual((yield* telegram.calls).length, 1)
    }).pipe(inWorld)
  )
})
