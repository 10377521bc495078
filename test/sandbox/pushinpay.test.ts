import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber } from "effect"
import { DEFAULT_TOKEN, type Options } from "../../src/sandbox/pushinpay/Options.ts"
import { SandboxPushinPay } from "../../src/sandbox/pushinpay/SandboxPushinPay.ts"
import { ask, gate, type Receiver, receiver, type Verdict } from "./support.ts"

const headers = { authorization: `Bearer ${DEFAULT_TOKEN}`, accept: "application/json" }

const setup = Effect.gen(function* () {
  const bank = yield* SandboxPushinPay
  const api = `${bank.url}/api`
  const create = (body: object) => ask(`${api}/pix/cashIn`, { headers, body })
  const query = (id: string, path = "transactions") => ask(`${api}/${path}/${id}`, { method: "GET", headers })
  const charged = (hook?: Receiver) =>
    create({ value: 1990, ...(hook === undefined ? {} : { webhook_url: `${hook.url}/w/secret?x=1` }) }).pipe(
      Effect.map(({ json }) => json.id as string)
    )
  return { bank, api, create, query, charged }
})

const fresh = <A, E, R>(options: Options, test: Effect.Effect<A, E, R>) =>
  test.pipe(Effect.provide(SandboxPushinPay.layerWith({ qr: "tiny", timeScale: 0.001, ...options })), Effect.scoped)

describe("charges of the PushinPay stand-in", () => {
  it.live("are made with a code, a picture and an id in lower case", () =>
    fresh(
      { qr: "real" },
      Effect.gen(function* () {
        const { create, bank } = yield* setup
        const { status, json } = yield* create({ value: 1990, webhook_url: "https://loja.example/w", split_rules: [] })
        assert.strictEqual(status, 200)
        assert.match(json.id, /^[0-9a-f]{8}-[0-9a-f-]{27}$/)
        assert.include(json.qr_code, json.id)
        assert.match(json.qr_code_base64, /^data:image\/png;base64,iVBORw0KGgo/)
        const { id: _id, qr_code: _code, qr_code_base64: _picture, ...rest } = json
        assert.deepStrictEqual(rest, {
          status: "created",
          value: 1990,
          webhook_url: "https://loja.example/w",
          webhook: null,
          split_rules: [],
          end_to_end_id: null,
          payer_name: null,
          payer_national_registration: null
        })
        assert.strictEqual((yield* bank.charge(json.id.toUpperCase())).valueCents, 1990)
      })
    )
  )

  it.live("are refused in PushinPay's words", () =>
    fresh(
      { maxCents: 100_00, strictAccept: true },
      Effect.gen(function* () {
        const { api, create } = yield* setup
        const minimum = yield* create({ value: 49 })
        const sentence = "O campo value deve ser no mínimo 50."
        assert.deepStrictEqual(
          [minimum.status, minimum.json],
          [422, { message: sentence, errors: { value: [sentence] } }]
        )
        for (const [body, field] of [
          [{}, "value"],
          [{ value: 19.9 }, "value"],
          [{ value: 100_01 }, "value"],
          [{ value: 1000, webhook_url: "http://loja.example" }, "webhook_url"],
          [{ value: 1000, split_rules: [{ value: 501, account_id: "a" }] }, "split_rules"],
          [{ value: 1000, split_rules: [{ value: 1001, account_id: "a" }] }, "split_rules"],
          [{ value: 1000, split_rules: "x" }, "split_rules"]
        ] as const) {
          const { status, json } = yield* create(body)
          assert.deepStrictEqual([status, Object.keys(json.errors)], [422, [field]])
        }
        assert.strictEqual((yield* create({ value: 1000, split_rules: [{ value: 500, account_id: "a" }] })).status, 200)
        const anonymous = yield* ask(`${api}/pix/cashIn`, { body: { value: 1000 } })
        assert.deepStrictEqual([anonymous.status, anonymous.json], [401, { message: "Unauthenticated." }])
        const blunt = { authorization: headers.authorization, accept: "text/html" }
        assert.strictEqual((yield* ask(`${api}/pix/cashIn`, { headers: blunt, body: { value: 1000 } })).status, 406)
        assert.strictEqual((yield* ask(`${api}/pix/cashIn`, { method: "GET", headers })).status, 405)
        assert.strictEqual((yield* ask(`${api}/balance`, { method: "GET", headers })).json.amount, 0)
      })
    )
  )

  it.live("are told in upper case with the value as text, once a minute", () =>
    fresh(
      {},
      Effect.gen(function* () {
        const { bank, query, charged } = yield* setup
        const missing = yield* query("9d3f2b1a-1111-4222-8333-444455556666")
        assert.deepStrictEqual([missing.status, missing.json], [404, []])
        const id = yield* charged()
        const { json } = yield* query(id)
        assert.deepStrictEqual([json.id, json.value, json.status], [id.toUpperCase(), "1990", "created"])
        assert.strictEqual(json.pix_details.emv, (yield* bank.charge(id)).code)
        const soon = yield* query(id)
        assert.deepStrictEqual([soon.status, soon.headers["retry-after"], yield* bank.violations], [429, "60", 1])
        yield* bank.configure({ enforceQueryRate: false })
        yield* bank.pay(id, { name: "Beltrana" })
        const paid = yield* query(id.toUpperCase(), "transaction")
        assert.deepStrictEqual(
          [paid.json.status, paid.json.payer_name, yield* bank.violations],
          ["paid", "Beltrana", 2]
        )
        assert.match(paid.json.end_to_end_id, /^E\d{20}[A-Z0-9]{11}$/)
      })
    )
  )

  it.live("go from created to paid, canceled or expired, late payments included, and back only by refund", () =>
    fresh(
      {},
      Effect.gen(function* () {
        const { bank, api, charged } = yield* setup
        const [late, gone] = [yield* charged(), yield* charged()]
        const refund = (id: string) => ask(`${api}/transactions/${id}/refund`, { headers, body: {} })
        yield* bank.expire(late)
        assert.strictEqual((yield* refund(late)).status, 422)
        yield* bank.pay(late)
        assert.strictEqual((yield* Effect.flip(bank.pay(late))).reason, "not_possible")
        assert.strictEqual((yield* Effect.flip(bank.cancel(late))).reason, "not_possible")
        yield* bank.cancel(gone)
        const refunded = yield* refund(late.toUpperCase())
        assert.deepStrictEqual([refunded.status, refunded.json], [200, []])
        const charges = yield* bank.charges
        assert.deepStrictEqual(
          charges.map(({ status }) => status),
          ["canceled", "canceled"]
        )
        assert.strictEqual((yield* Effect.flip(bank.pay("unknown"))).reason, "unknown")
      })
    )
  )
})

describe("webhooks of the PushinPay stand-in", () => {
  it.live("are form bodies in upper case, or JSON, with the panel's header when there is one", () =>
    fresh(
      {},
      Effect.gen(function* () {
        const { bank, charged } = yield* setup
        const hook = yield* receiver(() => 200)
        const first = yield* charged(hook)
        yield* bank.pay(first)
        yield* bank.configure({ webhookFormat: "json", webhookIdCase: "lower", webhookToken: "do painel" })
        const second = yield* charged(hook)
        yield* bank.pay(second)
        const [form, json] = hook.received
        if (form === undefined) return assert.fail("no webhook came")
        assert.strictEqual(form.path, "/w/secret?x=1")
        assert.strictEqual(form.headers["content-type"], "application/x-www-form-urlencoded")
        assert.isUndefined(form.headers["x-pushinpay-token"])
        const { id, status, value } = form.params
        assert.deepStrictEqual([id, status, value], [first.toUpperCase(), "paid", "1990"])
        assert.deepStrictEqual(
          [json?.params.id, json?.params.value, json?.headers["x-pushinpay-token"]],
          [second, 1990, "do painel"]
        )
      })
    )
  )

  it.live("are tried three times, two seconds each, and then only resent by hand", () =>
    fresh(
      { webhookTimeoutMs: 40 },
      Effect.gen(function* () {
        const { bank, charged } = yield* setup
        const answers: Array<Verdict | Promise<Verdict>> = [500, gate<number>().passed, 404]
        const hook = yield* receiver(() => answers.shift() ?? 200)
        const id = yield* charged(hook)
        yield* bank.pay(id)
        const tries = yield* bank.waitForDelivery(() => true, { count: 3 })
        assert.deepStrictEqual(
          tries.map(({ attempt, answered, error }) => [attempt, answered, error]),
          [
            [1, 500, undefined],
            [2, undefined, "cURL error 28: Connection timeout after 40 ms"],
            [3, 404, undefined]
          ]
        )
        yield* bank.resend(id)
        assert.deepStrictEqual((yield* bank.deliveries).map(({ attempt, answered }) => [attempt, answered]).slice(3), [
          [1, 200]
        ])
      })
    )
  )

  it.live("can be doubled, dropped, held and let go in the wrong order", () =>
    fresh(
      { webhookCopies: 2, webhookParallel: true },
      Effect.gen(function* () {
        const { bank, charged } = yield* setup
        const hook = yield* receiver(() => 200)
        const id = yield* charged(hook)
        yield* bank.pay(id)
        assert.strictEqual(hook.received.length, 2)
        yield* bank.configure({ webhookCopies: 1, dropWebhooks: true })
        yield* bank.pay(yield* charged(hook))
        yield* bank.configure({ dropWebhooks: false, holdWebhooks: true })
        const held = yield* charged(hook)
        yield* bank.pay(held)
        yield* bank.refund(held)
        assert.strictEqual(hook.received.length, 2)
        yield* bank.release({ reverse: true })
        assert.deepStrictEqual(
          hook.received.slice(2).map(({ params }) => [params.id, params.status]),
          [
            [held.toUpperCase(), "canceled"],
            [held.toUpperCase(), "paid"]
          ]
        )
      })
    )
  )

  it.live("can come before the creation is answered", () =>
    fresh(
      { autoPay: "before-response" },
      Effect.gen(function* () {
        const { bank, create } = yield* setup
        const seen = gate<number>()
        const hook = yield* receiver(() => seen.passed)
        const creation = yield* Effect.forkChild(create({ value: 500, webhook_url: hook.url }))
        const [told] = yield* hook.waitFor(({ params }) => params.status === "paid")
        const call = bank.waitForCall(({ operation }) => operation === "create")
        assert.deepStrictEqual(yield* bank.calls, [])
        seen.open(200)
        assert.strictEqual((yield* call).chargeId, String(told?.params.id).toLowerCase())
        assert.strictEqual((yield* Fiber.join(creation)).json.status, "created")
      })
    )
  )
})

describe("faults of the PushinPay stand-in", () => {
  it.live("lose the answer of a creation that took place, or of one that did not", () =>
    fresh(
      {},
      Effect.gen(function* () {
        const { bank, create } = yield* setup
        yield* bank.fail({ operation: "create", answer: { kind: "reset", applied: true } })
        assert.isTrue(Exit.isFailure(yield* Effect.exit(create({ value: 700 }))))
        assert.strictEqual((yield* bank.waitForCharge(({ valueCents }) => valueCents === 700)).status, "created")
        yield* bank.fail({ operation: "create", answer: { kind: "timeout", applied: true } })
        const made = bank.waitForCharge(({ valueCents }) => valueCents === 800)
        yield* Effect.raceFirst(made, create({ value: 800 }).pipe(Effect.andThen(Effect.die("answered"))))
        yield* bank.fail({ operation: "create", answer: { kind: "truncated" } })
        const cut = yield* create({ value: 900 })
        assert.deepStrictEqual([cut.status, cut.json], [200, undefined])
        yield* bank.fail({
          operation: "create",
          answer: { kind: "http", status: 503, body: { message: "manutenção" } }
        })
        const down = yield* create({ value: 1000 })
        assert.deepStrictEqual([down.status, down.json], [503, { message: "manutenção" }])
        yield* bank.fail({ operation: "create", answer: { kind: "html" } })
        const html = yield* create({ value: 1100 })
        assert.deepStrictEqual([html.status, html.headers["content-type"]], [500, "text/html; charset=UTF-8"])
        const values = (yield* bank.charges).map(({ valueCents }) => valueCents)
        assert.deepStrictEqual(values, [700, 800, 900])
      })
    )
  )

  it.live("meet queries without counting against the caller", () =>
    fresh(
      {},
      Effect.gen(function* () {
        const { bank, query, charged } = yield* setup
        const id = yield* charged()
        yield* bank.fail({ operation: "query", times: 2, answer: { kind: "http", status: 500 } })
        assert.deepStrictEqual([(yield* query(id)).status, (yield* query(id)).status], [500, 500])
        assert.deepStrictEqual([(yield* query(id)).status, yield* bank.violations], [200, 0])
      })
    )
  )
})
