import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { orderPix, sentTo } from "../support/shop.ts"
import { eventually, type ServiceProcess, startService } from "../support/service.ts"
import { World } from "../support/world.ts"

const form = { "content-type": "application/x-www-form-urlencoded" }

const charged = Effect.fnUntraced(function* (id: number, first_name: string) {
  const { sandbox } = yield* World
  const sql = yield* SqlClient.SqlClient
  const person = { id, first_name }
  const charge = yield* orderPix(sandbox, person)
  const [row] = yield* sql<{ id: number; key: string }>`
    select id, webhook_key as key from payments where gateway_charge_id = ${charge.id}`
  return { charge, person, paymentId: row!.id, key: row!.key }
})

const post = (service: ServiceProcess, suffix: string, body: string) =>
  Effect.map(service.request("POST", `/api/payments/webhook/pushinpay${suffix}`, body, form), ({ status }) => status)

/** Every webhook is over, or waits for a question that may not be asked yet. */
const judged = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  eventually(sql`select 1 from gateway_events where state = 'waiting' and error is null`, (open) => open.length === 0)
)

const leftBy = (paymentId: number) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.map(
      sql<{ status: string; paid: number; rows: number; sent: number }>`
        select p.status,
          (select count(*) from funnel_events e where e.payment_id = p.id and e.event_name = 'pix_paid') as paid,
          (select count(*) from outbox o where o.payment_id = p.id and o.event_name = 'delivery') as rows,
          (select count(*) from outbox o where o.payment_id = p.id and o.event_name = 'delivery' and o.status = 'sent')
            as sent
        from payments p where p.id = ${paymentId}`,
      ([row]) => row
    )
  )

layer(World.layerWith({ telegram: { timeScale: 0.01 }, pushinpay: { dropWebhooks: true } }), {
  excludeTestServices: true,
  timeout: "60 seconds"
})("payment webhooks at two processes", (it) => {
  it.effect("fifty at once that say the same have one effect", () =>
    Effect.gen(function* () {
      const { env, sandbox, service } = yield* World
      const second = yield* startService({ env: { ...env, PUBLIC_URL: service.url } })
      const { charge, key, paymentId, person } = yield* charged(9_001, "Ana")
      yield* sandbox.pushinpay.pay(charge.id)
      const body = `id=${charge.id.toUpperCase()}&status=paid&value=1990&end_to_end_id=E1`
      const statuses = yield* Effect.all(
        Array.from({ length: 50 }, (_, i) => post(i % 2 === 0 ? service : second, `/${key}`, body)),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual([...new Set(statuses)], [200])
      yield* sandbox.telegram.waitFor(sentTo(person.id, /Seu acesso/))
      yield* judged
      yield* eventually(leftBy(paymentId), (row) => row?.sent === 1)
      // The same again, after all is over.
      assert.deepStrictEqual([yield* post(service, `/${key}`, body), yield* post(second, `/${key}`, body)], [200, 200])
      yield* judged
      assert.deepStrictEqual(yield* leftBy(paymentId), { status: "paid", paid: 1, rows: 1, sent: 1 })
      assert.lengthOf((yield* sandbox.telegram.calls).filter(sentTo(person.id, /Seu acesso/)), 1)
      assert.strictEqual(yield* sandbox.pushinpay.violations, 0)
    }).pipe(Effect.scoped)
  )

  it.effect("forged, foreign, replayed and wrong ones have none", () =>
    Effect.gen(function* () {
      const { sandbox, service } = yield* World
      const bia = yield* charged(9_002, "Bia")
      const eva = yield* charged(9_003, "Eva")
      yield* sandbox.pushinpay.pay(eva.charge.id)
      const says = (id: string, value: number) => `id=${id}&status=paid&value=${value}&end_to_end_id=E1`
      const attempts = [
        post(service, "", says(bia.charge.id, 1990)),
        post(service, "/um-segredo-inventado", says(bia.charge.id, 1990)),
        // The true webhook of another charge, sent to this one's address, and with this one's id.
        post(service, `/${bia.key}`, says(eva.charge.id, 1990)),
        post(service, `/${eva.key}`, says(bia.charge.id, 1990)),
        post(service, `/${bia.key}`, says(bia.charge.id, 1)),
        post(service, "", says("9d3f2b1a-0000-4222-8333-444455556666", 1990))
      ]
      for (const attempt of attempts) assert.strictEqual(yield* attempt, 200)
      yield* judged
      const left = yield* leftBy(bia.paymentId)
      assert.deepStrictEqual(left, { status: "pending", paid: 0, rows: 0, sent: 0 })
      assert.deepStrictEqual((yield* sandbox.telegram.calls).filter(sentTo(bia.person.id, /Seu acesso/)), [])
      assert.strictEqual(yield* sandbox.pushinpay.violations, 0)
      yield* service.wrote(/o valor confirmado \(0\.01\) não é o da cobrança; nada foi liberado/)
    })
  )
})
