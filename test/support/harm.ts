import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { adminToken } from "./service.ts"
import { botToken, orderPix, sentTo } from "./shop.ts"
import { settled } from "./updates.ts"
import { World } from "./world.ts"

export const otherToken = "8240789013:AAHoutro3nXq9vB7wZ5tR1yU8mP6sD4LEOBE"
export const mebibyte = 1024 * 1024

let lastPerson = 7_300_000_000
/** A new person each time. */
export const someone = (first_name = "Bia", more: { readonly last_name?: string } = {}) => ({
  id: ++lastPerson,
  first_name,
  ...more
})

const logLine = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} (?:INFO |WARN |ERROR) \[/

/** Whatever came: the service is up, nothing waits or was given up, and its log is in order and holds no secret. */
export const unharmed = Effect.gen(function* () {
  const { env, service } = yield* World
  const sql = yield* SqlClient.SqlClient
  assert.strictEqual(yield* settled, 0, "an update was given up")
  for (const path of ["/healthz", "/readyz"]) assert.strictEqual((yield* service.request("GET", path)).status, 200)
  const lines = service.log.slice(0, service.log.lastIndexOf("\n")).split("\n")
  assert.deepStrictEqual(
    lines.filter((line) => !logLine.test(line)),
    []
  )
  const kept = yield* sql<{ readonly secret: string | null }>`
    select webhook_secret_token as secret from bots union all select webhook_key from payments`
  const secrets = [adminToken, env["PUSHINPAY_TOKEN"], ...[botToken, otherToken].map((token) => token.split(":")[1])]
  for (const secret of [...secrets, ...kept.map((row) => row.secret)]) {
    if (secret) assert.notInclude(service.log, secret)
  }
})

/** Refused as the contract says: a code for programs and a sentence for people. */
export const refusedWith = (
  answer: { readonly status: number; readonly json: unknown },
  status: number,
  error: string
) => {
  assert.strictEqual(answer.status, status)
  assert.include(answer.json, { error })
  assert.match((answer.json as { readonly message: string }).message, /^[A-ZÀ-Ú].*\.$/)
}

export const statusOfPayment = Effect.fnUntraced(function* (chargeId: string) {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ readonly id: number; readonly status: string }>`
    select id, status from payments where gateway_charge_id = ${chargeId}`
  return row!
})

/** No payment, no event and no delivery of one. */
export const nothingPaid = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ readonly n: number }>`
    select (select count(*) from payments where status = 'paid')
      + (select count(*) from funnel_events where event_name = 'pix_paid') + 
      (select count(*) from outbox where event_name in ('pix_paid', 'delivery')) as n`
  assert.strictEqual(row!.n, 0)
})

/** A body that does not say how long it is. */
export const chunked = (bytes: number) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (let sent = 0; sent < bytes; sent += 65_536) controller.enqueue(new Uint8Array(65_536).fill(0x20))
      controller.close()
    }
  })

/** What all of it is for. */
export const buyerGetsThrough = Effect.gen(function* () {
  const { sandbox, service } = yield* World
  const { pushinpay, telegram } = sandbox
  const person = someone()
  const charge = yield* orderPix(sandbox, person)
  yield* pushinpay.pay(charge.id)
  yield* telegram.waitFor(sentTo(person.id, /Seu acesso, Bia/))
  assert.strictEqual((yield* telegram.calls).filter(sentTo(person.id, /Seu acesso/)).length, 1)
  const payments = yield* service.admin("GET", `/api/admin/payments?telegram_id=${person.id}`)
  assert.deepStrictEqual(
    payments.json.items.map((one: { readonly status: string }) => one.status),
    ["paid"]
  )
  assert.strictEqual(yield* pushinpay.violations, 0)
})
