import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber } from "effect"
import { createHmac } from "node:crypto"
import { parsePix } from "pix-utils"
import { DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET, type Options } from "../../src/sandbox/syncpay/Options.ts"
import { SandboxSyncPay } from "../../src/sandbox/syncpay/SandboxSyncPay.ts"
import { ask, gate, type Receiver, receiver, type Verdict } from "./support.ts"

const credential = { client_id: DEFAULT_CLIENT_ID, client_secret: DEFAULT_CLIENT_SECRET }

const setup = Effect.gen(function* () {
  const bank = yield* SandboxSyncPay
  const v1 = `${bank.url}/api/partner/v1`
  const exchange = (body: object = credential) => ask(`${v1}/auth-token`, { body })
  const token = (yield* exchange()).json.access_token as string
  const headers = { authorization: `Bearer ${token}`, accept: "application/json" }
  const create = (body: object) => ask(`${v1}/cash-in`, { headers, body })
  const query = (id: string, path = "v1/transaction") =>
    ask(`${bank.url}/api/partner/${path}/${id}`, { method: "GET", headers })
  const charged = (hook?: Receiver) =>
    create({ amount: 19.9, ...(hook === undefined ? {} : { webhook_url: `${hook.url}/w/segredo` }) }).pipe(
      Effect.map(({ json }) => json.identifier as string)
    )
  return { bank, v1, exchange, headers, create, query, charged }
})

const fresh = <A, E, R>(options: Options, test: Effect.Effect<A, E, R>) =>
  test.pipe(Effect.provide(SandboxSyncPay.layerWith({ timeScale: 0.001, ...options })), Effect.scoped)

describe("the SyncPay stand-in", () => {
  it.live("exchanges a credential for a token, not too often, and for as long as it says", () =>
    fresh(
      { tokensPerMinute: 4 },
      Effect.gen(function* () {
        const { bank, exchange, query } = yield* setup
        const granted = yield* exchange()
        assert.deepInclude(granted.json, { token_type: "Bearer", expires_in: 3600 })
        assert.strictEqual((yield* exchange({ ...credential, client_secret: "outro" })).status, 401)
        assert.strictEqual((yield* exchange({ client_id: DEFAULT_CLIENT_ID })).status, 422)
        const often = yield* exchange()
        assert.deepStrictEqual([often.status, often.headers["retry-after"]], [429, "60"])
        assert.strictEqual(yield* bank.tokensIssued, 2)

        assert.strictEqual((yield* query("11111111-1111-4111-8111-111111111111")).status, 404)
        yield* bank.revokeTokens
        const late = yield* query("11111111-1111-4111-8111-111111111111")
        assert.deepStrictEqual([late.status, late.json], [401, { message: "Unauthenticated." }])
      })
    )
  )

  it.live("a token ends", () =>
    fresh(
      { tokenSeconds: 0 },
      Effect.gen(function* () {
        const { create } = yield* setup
        assert.strictEqual((yield* create({ amount: 1 })).status, 401)
      })
    )
  )

  it.live("makes charges in reais, with a valid code and no picture", () =>
    fresh(
      {},
      Effect.gen(function* () {
        const { bank, create } = yield* setup
        const { status, json } = yield* create({
          amount: 19.9,
          description: "Mensal",
          webhook_url: "https://loja.example/w"
        })
        assert.deepStrictEqual([status, Object.keys(json)], [200, ["message", "pix_code", "identifier"]])
        assert.isFalse("error" in parsePix(json.pix_code))
        const charge = yield* bank.charge(json.identifier.toUpperCase())
        assert.deepInclude(charge, { valueCents: 1990, description: "Mensal", status: "pending", client: null })
      })
    )
  )

  it.live("refuses what SyncPay refuses", () =>
    fresh(
      { maxCents: 100_00 },
      Effect.gen(function* () {
        const { bank, v1, create } = yield* setup
        const limit = yield* create({ amount: 100.01 })
        assert.deepStrictEqual([limit.status, limit.json], [400, { message: "Cashin exceeds max_cashin_without_fee" }])
        const buyer = { name: "Ana", cpf: "52998224725", email: "ana@exemplo.com", phone: "11999998888" }
        for (const [body, field] of [
          [{}, "amount"],
          [{ amount: 0 }, "amount"],
          [{ amount: "19.90" }, "amount"],
          [{ amount: 19.905 }, "amount"],
          [{ amount: 0.1 + 0.2 }, "amount"],
          [{ amount: 1, webhook_url: "http://loja.example" }, "webhook_url"],
          [{ amount: 1, client: { ...buyer, cpf: "12345678900" } }, "client.cpf"],
          [{ amount: 1, client: { ...buyer, phone: "5511" } }, "client.phone"],
          [{ amount: 1, client: { name: "Ana" } }, "client.cpf"],
          [{ amount: 1, split: [{ percentage: 50, user_id: DEFAULT_CLIENT_ID }] }, "split"],
          [{ amount: 1, split: [{ percentage: 1.5, user_id: "x" }] }, "split"]
        ] as const) {
          const { status, json } = yield* create(body)
          assert.deepStrictEqual([status, Object.keys(json.errors)], [422, [field]], JSON.stringify(body))
        }
        assert.strictEqual((yield* create({ amount: 1, client: buyer })).status, 200)
        assert.strictEqual((yield* ask(`${v1}/cash-in`, { body: { amount: 1 } })).status, 401)
        assert.strictEqual((yield* ask(`${v1}/cash-in`, { method: "GET" })).status, 405)
        assert.strictEqual((yield* ask(`${v1}/nada`, { body: {} })).status, 404)
        assert.strictEqual((yield* bank.charges).length, 1)
      })
    )
  )

  it.live("answers two versions of the query, and counts those that come too soon", () =>
    fresh(
      {},
      Effect.gen(function* () {
        const { bank, query, charged } = yield* setup
        const id = yield* charged()
        const first = yield* query(id.toUpperCase())
        assert.deepInclude(first.json.data, { reference_id: id, amount: 19.9, currency: "BRL", status: "pending" })
        yield* bank.pay(id)
        const second = yield* query(id, "v2/transactions")
        assert.deepInclude(second.json.data.transaction, { status: "completed", amount: 19.9, net_amount: 18.91 })
        assert.strictEqual(yield* bank.violations, 0)
        const soon = yield* query(id)
        assert.deepStrictEqual([soon.status, soon.headers["retry-after"], yield* bank.violations], [429, "20", 1])

        yield* bank.configure({ enforceQueryRate: false, queryVersion: "v2", otherReference: true })
        assert.strictEqual((yield* query(id)).status, 404)
        const other = yield* query(id, "v2/transactions")
        assert.notStrictEqual(other.json.data.transaction.reference_id, id)
        assert.strictEqual(yield* bank.violations, 2)
      })
    )
  )

  it.live("goes from pending to completed, failed, refunded and med, and nowhere else", () =>
    fresh(
      {},
      Effect.gen(function* () {
        const { bank, charged } = yield* setup
        const [one, two] = [yield* charged(), yield* charged()]
        assert.strictEqual((yield* Effect.flip(bank.refund(one))).reason, "not_possible")
        yield* bank.refuse(two)
        yield* bank.pay(two)
        yield* bank.pay(one, { name: "Beltrana" })
        assert.strictEqual((yield* Effect.flip(bank.pay(one))).reason, "not_possible")
        yield* bank.dispute(one)
        yield* bank.refund(one)
        const states = (yield* bank.charges).map(({ payerName, status }) => [payerName, status])
        assert.deepStrictEqual(states, [
          ["Beltrana", "refunded"],
          ["Fulano de Tal", "completed"]
        ])
        assert.strictEqual((yield* Effect.flip(bank.pay("unknown"))).reason, "unknown")
      })
    )
  )
})

describe("webhooks of the SyncPay stand-in", () => {
  it.live("are registered, listed without their token, changed and deleted", () =>
    fresh(
      { acceptedEvents: ["all"] },
      Effect.gen(function* () {
        const { bank, v1, headers } = yield* setup
        const call = (method: "GET" | "POST" | "DELETE", path = "", body?: object) =>
          ask(`${v1}/webhooks${path}`, { method, headers, ...(body === undefined ? {} : { body }) })
        const input = { title: "Funil", url: "https://loja.example/w", event: "all", trigger_all_products: true }
        assert.strictEqual((yield* call("POST", "", { ...input, event: "transaction" })).status, 422)
        assert.strictEqual((yield* call("POST", "", { ...input, url: "http://loja.example" })).status, 422)
        const made = yield* call("POST", "", input)
        assert.deepStrictEqual([made.status, made.json.id, made.json.token.length], [201, 1, 48])
        const listed = (yield* call("GET", "?page=1")).json
        assert.deepStrictEqual([listed.data[0].url, "token" in listed.data[0]], [input.url, false])
        assert.isFalse(listed.meta.has_more_pages)
        assert.strictEqual((yield* call("DELETE", "/9")).status, 404)
        assert.strictEqual((yield* call("DELETE", "/1")).status, 204)
        assert.deepStrictEqual(yield* bank.webhooks, [])
      })
    )
  )

  it.live("A: to the charge's address, upper case and unsigned, its birth first", () =>
    fresh(
      {},
      Effect.gen(function* () {
        const { bank, charged } = yield* setup
        const hook = yield* receiver(() => 200)
        const id = yield* charged(hook)
        yield* bank.pay(id)
        const told = yield* hook.waitFor(() => true, 2)
        const data = told.map(({ params }) => params["data"] as Record<string, unknown>)
        assert.deepStrictEqual(
          data.map((one) => one["status"]),
          ["WAITING_FOR_APPROVAL", "PAID_OUT"]
        )
        assert.deepInclude(data[1], { idtransaction: id, amount: 19.9, deposito_liquido: 18.91, taxa_deposito: 0.99 })
        assert.notStrictEqual(data[1]?.["id"], id)
        const [first] = told
        assert.deepStrictEqual(
          [first?.path, first?.headers["event"], first?.headers.authorization],
          ["/w/segredo", undefined, undefined]
        )
        yield* bank.configure({ ignoreWebhookUrl: true })
        yield* bank.refund(id)
        assert.strictEqual(hook.received.length, 2)
      })
    )
  )

  it.live("B: to the account's address with its token, old under data, new at the root", () =>
    fresh(
      { notifyCreated: false },
      Effect.gen(function* () {
        const { bank, charged } = yield* setup
        const hook = yield* receiver(() => 200)
        const { token } = yield* bank.register(hook.url, "cashin")
        const id = yield* charged()
        yield* bank.pay(id)
        const [old] = hook.received
        assert.deepStrictEqual(
          [old?.headers["event"], old?.headers.authorization],
          ["cashin.update", `Bearer ${token}`]
        )
        assert.deepInclude(old?.params["data"], { id, amount: 19.9, final_amount: 18.91, status: "completed" })
        yield* bank.configure({ cashinShape: "new" })
        yield* bank.refund(id)
        const [, young] = hook.received
        assert.strictEqual(young?.headers["event"], "cashin.updated")
        assert.deepInclude(young?.params, { id, amount: "19.90", final_amount: "18.91", status: "refunded" })
      })
    )
  )

  it.live("C: signed over the very bytes, at each attempt anew", () =>
    fresh(
      { notifyCreated: false },
      Effect.gen(function* () {
        const { bank, charged } = yield* setup
        const answers: Array<Verdict> = [500, 200]
        const hook = yield* receiver(() => answers.shift() ?? 200)
        const { token } = yield* bank.register(hook.url, "transaction")
        yield* bank.pay(yield* charged())
        const [first, second] = yield* bank.waitForDelivery(() => true, { count: 2 })
        assert.notStrictEqual(first?.headers["x-syncpay-delivery"], second?.headers["x-syncpay-delivery"])
        assert.strictEqual(first?.body, second?.body)
        const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(first?.headers["x-syncpay-signature"] ?? "") ?? []
        assert.strictEqual(v1, createHmac("sha256", token).update(`${t}.${first?.body}`).digest("hex"))
        assert.approximately(Number(t), Date.now() / 1000, 5)
        const [told] = hook.received
        assert.strictEqual(told?.headers["x-syncpay-event"], "transaction.updated")
        assert.deepInclude(told?.params["transaction"], { status: "completed", previous_status: "pending" })
      })
    )
  )

  it.live("tell withdrawals and disputes to those who listen to everything", () =>
    fresh(
      { notifyCreated: false },
      Effect.gen(function* () {
        const { bank, charged } = yield* setup
        const hook = yield* receiver(() => 200)
        yield* bank.register(hook.url, "all")
        const id = yield* charged()
        yield* bank.pay(id)
        yield* bank.withdraw(5000)
        yield* bank.dispute(id)
        const events = hook.received.map(({ headers }) => headers["event"])
        assert.deepStrictEqual(events, ["cashin.update", "cashout.update", "cashin.update", "infraction.create"])
        assert.property(hook.received[1]?.params["data"], "pix_key")
      })
    )
  )

  it.live("can be doubled, dropped, held and let go in the wrong order, and resent", () =>
    fresh(
      { notifyCreated: false, webhookCopies: 2, webhookParallel: true },
      Effect.gen(function* () {
        const { bank, charged } = yield* setup
        const hook = yield* receiver(() => 200)
        yield* bank.pay(yield* charged(hook))
        assert.strictEqual(hook.received.length, 2)
        yield* bank.configure({ webhookCopies: 1, dropWebhooks: true })
        yield* bank.pay(yield* charged(hook))
        yield* bank.configure({ dropWebhooks: false, holdWebhooks: true })
        const held = yield* charged(hook)
        yield* bank.pay(held)
        yield* bank.refund(held)
        assert.strictEqual(hook.received.length, 2)
        yield* bank.release({ reverse: true })
        yield* bank.resend(held)
        const words = hook.received.slice(2).map(({ params }) => (params["data"] as { status: string }).status)
        assert.deepStrictEqual(words, ["REFUNDED", "PAID_OUT", "REFUNDED"])
      })
    )
  )

  it.live("can come before the creation is answered", () =>
    fresh(
      { autoPay: "before-response", notifyCreated: false },
      Effect.gen(function* () {
        const { bank, create } = yield* setup
        const seen = gate<number>()
        const hook = yield* receiver(() => seen.passed)
        const creation = yield* Effect.forkChild(create({ amount: 5, webhook_url: hook.url }))
        yield* hook.waitFor(() => true)
        assert.isFalse((yield* bank.calls).some(({ operation }) => operation === "create"))
        seen.open(200)
        assert.strictEqual((yield* Fiber.join(creation)).status, 200)
      })
    )
  )
})

describe("faults of the SyncPay stand-in", () => {
  it.live("lose the answer of a creation that took place, and show odd bodies", () =>
    fresh(
      {},
      Effect.gen(function* () {
        const { bank, create, exchange } = yield* setup
        yield* bank.fail({ operation: "create", answer: { kind: "reset", applied: true } })
        assert.isTrue(Exit.isFailure(yield* Effect.exit(create({ amount: 7 }))))
        yield* bank.fail({ operation: "create", answer: { kind: "truncated" } })
        const cut = yield* create({ amount: 8 })
        assert.deepStrictEqual([cut.status, cut.json], [200, undefined])
        yield* bank.fail({ operation: "create", answer: { kind: "html" } })
        const html = yield* create({ amount: 9 })
        assert.deepStrictEqual([html.status, html.headers["content-type"]], [502, "text/html"])
        yield* bank.fail({ operation: "auth", answer: { kind: "http", status: 503 } })
        assert.strictEqual((yield* exchange()).status, 503)
        const values = (yield* bank.charges).map(({ valueCents }) => valueCents)
        assert.deepStrictEqual(values, [700, 800])
      })
    )
  )

  it.live("are driven over HTTP, as buyers and the panel are", () =>
    fresh(
      { notifyCreated: false },
      Effect.gen(function* () {
        const { bank, charged } = yield* setup
        const drive = (method: "GET" | "POST", path: string, body?: object) =>
          ask(`${bank.url}/__sandbox${path}`, body === undefined ? { method } : { method, body })
        const hook = yield* receiver(() => 200)
        assert.strictEqual((yield* drive("POST", "/webhooks", { url: hook.url, event: "all" })).json.token.length, 48)
        const id = yield* charged()
        assert.strictEqual((yield* drive("POST", `/charges/${id}/pay`, { name: "Ana" })).json.status, "completed")
        yield* drive("POST", "/withdraw", { value_cents: 100 })
        yield* drive("POST", `/charges/${id}/dispute`)
        yield* hook.waitFor(({ headers }) => headers["event"] === "infraction.create")
        assert.strictEqual((yield* drive("POST", `/charges/${id}/refuse`)).status, 409)
        yield* drive("POST", "/options", { latencyMs: 1 })
        yield* drive("POST", "/faults", { operation: "query", answer: { kind: "http", status: 500 } })
        const { json } = yield* drive("GET", "/counters")
        assert.deepStrictEqual(json, { charges: 1, violations: 0, tokens: 1 })
      })
    )
  )
})
