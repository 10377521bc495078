import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Redacted } from "effect"
import { HttpClient } from "effect/http"
import { gatewayHttpLayer } from "../../src/payments/gateways/http.ts"
import { makePushinPay } from "../../src/payments/gateways/pushinpay.ts"
import type { GatewayError } from "../../src/payments/PaymentGateway.ts"
import type { Fault } from "../../src/sandbox/pushinpay/Faults.ts"
import type { Options } from "../../src/sandbox/pushinpay/Options.ts"
import { SandboxPushinPay } from "../../src/sandbox/pushinpay/SandboxPushinPay.ts"

const secret = "77|segredosegredosegredosegredosegredosegredo"

const setup = Effect.gen(function* () {
  const bank = yield* SandboxPushinPay
  const client = yield* HttpClient.HttpClient
  const token = yield* bank.token
  const gateway = (settings: { readonly url?: string; readonly token?: string; readonly header?: string } = {}) =>
    makePushinPay(
      {
        url: settings.url ?? `${bank.url}/api`,
        token: Option.some(Redacted.make(settings.token ?? token)),
        webhookToken: Option.map(Option.fromUndefinedOr(settings.header), Redacted.make)
      },
      client
    )
  return { bank, gateway }
})

const atSandbox = <A, E>(test: Effect.Effect<A, E, SandboxPushinPay | HttpClient.HttpClient>, options: Options = {}) =>
  test.pipe(
    Effect.provide(
      Layer.merge(SandboxPushinPay.layerWith({ qr: "tiny", timeScale: 0.001, ...options }), gatewayHttpLayer)
    )
  )

const request = (valueCents: number, webhookUrl?: string) => ({
  valueCents,
  description: "Mensal",
  webhookUrl: Option.fromUndefinedOr(webhookUrl)
})

const reasonOf = (error: GatewayError) => error.reason._tag

describe("PushinPay", () => {
  it.live("makes a charge, finds it paid, and gives it back", () =>
    atSandbox(
      Effect.gen(function* () {
        const { bank, gateway } = yield* setup
        const pushinpay = gateway()
        const charge = yield* pushinpay.createCharge(request(990, "https://loja.example/w/abc"))
        const [call] = yield* bank.calls
        assert.deepStrictEqual(call?.body, { value: 990, webhook_url: "https://loja.example/w/abc" })
        assert.match(charge.id, /^[0-9a-f-]{36}$/)
        assert.match(charge.pixCode, /^000201/)
        assert.strictEqual((yield* pushinpay.getCharge(charge.id)).status, "pending")

        yield* bank.pay(charge.id, { name: "Ana Sousa" })
        const paid = yield* pushinpay.getCharge(charge.id)
        assert.deepInclude(paid, { id: charge.id, status: "paid", valueCents: 990, payerName: "Ana Sousa" })

        yield* pushinpay.refund(charge.id)
        assert.strictEqual((yield* pushinpay.getCharge(charge.id)).status, "refunded")
      }),
      { queryWindowMs: 0, dropWebhooks: true }
    )
  )

  it.live("leaves the address out where there is none", () =>
    atSandbox(
      Effect.gen(function* () {
        const { bank, gateway } = yield* setup
        yield* gateway().createCharge(request(50))
        assert.deepStrictEqual((yield* bank.calls)[0]?.body, { value: 50 })
      })
    )
  )

  it.live("a refusal carries PushinPay's words, a question about nothing is no charge, too many are told to wait", () =>
    atSandbox(
      Effect.gen(function* () {
        const { gateway } = yield* setup
        const refused = yield* Effect.flip(gateway().createCharge(request(49)))
        assert.deepInclude(refused.reason, {
          _tag: "GatewayRefused",
          status: 422,
          message: "O campo value deve ser no mínimo 50."
        })
        const unknown = yield* Effect.flip(gateway().getCharge("9d3f2b1a-1111-4222-8333-444455556666"))
        assert.strictEqual(reasonOf(unknown), "ChargeNotFound")
        const { id } = yield* gateway().createCharge(request(50))
        yield* gateway().getCharge(id)
        assert.strictEqual(reasonOf(yield* Effect.flip(gateway().getCharge(id))), "GatewayRateLimited")
      })
    )
  )

  it.live("a wrong token is our fault, and no token is no call", () =>
    atSandbox(
      Effect.gen(function* () {
        const { bank, gateway } = yield* setup
        const wrong = yield* Effect.flip(gateway({ token: secret }).createCharge(request(990)))
        assert.strictEqual(reasonOf(wrong), "GatewayUnauthorized")
        const client = yield* HttpClient.HttpClient
        const none = makePushinPay(
          { url: `${bank.url}/api`, token: Option.none(), webhookToken: Option.none() },
          client
        )
        assert.isFalse(none.configured)
        assert.strictEqual(reasonOf(yield* Effect.flip(none.createCharge(request(990)))), "GatewayUnauthorized")
        assert.strictEqual((yield* bank.calls).length, 1)
      })
    )
  )

  const faults: ReadonlyArray<readonly [string, Fault["answer"]]> = [
    ["an HTML page", { kind: "html" }],
    ["an HTML page that says 200", { kind: "html", status: 200 }],
    ["half a JSON", { kind: "truncated" }],
    ["a reset connection", { kind: "reset" }],
    ["500", { kind: "http", status: 500, body: { message: "Server Error" } }],
    ["503", { kind: "http", status: 503 }],
    ["200 without a charge", { kind: "http", status: 200, body: { id: "x" } }]
  ]

  it.live.each(faults)("%s: uncertain for a new charge, harmless for a question", ([, answer]) =>
    atSandbox(
      Effect.gen(function* () {
        const { bank, gateway } = yield* setup
        const { id } = yield* gateway().createCharge(request(990))
        yield* bank.fail({ operation: "create", answer })
        yield* bank.fail({ operation: "query", answer })
        assert.strictEqual(reasonOf(yield* Effect.flip(gateway().createCharge(request(990)))), "GatewayUncertain")
        assert.strictEqual(reasonOf(yield* Effect.flip(gateway().getCharge(id))), "GatewayUnavailable")
      })
    )
  )

  it.live("a refused connection had no effect; no error names the address or the token", () =>
    atSandbox(
      Effect.gen(function* () {
        const { bank, gateway } = yield* setup
        const nobody = gateway({ url: "http://127.0.0.1:1/api", token: secret })
        const created = yield* Effect.flip(nobody.createCharge(request(990)))
        assert.deepInclude(created.reason, { _tag: "GatewayUnavailable", detail: "ECONNREFUSED" })
        yield* bank.fail({ operation: "create", answer: { kind: "http", status: 422, body: { message: "não" } } })
        const refused = yield* Effect.flip(gateway().createCharge(request(990)))
        for (const error of [created, refused]) {
          const text = `${JSON.stringify(error)} ${String(error)} ${error.stack ?? ""}`
          assert.notInclude(text, secret)
          assert.notInclude(text, "Bearer")
          assert.notInclude(text, "127.0.0.1:1")
        }
      })
    )
  )

  it.live("a webhook's header proves it, refuses it, or is not there", () =>
    atSandbox(
      Effect.gen(function* () {
        const { gateway } = yield* setup
        const body = new TextEncoder().encode("id=ABC&status=paid&value=990")
        const read = (header: string | undefined, given: string | undefined) =>
          gateway(header === undefined ? {} : { header }).readWebhook({
            headers: given === undefined ? {} : { "x-pushinpay-token": given },
            query: "",
            body
          })
        assert.strictEqual((yield* read("segredo", "segredo")).proof, "signed")
        assert.strictEqual((yield* read("segredo", undefined)).proof, "none")
        assert.strictEqual((yield* read(undefined, "qualquer")).proof, "none")
        assert.strictEqual(reasonOf(yield* Effect.flip(read("segredo", "errado"))), "WebhookRefused")
        assert.strictEqual((yield* read("segredo", "segredo")).events[0]?.id, "abc")
      })
    )
  )

  it("must show its notice", () => {
    const { legalNotice } = makePushinPay(
      { url: "http://x", token: Option.none(), webhookToken: Option.none() },
      HttpClient.make(() => Effect.never)
    ).capabilities
    assert.match(
      Option.getOrElse(legalNotice, () => ""),
      /^A PUSHIN PAY atua exclusivamente .* pelo vendedor\.$/
    )
  })
})
