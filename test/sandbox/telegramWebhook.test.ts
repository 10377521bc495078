import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Options } from "../../src/sandbox/telegram/Options.ts"
import { SandboxTelegram } from "../../src/sandbox/telegram/SandboxTelegram.ts"
import { botCall, gate, type Received, receiver, TOKEN, type Verdict } from "./support.ts"

const [ANA, BIA, CAIO] = [11, 12, 13]

/** A bot with its webhook on a receiver that answers as `decide` says. */
const connected = Effect.fnUntraced(function* (
  decide: (received: Received) => Verdict | Promise<Verdict>,
  webhook: object = {}
) {
  const telegram = yield* SandboxTelegram
  const bot = yield* telegram.addBot({ token: TOKEN })
  for (const id of [ANA, BIA, CAIO]) yield* telegram.person({ id })
  const hook = yield* receiver(decide)
  const set = yield* botCall(telegram.url, "setWebhook", { url: `${hook.url}/tg/loja/webhook`, ...webhook })
  assert.deepStrictEqual(set.json, { ok: true, result: true, description: "Webhook was set" })
  return { telegram, bot, hook }
})

const fresh = <A, E, R>(options: Options, test: Effect.Effect<A, E, R>) =>
  test.pipe(Effect.provide(SandboxTelegram.layerWith({ timeScale: 0.01, ...options })), Effect.scoped)

/** Who wrote what, or tapped what. */
const what = ({ params }: Received): string => {
  const { message, callback_query: query } = params as Record<string, { text?: string; data?: string } | undefined>
  return message?.text ?? query?.data ?? Object.keys(params)[1]!
}

const texts = (received: ReadonlyArray<Received>) => received.map(what)

describe("webhooks of the Telegram stand-in", () => {
  it.live("posts JSON with the secret, and tells of blocking", () =>
    fresh(
      {},
      Effect.gen(function* () {
        const { telegram, bot, hook } = yield* connected(() => 200, { secret_token: "segredo_1-A" })
        const { updateId, messageId } = yield* telegram.sendText(bot, ANA, "/start abc_1")
        const [start] = yield* hook.waitFor((received) => what(received) === "/start abc_1")
        if (start === undefined) return assert.fail("no update came")
        assert.strictEqual(start.path, "/tg/loja/webhook")
        assert.strictEqual(start.headers["x-telegram-bot-api-secret-token"], "segredo_1-A")
        assert.strictEqual(start.headers["content-type"], "application/json")
        assert.deepInclude(start.params.message as object, {
          message_id: messageId,
          entities: [{ type: "bot_command", offset: 0, length: 6 }]
        })
        assert.strictEqual(start.params.update_id, updateId)
        const { updateId: blocked } = yield* telegram.block(bot, ANA)
        const [member] = yield* hook.waitFor(({ params }) => params.update_id === blocked)
        const { old_chat_member: old, new_chat_member: now } = member!.params.my_chat_member as Record<
          string,
          { status: string }
        >
        assert.deepStrictEqual([old?.status, now?.status], ["member", "kicked"])
        assert.strictEqual((yield* telegram.block(bot, ANA)).updateId, 0)
      })
    )
  )

  it.live("keeps the order of a chat through failures, and lets other chats pass", () =>
    fresh(
      {},
      Effect.gen(function* () {
        let failures = 2
        const { telegram, bot, hook } = yield* connected((received) => {
          if (what(received) !== "ana 1" || failures === 0) return 200
          failures--
          return 500
        })
        for (const text of ["ana 1", "ana 2", "ana 3"]) yield* telegram.sendText(bot, ANA, text)
        yield* telegram.sendText(bot, BIA, "bia 1")
        yield* hook.waitFor((received) => what(received) === "ana 3")
        const order = texts(hook.received)
        assert.deepStrictEqual(
          order.filter((text) => text.startsWith("ana")),
          ["ana 1", "ana 1", "ana 1", "ana 2", "ana 3"]
        )
        assert.isBelow(order.indexOf("bia 1"), order.indexOf("ana 2"))
      })
    )
  )

  it.live("delivers a person's message and tap side by side, but two taps one after another", () =>
    fresh(
      {},
      Effect.gen(function* () {
        const held = gate<number>()
        const { telegram, bot, hook } = yield* connected((received) =>
          ["oi", "tap 1"].includes(what(received)) ? held.passed : 200
        )
        yield* telegram.sendText(bot, ANA, "oi")
        yield* telegram.tap(bot, ANA, 1, "tap 1", { forged: true })
        yield* telegram.tap(bot, ANA, 1, "tap 2", { forged: true })
        yield* telegram.tap(bot, BIA, 1, "bia", { forged: true })
        yield* hook.waitFor(() => true, 3)
        assert.sameMembers(texts(hook.received), ["oi", "tap 1", "bia"])
        held.open(200)
        yield* hook.waitFor((received) => what(received) === "tap 2")
      })
    )
  )

  it.live("repeats at once, then after 2, 4 and 8 seconds, and obeys Retry-After", () =>
    fresh(
      { timeScale: 0.02 },
      Effect.gen(function* () {
        let answers: ReadonlyArray<Verdict> = [500, 500, 302, 500, 200]
        const { telegram, bot } = yield* connected(() => {
          const [first, ...rest] = answers
          answers = rest
          return first ?? 200
        })
        yield* telegram.sendText(bot, ANA, "um")
        const tries = yield* telegram.waitForDelivery(() => true, { count: 5 })
        assert.deepStrictEqual(
          tries.map(({ attempt, status }) => [attempt, status]),
          [
            [1, 500],
            [2, 500],
            [3, 302],
            [4, 500],
            [5, 200]
          ]
        )
        const gaps = tries.slice(1).map(({ startedAt }, index) => startedAt - tries[index]!.endedAt)
        assert.isBelow(gaps[0]!, 35)
        for (const [index, atLeast] of [40, 80, 160].entries()) assert.isAtLeast(gaps[index + 1]!, atLeast - 2)
        const info = yield* botCall(telegram.url, "getWebhookInfo")
        assert.strictEqual(
          info.json.result.last_error_message,
          "Wrong response from the webhook: 500 Internal Server Error"
        )
        assert.strictEqual(info.json.result.pending_update_count, 0)

        answers = [{ status: 503, headers: { "retry-after": "5" } }]
        yield* telegram.clear
        yield* telegram.sendText(bot, ANA, "dois")
        const [refused, accepted] = yield* telegram.waitForDelivery(() => true, { count: 2 })
        assert.isAtLeast(accepted!.startedAt - refused!.endedAt, 98)
      })
    )
  )

  it.live("gives up a tap after 150 seconds, and a message not", () =>
    fresh(
      { timeScale: 0.0005 },
      Effect.gen(function* () {
        let up = false
        const { telegram, bot, hook } = yield* connected(() => (up ? 200 : 500))
        yield* telegram.tap(bot, ANA, 1, "tarde demais", { forged: true })
        yield* telegram.sendText(bot, ANA, "ainda vale")
        // 150 scaled seconds hold the tries of 0, 0, 2, 6, 14, 30, 62 and 126 seconds: the ninth would be too late.
        yield* telegram.waitForDelivery(({ type, attempt }) => type === "message" && attempt === 9)
        up = true
        yield* telegram.waitForDelivery(({ type, status }) => type === "message" && status === 200)
        assert.isAtMost(hook.received.filter((received) => what(received) === "tarde demais").length, 8)
        const { json } = yield* botCall(telegram.url, "getWebhookInfo")
        assert.strictEqual(json.result.pending_update_count, 0)
      })
    )
  )

  it.live("opens at most max_connections at a time", () =>
    fresh(
      {},
      Effect.gen(function* () {
        const held = gate<number>()
        const { telegram, bot, hook } = yield* connected(() => held.passed, { max_connections: 2 })
        for (const id of [ANA, BIA, CAIO]) yield* telegram.sendText(bot, id, `de ${id}`)
        yield* hook.waitFor(({ open }) => open === 2)
        held.open(200)
        const made = yield* telegram.waitForDelivery(() => true, { count: 3 })
        const [first, second, third] = made.toSorted((a, b) => a.startedAt - b.startedAt)
        assert.isBelow(second!.startedAt, first!.endedAt)
        assert.isAtLeast(third!.startedAt, Math.min(first!.endedAt, second!.endedAt))
      })
    )
  )

  it.live("stalls a whole bot when twice max_connections chats keep failing", () =>
    fresh(
      {},
      Effect.gen(function* () {
        let up = false
        const { telegram, bot, hook } = yield* connected(() => (up ? 200 : 500), { max_connections: 1 })
        for (const id of [ANA, BIA, CAIO]) yield* telegram.sendText(bot, id, `de ${id}`)
        yield* telegram.waitForDelivery(({ attempt }) => attempt === 4, { count: 2 })
        assert.notInclude(texts(hook.received), `de ${CAIO}`)
        up = true
        yield* hook.waitFor((received) => what(received) === `de ${CAIO}`)
      })
    )
  )

  it.live("delivers copies when asked to: every n-th update, in parallel, or by hand", () =>
    fresh(
      { duplicateEvery: 2 },
      Effect.gen(function* () {
        const { telegram, bot, hook } = yield* connected(() => 200)
        for (const text of ["1", "2", "3", "4"]) yield* telegram.sendText(bot, ANA, text)
        yield* hook.waitFor(() => true, 6)
        assert.deepStrictEqual(texts(hook.received), ["1", "2", "2", "3", "4", "4"])
        yield* telegram.configure({ duplicateEvery: 0 })
        const { updateId } = yield* telegram.sendText(bot, BIA, "de novo")
        yield* telegram.waitForDelivery((delivery) => delivery.updateId === updateId)
        assert.deepStrictEqual(yield* telegram.redeliver(bot, updateId, { times: 3, parallel: true }), [200, 200, 200])
        assert.strictEqual(hook.received.filter(({ params }) => params.update_id === updateId).length, 4)
      })
    )
  )

  it.live("delivers two copies at the same time when asked to", () =>
    fresh(
      { duplicateEvery: 1, duplicateParallel: true },
      Effect.gen(function* () {
        const held = gate<number>()
        const { telegram, bot, hook } = yield* connected(() => held.passed)
        yield* telegram.sendText(bot, ANA, "duas vezes")
        yield* telegram.sendText(bot, ANA, "depois")
        yield* hook.waitFor(({ open }) => open === 2)
        assert.deepStrictEqual(texts(hook.received), ["duas vezes", "duas vezes"])
        held.open(200)
        yield* hook.waitFor((received) => what(received) === "depois", 2)
      })
    )
  )

  it.live("treats a silent or broken webhook as failed, and carries out a method in its answer", () =>
    fresh(
      { webhookTimeoutMs: 50 },
      Effect.gen(function* () {
        const answers: Array<Verdict | Promise<Verdict>> = [
          gate<number>().passed,
          { status: 200, body: JSON.stringify({ method: "sendMessage", chat_id: ANA, text: "pela resposta" }) }
        ]
        const { telegram, bot } = yield* connected(() => answers.shift() ?? 200)
        yield* telegram.sendText(bot, ANA, "oi")
        const [silent, answered] = yield* telegram.waitForDelivery(() => true, { count: 2 })
        assert.deepStrictEqual([silent?.status, silent?.error], [undefined, "Read timeout expired"])
        assert.strictEqual(answered?.status, 200)
        const reply = yield* telegram.waitFor(({ via }) => via === "webhook")
        assert.deepStrictEqual([reply.method, reply.ok], ["sendMessage", true])
      })
    )
  )

  it.live("keeps what waits when the webhook moves, and checks what setWebhook is given", () =>
    fresh(
      {},
      Effect.gen(function* () {
        const { telegram, bot, hook } = yield* connected(() => 500)
        yield* telegram.sendText(bot, ANA, "guardada")
        yield* hook.waitFor(() => true)
        const second = yield* receiver(() => 200)
        const set = (body: object) =>
          botCall(telegram.url, "setWebhook", body).pipe(Effect.map(({ json }) => json.description))
        assert.strictEqual(yield* set({ url: second.url }), "Webhook was set")
        assert.strictEqual(yield* set({ url: second.url }), "Webhook is already set")
        yield* second.waitFor((received) => what(received) === "guardada")
        const bad = "Bad Request: bad webhook: "
        assert.strictEqual(
          yield* set({ url: "http://loja.example/x" }),
          `${bad}An HTTPS URL must be provided for webhook`
        )
        assert.strictEqual(
          yield* set({ url: "https://loja.example:3000/x" }),
          `${bad}Webhook can be set up only on ports 80, 88, 443 or 8443`
        )
        assert.strictEqual(
          yield* set({ url: second.url, secret_token: "com espaço" }),
          "Bad Request: secret token contains unallowed characters"
        )
        assert.strictEqual(
          yield* set({ url: second.url, secret_token: "x".repeat(257) }),
          "Bad Request: secret token is too long"
        )
        yield* telegram.configure({ limitSetWebhook: true })
        assert.strictEqual(yield* set({ url: second.url }), "Too Many Requests: retry after 1")
        assert.strictEqual(yield* set({ url: "" }), "Webhook was deleted")
      })
    )
  )
})
