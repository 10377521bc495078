import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import {
  buyerGetsThrough,
  chunked,
  mebibyte,
  nothingPaid,
  refusedWith,
  someone,
  statusOfPayment,
  unharmed
} from "../support/harm.ts"
import { eventually, type ServiceProcess } from "../support/service.ts"
import { botToken, orderPix, sentTo } from "../support/shop.ts"
import { World } from "../support/world.ts"

const gatewayPath = "/api/payments/webhook/pushinpay"

const tell = (service: ServiceProcess, body: unknown, contentType = "application/json", suffix = "") =>
  service.request("POST", gatewayPath + suffix, body, { "content-type": contentType })

const layers = World.layerWith({ telegram: { timeScale: 0.01, acceptUnknownChats: true } })

layer(layers, { excludeTestServices: true, timeout: "60 seconds" })("a bad payment webhook harms nobody", (it) => {
  const harmless = <A, E>(name: string, test: () => Effect.Effect<A, E, World | SqlClient.SqlClient>) =>
    it.effect(name, () => Effect.andThen(test(), unharmed))

  harmless("payment webhooks that say nothing are kept and ignored", () =>
    Effect.gen(function* () {
      const { service } = yield* World
      const sql = yield* SqlClient.SqlClient
      // Whoever pastes a token where a name belongs does not find it in the log.
      for (const gateway of [botToken, "ninguem", "pushinpay%00", "__proto__"]) {
        refusedWith(yield* service.request("POST", `/api/payments/webhook/${gateway}`, {}), 404, "not_found")
      }
      yield* service.wrote(/WARN .*Recusei um aviso de pagamento: não há gateway chamado 8240789\.\.\./)
      const since = service.log.length
      const form = "application/x-www-form-urlencoded"
      for (const [body, type] of [
        [undefined, "application/json"],
        ["", form],
        ["{", "application/json"],
        ["[[[[", "application/json"],
        ["null", "application/json"],
        ['{"status":{"$gt":""},"id":[]}', "application/json"],
        ["%%%=&&&=%E0%A4%A", form],
        ["id=&status=&value=", form],
        [new Uint8Array([0, 255, 254, 0]), "application/octet-stream"]
      ] as const) {
        assert.strictEqual((yield* tell(service, body, type)).status, 200, String(body))
      }
      yield* service.wrote(/WARN .*Um aviso da pushinpay não fala de nenhuma cobrança; foi guardado e ignorado/, since)
      refusedWith(yield* tell(service, `id=${"x".repeat(mebibyte)}`, form), 413, "too_large")
      refusedWith(yield* tell(service, chunked(2 * mebibyte), form), 413, "too_large")
      const waiting = yield* sql`select 1 from gateway_events where state = 'waiting'`
      assert.deepStrictEqual(waiting, [])
    })
  )

  harmless("a charge that is not ours, in any spelling, has no effect", () =>
    Effect.gen(function* () {
      const { service } = yield* World
      const sql = yield* SqlClient.SqlClient
      const since = service.log.length
      const paid = { status: "paid", value: 1990, end_to_end_id: "E1" }
      const id = "9d3f2b1a-0000-4222-8333-444455556666"
      for (const body of [
        { ...paid, id },
        { ...paid, id: "../../api/balance" },
        { ...paid, id: "\u0000", payer_name: "\ud800\u0000" },
        { ...paid, id: 1 },
        { ...paid, id, value: "1e3", end_to_end_id: "x".repeat(5_000), payer_name: "🔥".repeat(500) },
        { data: { ...paid, id } },
        Array.from({ length: 1_000 }, () => ({ ...paid, id }))
      ]) {
        assert.strictEqual((yield* tell(service, body)).status, 200)
      }
      for (const suffix of ["/", "/../../admin", `/${"k".repeat(5_000)}`, "?a=%00&b=%ff", "/chave-inventada-123?x=1"]) {
        const { status } = yield* tell(service, { ...paid, id, suffix }, "application/json", suffix)
        assert.include([200, 404], status)
      }
      yield* service.wrote(/INFO .*Um aviso da pushinpay fala de uma cobrança que não é daqui/, since)
      yield* eventually(sql`select 1 from gateway_events where state = 'waiting'`, (rows) => rows.length === 0)
      yield* nothingPaid
    })
  )

  harmless("a forged `paid` is asked about and not believed", () =>
    Effect.gen(function* () {
      const { sandbox, service } = yield* World
      const sql = yield* SqlClient.SqlClient
      const charge = yield* orderPix(sandbox, someone())
      const since = service.log.length
      const forged = { id: charge.id.toUpperCase(), status: "paid", value: 1990, end_to_end_id: "E9" }
      assert.strictEqual((yield* tell(service, forged)).status, 200)
      yield* sandbox.pushinpay.waitForCall((call) => call.operation === "query" && call.chargeId === charge.id)
      yield* service.wrote(/WARN .*o gateway diz que a cobrança está created/, since)
      const [event] = yield* sql<{ readonly state: string }>`
        select state from gateway_events where gateway_charge_id = ${charge.id}`
      assert.strictEqual(event?.state, "waiting")
      assert.strictEqual((yield* statusOfPayment(charge.id)).status, "pending")
      yield* nothingPaid
    })
  )

  harmless("money of another value releases nothing; the whole of it does", () =>
    Effect.gen(function* () {
      const { sandbox, service } = yield* World
      const sql = yield* SqlClient.SqlClient
      const { pushinpay, telegram } = sandbox
      const refused = /ERROR \[ERRO\] \[PAYMENT\]\[PIX_CREATED\] .*o valor confirmado \(0\.01\) não é o da cobrança/
      const person = someone()
      const charge = yield* orderPix(sandbox, person)
      const said = { id: charge.id, status: "paid", end_to_end_id: "E7" }
      yield* pushinpay.fail({
        operation: "query",
        answer: { kind: "http", status: 200, body: { ...said, value: "1", payer_name: null } }
      })
      const since = service.log.length
      assert.strictEqual((yield* tell(service, { ...said, value: 1990 })).status, 200)
      yield* service.wrote(refused, since)
      yield* eventually(
        sql<{ readonly state: string }>`select state from gateway_events where gateway_charge_id = ${charge.id}`,
        ([event]) => event?.state === "refused"
      )
      assert.strictEqual((yield* statusOfPayment(charge.id)).status, "pending")
      yield* nothingPaid

      // At the charge's own address a body counts as proof, but only of what it says.
      const other = yield* orderPix(sandbox, someone())
      const suffix = new URL(other.webhookUrl!).pathname.slice(gatewayPath.length)
      assert.isAbove(suffix.length, 8)
      const again = service.log.length
      const cent = { id: other.id, status: "paid", value: 1 }
      assert.strictEqual((yield* tell(service, cent, "application/json", suffix)).status, 200)
      yield* service.wrote(refused, again)
      assert.strictEqual((yield* statusOfPayment(other.id)).status, "pending")
      yield* nothingPaid

      yield* pushinpay.pay(charge.id)
      yield* telegram.waitFor(sentTo(person.id, /Seu acesso, Bia/))
      assert.strictEqual((yield* statusOfPayment(charge.id)).status, "paid")
    })
  )

  harmless("after all of this a buyer gets through", () => buyerGetsThrough)
})
