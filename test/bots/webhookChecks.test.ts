import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Option } from "effect"
import { SqlClient } from "effect/sql"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { BotsRepo, type ClaimedCheck } from "../../src/repo/BotsRepo.ts"
import type { Call } from "../../src/sandbox/telegram/CallLog.ts"
import { SandboxTelegram } from "../../src/sandbox/telegram/SandboxTelegram.ts"
import { eventually } from "../support/service.ts"
import { inWorld, seen, startNode } from "./support.ts"

const publicUrl = "https://loja.exemplo.com"
const addressOf = (slug: string, base = publicUrl) => `${base}/tg/${slug}/webhook`
const tokenOf = (id: number) => `${id}:AAFdefghijklmnopqrstuvwxyz`

const ana = { id: 7_205_343_917, first_name: "Ana" }

const calls = (method: string, id?: number) => (call: Call) =>
  call.method === method && (id === undefined || call.botId === id)

/** A bot at Telegram and its row, registered by the process that is started next. */
const bot = Effect.fnUntraced(function* (id: number, slug: string) {
  const sql = yield* SqlClient.SqlClient
  const telegram = yield* SandboxTelegram
  yield* telegram.addBot({ token: tokenOf(id), username: `${slug}_bot`, name: `Bot ${slug}` })
  const [row] = yield* sql<{ readonly id: number }>`
    insert into bots (slug, token, bot_username) values (${slug}, ${tokenOf(id)}, ${`${slug}_bot`}) returning id`
  return row!.id
})

/** A call by another program that has the bot's token. */
const elsewhere = (id: number, method: string, params: object) =>
  Effect.flatMap(SandboxTelegram, ({ url }) =>
    Effect.promise(() =>
      fetch(`${url}/bot${tokenOf(id)}/${method}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(params)
      })
    )
  )

/** Ten minutes pass for the bots' addresses. */
const tenMinutesPass = Effect.flatMap(
  SqlClient.SqlClient,
  (sql) => sql`
    update bots set webhook_checked_at = webhook_checked_at - interval '11 minutes',
      webhook_registered_at = webhook_registered_at - interval '11 minutes'`
)

/** The same as often as it takes: a check that is just ending may set the clock back to now. */
const askedAgain = (count: number, predicate: (call: Call) => boolean) =>
  Effect.flatMap(SandboxTelegram, (telegram) =>
    eventually(
      Effect.andThen(
        tenMinutesPass,
        Effect.map(telegram.calls, (all) => all.filter(predicate))
      ),
      (found) => found.length >= count
    )
  )

const stored = Effect.fnUntraced(function* (slug: string) {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{
    readonly webhook_url: string | null
    readonly webhook_error: string | null
    readonly webhook_pending: number | null
    readonly fresh: boolean
  }>`select webhook_url, webhook_error, webhook_pending, webhook_checked_at > now() - interval '5 minutes' as fresh
    from bots where slug = ${slug}`
  return row!
})

const registered =
  (slug: string, base = publicUrl) =>
  (one: { readonly webhookUrl: Option.Option<string> }) =>
    Option.contains(one.webhookUrl, addressOf(slug, base))

/** Somebody at an address who answers every delivery with this status. */
const answering = (status: number) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<ReturnType<typeof createServer>>((resume) => {
        const server = createServer((_, response) => response.writeHead(status).end())
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) =>
        Effect.sync(() => {
          server.closeAllConnections()
          server.close()
        })
    ),
    (server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  )

describe("the checks of registered addresses", () => {
  it.live("look at an address right after its registration, and show it", () =>
    Effect.gen(function* () {
      const telegram = yield* SandboxTelegram
      yield* bot(100001, "vip")
      const node = yield* startNode({ PUBLIC_URL: publicUrl })
      yield* telegram.waitFor(calls("getWebhookInfo"))
      yield* eventually(stored("vip"), (row) => row.webhook_pending === 0)
      const { webhook } = yield* node.admin.get("vip")
      assert.deepStrictEqual([webhook.url, webhook.error, webhook.pending], [addressOf("vip"), null, 0])
      assert.isTrue(Math.abs(Date.parse(webhook.checked_at ?? "") - Date.now()) < 60_000)
    }).pipe(inWorld)
  )

  it.live("register anew what Telegram forgot, what another program took and what it does not tell of any more", () =>
    Effect.gen(function* () {
      const telegram = yield* SandboxTelegram
      const sql = yield* SqlClient.SqlClient
      const slugs = ["esquecido", "tomado", "mudo", "bom"]
      for (const [index, slug] of slugs.entries()) yield* bot(100001 + index, slug)
      const node = yield* startNode({ PUBLIC_URL: publicUrl })
      for (const slug of slugs) yield* seen(node.bots, registered(slug))
      const second = yield* startNode({ PUBLIC_URL: publicUrl })
      for (const slug of slugs) yield* eventually(stored(slug), (row) => row.webhook_pending !== null)
      yield* elsewhere(100001, "deleteWebhook", {})
      yield* elsewhere(100002, "setWebhook", { url: "https://ladrao.exemplo.com/segredo", secret_token: "outro" })
      yield* elsewhere(100003, "setWebhook", { url: addressOf("mudo"), allowed_updates: ["message"] })
      yield* telegram.clear
      yield* tenMinutesPass

      const repaired = yield* telegram.waitForCount(3, calls("setWebhook"))
      assert.deepStrictEqual(repaired.map((call) => call.botId).toSorted(), [100001, 100002, 100003])
      const rows = yield* sql<{ readonly slug: string; readonly secret: string }>`
        select slug, webhook_secret_token as secret from bots`
      for (const call of repaired) {
        const slug = slugs[(call.botId ?? 0) - 100001]!
        assert.strictEqual(call.params["url"], addressOf(slug))
        // The bot's own secret, which every other process knows.
        assert.strictEqual(call.params["secret_token"], rows.find((row) => row.slug === slug)?.secret)
      }
      for (const slug of slugs) {
        yield* eventually(stored(slug), (row) => row.fresh && row.webhook_error === null && row.webhook_pending === 0)
      }
      // Two processes, one repair of each.
      assert.strictEqual((yield* telegram.calls).filter(calls("setWebhook")).length, 3)
      const written = (yield* node.log) + (yield* second.log)
      assert.match(written, /WARN .*bot esquecido: o Telegram não tem nenhum endereço/)
      assert.match(written, /WARN .*bot tomado: o Telegram tem outro endereço, em ladrao\.exemplo\.com/)
      assert.match(written, /WARN .*bot mudo: o Telegram não avisa mais sobre callback_query/)
      assert.notInclude(written, "segredo")
    }).pipe(inWorld)
  )

  it.live("register anew where we answer 401, but not for what was wrong before the registration", () =>
    Effect.gen(function* () {
      const telegram = yield* SandboxTelegram
      const sql = yield* SqlClient.SqlClient
      const base = yield* answering(401)
      yield* bot(100001, "vip")
      yield* bot(100002, "antes")
      const node = yield* startNode({ PUBLIC_URL: base })
      for (const slug of ["vip", "antes"]) yield* seen(node.bots, registered(slug, base))
      yield* telegram.waitForCount(2, calls("getWebhookInfo"))
      yield* telegram.person(ana)
      for (const id of [100001, 100002]) {
        yield* telegram.sendText(tokenOf(id), ana, "oi")
        yield* telegram.waitForDelivery((one) => one.botId === id && one.status === 401)
      }
      for (const slug of ["vip", "antes"]) yield* eventually(stored(slug), (row) => row.webhook_pending !== null)
      yield* telegram.clear
      yield* tenMinutesPass
      // Registered after the error, as far as anybody knows.
      yield* sql`update bots set webhook_registered_at = now() + interval '1 hour' where slug = 'antes'`
      yield* telegram.waitFor(calls("setWebhook", 100001))
      const before = yield* eventually(stored("antes"), (row) => row.webhook_pending === 1)
      assert.isNull(before.webhook_error)
      assert.strictEqual((yield* telegram.calls).filter(calls("setWebhook", 100002)).length, 0)
      assert.match(yield* node.log, /WARN .*bot vip: o Telegram usa uma senha que não é a deste bot \(resposta 401\)/)
    }).pipe(inWorld)
  )

  it.live("only tell of an address that does not work, once", () =>
    Effect.gen(function* () {
      const telegram = yield* SandboxTelegram
      const base = yield* answering(503)
      yield* bot(100001, "vip")
      const node = yield* startNode({ PUBLIC_URL: base })
      yield* telegram.waitFor(calls("getWebhookInfo"))
      yield* telegram.person(ana)
      yield* telegram.sendText(tokenOf(100001), ana, "oi")
      yield* telegram.waitForDelivery((one) => one.status === 503)
      yield* askedAgain(3, calls("getWebhookInfo"))
      const row = yield* eventually(stored("vip"), ({ webhook_error }) => webhook_error !== null)
      assert.deepStrictEqual(
        [row.webhook_error, row.webhook_pending],
        ["o nosso endereço respondeu 503 ao Telegram", 1]
      )
      assert.strictEqual((yield* node.admin.get("vip")).webhook.error, row.webhook_error)
      assert.strictEqual((yield* telegram.calls).filter(calls("setWebhook")).length, 1)
      assert.lengthOf((yield* node.log).match(/não estão chegando/g) ?? [], 1)
    }).pipe(inWorld)
  )

  it.live("stop a bot whose token Telegram refuses", () =>
    Effect.gen(function* () {
      const telegram = yield* SandboxTelegram
      yield* bot(100001, "vip")
      const node = yield* startNode({ PUBLIC_URL: publicUrl })
      yield* eventually(stored("vip"), (row) => row.webhook_pending !== null)
      yield* telegram.revoke(tokenOf(100001))
      yield* tenMinutesPass
      const stopped = yield* seen(node.bots, (one) => one.slug === "vip" && !one.active)
      assert.isTrue(Option.isSome(stopped.token))
      const view = yield* node.admin.get("vip")
      assert.isNotEmpty(view.inactive_reason)
      assert.isNotEmpty(view.webhook.error)
      assert.lengthOf((yield* node.log).match(/ERROR .*O bot vip foi parado/g) ?? [], 1)
    }).pipe(inWorld)
  )

  it.live("obey a 429, with one line, and go on", () =>
    Effect.gen(function* () {
      const telegram = yield* SandboxTelegram
      yield* bot(100001, "vip")
      const node = yield* startNode({ PUBLIC_URL: publicUrl })
      yield* telegram.waitFor(calls("getWebhookInfo"))
      yield* telegram.clear
      yield* telegram.fail({
        match: { method: "getWebhookInfo" },
        answer: { kind: "limited", retryAfter: 1 },
        times: 2
      })
      yield* askedAgain(1, calls("getWebhookInfo"))
      const asked = yield* telegram.waitForCount(3, calls("getWebhookInfo"))
      assert.isAtLeast(asked[1]!.receivedAt - asked[0]!.answeredAt, 990)
      assert.isAtLeast(asked[2]!.receivedAt - asked[1]!.answeredAt, 990)
      yield* eventually(stored("vip"), (row) => row.fresh)
      assert.lengthOf((yield* node.log).match(/Não consegui conferir os endereços/g) ?? [], 1)
    }).pipe(inWorld)
  )

  it.live("belong to one process at a time, and to none where another address was registered", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const id = yield* bot(100001, "vip")
      yield* bot(100002, "outro")
      yield* sql`update bots set webhook_secret_token = 's', webhook_url = case slug
        when 'vip' then ${addressOf("vip")} else 'https://outra.exemplo.com/tg/outro/webhook' end`
      const repo = yield* Effect.provide(BotsRepo, BotsRepo.layer)
      const claim = repo.claimWebhookCheck(`${publicUrl}/tg/`, 600)
      const claimed = yield* Deferred.make<ClaimedCheck | undefined>()
      const over = yield* Deferred.make<void>()
      const first = yield* Effect.andThen(
        Effect.flatMap(claim, (one) => Deferred.succeed(claimed, one)),
        Deferred.await(over)
      ).pipe(sql.withTransaction, Effect.forkChild)
      assert.strictEqual((yield* Deferred.await(claimed))?.id, id)
      // Another one neither waits for the first nor takes the same.
      assert.isUndefined(yield* Effect.timeout(claim, "5 seconds"))
      yield* Deferred.succeed(over, undefined)
      yield* Fiber.join(first)
      assert.isUndefined(yield* claim)
      yield* tenMinutesPass
      assert.strictEqual((yield* claim)?.id, id)
      // What Telegram says of an address that the bot has left is not kept.
      yield* repo.webhookChecked(id, addressOf("antigo"), "erro", 5)
      assert.isNull((yield* stored("vip")).webhook_error)
    }).pipe(inWorld)
  )
})
