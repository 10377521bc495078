import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Redacted, Tracer } from "effect"
import { HttpClient } from "effect/http"
import { gatewayHttpLayer } from "../../src/payments/gateways/http.ts"
import { makeSyncPay } from "../../src/payments/gateways/syncpay.ts"
import type { GatewayError } from "../../src/payments/PaymentGateway.ts"
import type { Fault } from "../../src/sandbox/syncpay/Faults.ts"
import { DEFAULT_CLIENT_SECRET, type Options } from "../../src/sandbox/syncpay/Options.ts"
import { SandboxSyncPay } from "../../src/sandbox/syncpay/SandboxSyncPay.ts"

interface Settings {
  readonly url?: string
  readonly secret?: string
  readonly webhookToken?: string
  readonly registered?: ReadonlyArray<string>
}

const secret = (text: string | undefined) => Option.map(Option.fromUndefinedOr(text), (one) => Redacted.make(one))

const setup = Effect.gen(function* () {
  const bank = yield* SandboxSyncPay
  const client = yield* HttpClient.HttpClient
  const { clientId, clientSecret } = yield* bank.credential
  const gateway = ({ registered = [], secret: other, url, webhookToken }: Settings = {}) =>
    makeSyncPay(
      {
        url: url ?? bank.url,
        clientId: secret(clientId),
        clientSecret: secret(other ?? clientSecret),
        webhookToken: secret(webhookToken)
      },
      client,
      Effect.succeed(registered.map((token) => Redacted.make(token)))
    )
  return { bank, gateway, operations: Effect.map(bank.calls, (calls) => calls.map(({ operation }) => operation)) }
})

const atSandbox = <A, E>(test: Effect.Effect<A, E, SandboxSyncPay | HttpClient.HttpClient>, options: Options = {}) =>
  test.pipe(Effect.provide(Layer.merge(SandboxSyncPay.layerWith({ timeScale: 0.001, ...options }), gatewayHttpLayer)))

const request = (valueCents: number, webhookUrl?: string, description = "Mensal") => ({
  valueCents,
  description,
  webhookUrl: Option.fromUndefinedOr(webhookUrl)
})

const reasonOf = (error: GatewayError) => error.reason._tag

describe("SyncPay's charges", () => {
  it.live("are made in reais, without a customer, and found paid", () =>
    atSandbox(
      Effect.gen(function* () {
        const { bank, gateway } = yield* setup
        const syncpay = gateway()
        const charge = yield* syncpay.createCharge(request(1990, "https://loja.example/w/abc"))
        const [, call] = yield* bank.calls
        assert.deepStrictEqual(call?.body, {
          amount: 19.9,
          description: "Mensal",
          webhook_url: "https://loja.example/w/abc"
        })
        assert.match(charge.id, /^[0-9a-f-]{36}$/)
        assert.match(charge.pixCode, /^000201/)
        assert.strictEqual((yield* syncpay.getCharge(charge.id)).status, "pending")
        yield* bank.pay(charge.id)
        assert.deepInclude(yield* syncpay.getCharge(charge.id), { status: "paid", valueCents: 1990 })
        yield* bank.dispute(charge.id)
        assert.strictEqual((yield* syncpay.getCharge(charge.id)).status, "charged_back")
        yield* bank.refund(charge.id)
        assert.strictEqual((yield* syncpay.getCharge(charge.id)).status, "refunded")
      }),
      { queryWindowMs: 0 }
    )
  )

  it.live("leave out what there is not", () =>
    atSandbox(
      Effect.gen(function* () {
        const { bank, gateway } = yield* setup
        yield* gateway().createCharge(request(100, undefined, " "))
        yield* gateway().createCharge(request(100, undefined, "x".repeat(300)))
        const bodies = (yield* bank.calls).filter(({ operation }) => operation === "create").map(({ body }) => body)
        assert.deepStrictEqual(bodies, [{ amount: 1 }, { amount: 1, description: "x".repeat(140) }])
      })
    )
  )

  it.live("are found by the second version of the query where the first one is gone, under whatever id", () =>
    atSandbox(
      Effect.gen(function* () {
        const { bank, gateway } = yield* setup
        const syncpay = gateway()
        const { id } = yield* syncpay.createCharge(request(1990))
        yield* bank.pay(id)
        const state = yield* syncpay.getCharge(id)
        assert.deepInclude(state, { id: undefined, status: "paid", valueCents: 1990, netCents: 1891, feeCents: 99 })
        const paths = (yield* bank.calls).slice(-2).map(({ path }) => path)
        assert.deepStrictEqual(paths, [`/api/partner/v1/transaction/${id}`, `/api/partner/v2/transactions/${id}`])
        assert.strictEqual(reasonOf(yield* Effect.flip(syncpay.getCharge("nada"))), "ChargeNotFound")
      }),
      { queryVersion: "v2", otherReference: true }
    )
  )

  it.live("are read out of an envelope too", () =>
    atSandbox(
      Effect.gen(function* () {
        const { gateway } = yield* setup
        assert.match((yield* gateway().createCharge(request(1990))).id, /^[0-9a-f-]{36}$/)
      }),
      { wrapAnswers: true }
    )
  )

  it.live("cannot be given back by us", () =>
    atSandbox(
      Effect.gen(function* () {
        const { gateway, operations } = yield* setup
        assert.isFalse(gateway().capabilities.refund)
        assert.strictEqual(reasonOf(yield* Effect.flip(gateway().refund("x"))), "GatewayRefused")
        assert.deepStrictEqual(yield* operations, [])
      })
    )
  )
})

describe("SyncPay's refusals", () => {
  it.live("carry SyncPay's words, whatever their status", () =>
    atSandbox(
      Effect.gen(function* () {
        const { bank, gateway } = yield* setup
        const syncpay = gateway()
        const refusedWith = Effect.fnUntraced(function* (status: number, body: unknown) {
          yield* bank.fail({ operation: "create", answer: { kind: "http", status, body } })
          const { reason } = yield* Effect.flip(syncpay.createCharge(request(1990)))
          return reason._tag === "GatewayRefused" ? reason.message : reason._tag
        })
        const limit = { message: "Cashin exceeds max_cashin_without_fee" }
        const literal = yield* Effect.flip(syncpay.createCharge(request(100_01)))
        assert.deepInclude(literal.reason, { _tag: "GatewayRefused", status: 400, ...limit })
        assert.strictEqual(yield* refusedWith(403, limit), limit.message)
        assert.strictEqual(yield* refusedWith(500, limit), limit.message)
        const invalid = { message: "Dados inválidos.", errors: { "client.cpf": ["CPF inválido."] } }
        assert.strictEqual(yield* refusedWith(422, invalid), "Dados inválidos. (CPF inválido.)")
        assert.strictEqual(yield* refusedWith(200, { success: false, message: "conta em análise" }), "conta em análise")
        assert.strictEqual(yield* refusedWith(403, { message: "IP não autorizado" }), "GatewayUnauthorized")
      }),
      { maxCents: 100_00 }
    )
  )

  it.live("429 says how long to wait, for a charge, a question and a token", () =>
    atSandbox(
      Effect.gen(function* () {
        const { bank, gateway } = yield* setup
        const syncpay = gateway()
        const { id } = yield* syncpay.createCharge(request(1990))
        yield* syncpay.getCharge(id)
        const soon = yield* Effect.flip(syncpay.getCharge(id))
        assert.deepInclude(soon.reason, { _tag: "GatewayRateLimited", retryAfterSeconds: 20 })
        yield* bank.fail({ operation: "create", answer: { kind: "http", status: 429 } })
        assert.strictEqual(reasonOf(yield* Effect.flip(syncpay.createCharge(request(1990)))), "GatewayRateLimited")
        yield* bank.configure({ tokensPerMinute: 0 })
        const token = yield* Effect.flip(gateway().createCharge(request(1990)))
        assert.deepInclude(token, { operation: "create" })
        assert.deepInclude(token.reason, { _tag: "GatewayRateLimited", retryAfterSeconds: 60 })
      })
    )
  )

  const faults: ReadonlyArray<readonly [string, Fault["answer"]]> = [
    ["an HTML page", { kind: "html" }],
    ["an HTML page that says 200", { kind: "html", status: 200 }],
    ["half a JSON", { kind: "truncated" }],
    ["a reset connection", { kind: "reset" }],
    ["500", { kind: "http", status: 500 }],
    ["503", { kind: "http", status: 503 }],
    ["200 without a charge", { kind: "http", status: 200, body: { message: "ok" } }]
  ]

  it.live.each(faults)("%s: uncertain for a new charge, harmless for a question", ([, answer]) =>
    atSandbox(
      Effect.gen(function* () {
        const { bank, gateway } = yield* setup
        const syncpay = gateway()
        const { id } = yield* syncpay.createCharge(request(990))
        yield* bank.fail({ operation: "create", answer })
        yield* bank.fail({ operation: "query", answer })
        assert.strictEqual(reasonOf(yield* Effect.flip(syncpay.createCharge(request(990)))), "GatewayUncertain")
        assert.strictEqual(reasonOf(yield* Effect.flip(syncpay.getCharge(id))), "GatewayUnavailable")
      })
    )
  )

  it.live.each(faults)("%s instead of a token: certainly no charge", ([, answer]) =>
    atSandbox(
      Effect.gen(function* () {
        const { bank, gateway, operations } = yield* setup
        yield* bank.fail({ operation: "auth", answer: answer.kind === "truncated" ? { kind: "html" } : answer })
        const error = yield* Effect.flip(gateway().createCharge(request(990)))
        assert.deepStrictEqual([error.operation, reasonOf(error)], ["create", "GatewayUnavailable"])
        assert.deepStrictEqual(yield* operations, ["auth"])
      })
    )
  )
})

describe("SyncPay's token", () => {
  it.live("is exchanged once for many charges at the same time", () =>
    atSandbox(
      Effect.gen(function* () {
        const { bank, gateway } = yield* setup
        const syncpay = gateway()
        yield* Effect.all(
          Array.from({ length: 20 }, () => syncpay.createCharge(request(990))),
          { concurrency: "unbounded" }
        )
        assert.strictEqual(yield* bank.tokensIssued, 1)
        assert.strictEqual((yield* bank.charges).length, 20)
      })
    )
  )

  it.live("that is refused half-way is exchanged again, and the request sent once more", () =>
    atSandbox(
      Effect.gen(function* () {
        const { bank, gateway, operations } = yield* setup
        const syncpay = gateway()
        yield* syncpay.createCharge(request(990))
        yield* bank.revokeTokens
        yield* bank.clear
        yield* Effect.all([syncpay.createCharge(request(990)), syncpay.createCharge(request(990))], { concurrency: 2 })
        assert.strictEqual((yield* bank.charges).length, 3)
        assert.strictEqual(yield* bank.tokensIssued, 2)
        assert.strictEqual((yield* operations).filter((one) => one === "create").length, 4)
      })
    )
  )

  it.live("that is never accepted is our credential's fault, after one more try", () =>
    atSandbox(
      Effect.gen(function* () {
        const { gateway, operations } = yield* setup
        assert.strictEqual(reasonOf(yield* Effect.flip(gateway().createCharge(request(990)))), "GatewayUnauthorized")
        assert.deepStrictEqual(yield* operations, ["auth", "create", "auth", "create"])
      }),
      { tokenSeconds: -1 }
    )
  )

  it.live("is not had with a wrong credential, nor asked for without one", () =>
    atSandbox(
      Effect.gen(function* () {
        const { bank, gateway, operations } = yield* setup
        const wrong = gateway({ secret: "99999999-0000-4000-8000-000000000000" })
        assert.isTrue(wrong.configured)
        const error = yield* Effect.flip(wrong.createCharge(request(990)))
        assert.deepInclude(error.reason, { _tag: "GatewayUnauthorized", status: 401 })
        const client = yield* HttpClient.HttpClient
        const none = makeSyncPay(
          { url: bank.url, clientId: secret("x"), clientSecret: Option.none(), webhookToken: Option.none() },
          client,
          Effect.succeed([])
        )
        assert.isFalse(none.configured)
        assert.strictEqual(reasonOf(yield* Effect.flip(none.createCharge(request(990)))), "GatewayUnauthorized")
        assert.deepStrictEqual(yield* operations, ["auth"])
      })
    )
  )

  it.live("is in no error and in no span, and neither is the credential", () =>
    atSandbox(
      Effect.gen(function* () {
        const { bank, gateway } = yield* setup
        const spans: Array<Tracer.Span> = []
        const tracer = Tracer.make({
          span: (options) => {
            const span = new Tracer.NativeSpan(options)
            spans.push(span)
            return span
          }
        })
        const syncpay = gateway()
        const errors = yield* Effect.gen(function* () {
          const { id } = yield* syncpay.createCharge(request(990))
          yield* bank.fail({ operation: "query", answer: { kind: "reset" } })
          const asked = yield* Effect.flip(syncpay.getCharge(id))
          const nobody = yield* Effect.flip(gateway({ url: "http://127.0.0.1:1" }).createCharge(request(990)))
          const wrong = yield* Effect.flip(gateway({ secret: "outro-segredo-qualquer" }).createCharge(request(990)))
          return [asked, nobody, wrong]
        }).pipe(Effect.provideService(Tracer.Tracer, tracer))
        assert.strictEqual(reasonOf(errors[1]!), "GatewayUnavailable")
        const seen = spans.map((span) => JSON.stringify([span.name, ...span.attributes, span.status], circular))
        assert.isAtLeast(seen.filter((span) => span.includes("SyncPay.")).length, 4)
        const texts = [...seen, ...errors.map((error) => `${JSON.stringify(error)} ${String(error)} ${error.stack}`)]
        for (const text of texts) {
          assert.notInclude(text, DEFAULT_CLIENT_SECRET)
          assert.notInclude(text, "outro-segredo-qualquer")
          assert.notMatch(text, /\d{4}\|[0-9a-f]{40}/)
        }
        for (const error of errors) assert.notInclude(JSON.stringify(error), "127.0.0.1")
      })
    )
  )
})

describe("SyncPay's webhook", () => {
  const body = new TextEncoder().encode('{"data":{"idtransaction":"ABC-1","status":"PAID_OUT","amount":9.9}}')

  it.live("proves itself by a token that we know, is refused with another one, and is heard without any", () =>
    atSandbox(
      Effect.gen(function* () {
        const { gateway } = yield* setup
        const read = (settings: Settings, headers: Record<string, string>) =>
          gateway(settings).readWebhook({ headers, query: "", body })
        const bearer = { authorization: "Bearer segredo", event: "cashin.update" }
        assert.strictEqual((yield* read({ webhookToken: "segredo" }, bearer)).proof, "signed")
        assert.strictEqual((yield* read({ registered: ["outro", "segredo"] }, bearer)).proof, "signed")
        assert.strictEqual((yield* read({}, bearer)).proof, "none")
        const wrong = yield* Effect.flip(read({ webhookToken: "x", registered: ["y"] }, bearer))
        assert.strictEqual(reasonOf(wrong), "WebhookRefused")
        const plain = yield* read({ webhookToken: "segredo" }, {})
        assert.deepStrictEqual([plain.proof, plain.events[0]?.id, plain.events[0]?.valueCents], ["none", "abc-1", 990])
        const noise = yield* read({ webhookToken: "x" }, { ...bearer, event: "CASHOUT.update" })
        assert.deepStrictEqual(noise, { proof: "none", events: [] })
      })
    )
  )
})

describe("SyncPay's registration", () => {
  const url = "https://loja.example/api/payments/webhook/syncpay"
  const ensure = (gateway: ReturnType<typeof makeSyncPay>, known?: { readonly id: string; readonly token: string }) =>
    gateway.ensureWebhook!(
      url,
      Option.map(Option.fromUndefinedOr(known), ({ id, token }) => ({ id, token: Redacted.make(token) }))
    ).pipe(
      Effect.map(
        Option.match({ onNone: () => undefined, onSome: ({ id, token }) => ({ id, token: Redacted.value(token) }) })
      )
    )

  it.live("is made once, with the best event that the account accepts", () =>
    atSandbox(
      Effect.gen(function* () {
        const { bank, gateway } = yield* setup
        const syncpay = gateway()
        yield* bank.register("https://outro.example/w", "all")
        const made = yield* ensure(syncpay)
        const [, hook] = yield* bank.webhooks
        assert.deepStrictEqual(made, { id: "2", token: hook!.token })
        assert.deepInclude(hook, { url, event: "transaction" })
        assert.isUndefined(yield* ensure(syncpay, made))
        assert.strictEqual((yield* bank.webhooks).length, 2)
      })
    )
  )

  it.live.each([
    [["transaction", "all", "cashin"], "transaction"],
    [["all", "cashin"], "all"],
    [["cashin"], "cashin"]
  ] as const)("of %j takes %s", ([acceptedEvents, event]) =>
    atSandbox(
      Effect.gen(function* () {
        const { bank, gateway } = yield* setup
        yield* ensure(gateway())
        assert.deepStrictEqual(
          (yield* bank.webhooks).map((hook) => hook.event),
          [event]
        )
      }),
      { acceptedEvents }
    )
  )

  it.live("whose token was lost is replaced, unless the seller has set one", () =>
    atSandbox(
      Effect.gen(function* () {
        const { bank, gateway } = yield* setup
        yield* bank.register(url, "all")
        assert.isUndefined(yield* ensure(gateway({ webhookToken: "do painel" })))
        assert.strictEqual((yield* bank.webhooks)[0]?.event, "all")
        const made = yield* ensure(gateway(), { id: "77", token: "de outra vez" })
        const hooks = yield* bank.webhooks
        assert.deepStrictEqual(
          hooks.map(({ id, token }) => ({ id: String(id), token })),
          [made]
        )
      })
    )
  )

  it.live("that nobody accepts is a refusal in SyncPay's words, and one that fails is tried by whoever asked", () =>
    atSandbox(
      Effect.gen(function* () {
        const { bank, gateway } = yield* setup
        const refused = yield* Effect.flip(ensure(gateway()))
        assert.deepInclude(refused, { operation: "register" })
        assert.deepInclude(refused.reason, { message: "O campo event selecionado é inválido." })
        yield* bank.fail({ operation: "webhooks", answer: { kind: "http", status: 503 } })
        assert.strictEqual(reasonOf(yield* Effect.flip(ensure(gateway()))), "GatewayUncertain")
      }),
      { acceptedEvents: [] }
    )
  )
})

const circular = (_key: string, value: unknown) =>
  typeof value === "bigint" ? String(value) : value instanceof Error ? `${value.message} ${value.stack ?? ""}` : value
