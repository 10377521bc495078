import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { TestDatabase } from "../support/postgres.ts"

/** A row of ours as SQL; the named columns differ. */
const payment = (changes: Record<string, string>) => {
  const row: Record<string, string> = {
    transaction_id: "gen_random_uuid()::text",
    provider: "'pushinpay'",
    gateway: "'pushinpay'",
    status: "'pending'",
    bot_id: "1",
    bot_slug: "'vip'",
    telegram_id: "7001",
    plan_id: "1",
    value_cents: "1990",
    ...changes
  }
  return `insert into payments (${Object.keys(row).join(", ")}) values (${Object.values(row).join(", ")})`
}

const event = (changes: Record<string, string>) => {
  const row: Record<string, string> = { provider: "'p'", provider_event_id: "'1'", dedupe_key: "'p:1'", ...changes }
  return `insert into gateway_events (${Object.keys(row).join(", ")}) values (${Object.values(row).join(", ")})`
}

const plan = (changes: string) => `insert into bot_plans (bot_id, name, price_cents, legacy_key) values (${changes})`
const person = "insert into bot_users (bot_id, telegram_id) values (1, 7001)"
const update = "insert into telegram_updates (bot_id, update_id, kind, payload) values (1, 5, 'message', '{}')"
const outbox = (status: string) =>
  `insert into outbox (topic, payload, dedupe_key, status) values ('t', '{}', 'once', ${status})`

/** [what is refused, what stands before, the statement, the rule's name] */
const refused: ReadonlyArray<readonly [string, ReadonlyArray<string>, string, string]> = [
  ["an unknown status of a payment", [], payment({ status: "'created'" }), "ck_payments_status"],
  ["a payment of nothing", [], payment({ value_cents: "0" }), "ck_payments_value"],
  ["a payment without a value", [], payment({ value_cents: "null" }), "ck_payments_value"],
  ["a paid payment without its instant", [], payment({ status: "'paid'" }), "ck_payments_paid_at"],
  ["a refunded payment that was never paid", [], payment({ status: "'refunded'" }), "ck_payments_paid_at"],
  ["a second open charge", [payment({})], payment({ status: "'creating'" }), "ux_payments_open_charge"],
  [
    "a webhook key twice",
    [payment({ webhook_key: "'k'" })],
    payment({ webhook_key: "'k'", plan_id: "2" }),
    "ux_payments_webhook_key"
  ],
  [
    "a charge of the gateway twice, whatever its case",
    [payment({ gateway_charge_id: "'ABC'" })],
    payment({ gateway_charge_id: "'abc'", plan_id: "2" }),
    "ux_payments_gateway_charge"
  ],
  [
    "a transaction twice",
    [payment({ transaction_id: "'t'" })],
    payment({ transaction_id: "'t'", plan_id: "2" }),
    "ux_payments_tx"
  ],
  ["a plan for nothing", [], plan("1, 'Grátis', 0, null"), "bot_plans_price_cents_check"],
  ["a plan of no bot", [], plan("99, 'Mensal', 1990, null"), "bot_plans_bot_id_fkey"],
  [
    "an old plan read twice",
    [plan("1, 'Mensal', 1990, 'start#1'")],
    plan("1, 'Mensal', 1990, 'start#1'"),
    "ux_bot_plans_legacy_key"
  ],
  ["a person twice", [person], person, "idx_bot_users_bot_id_telegram_id"],
  ["an update twice", [update], update, "telegram_updates_pkey"],
  [
    "an update in no known state",
    [],
    update.replace("payload)", "payload, state)").replace("'{}')", "'{}', 3)"),
    "telegram_updates_state_check"
  ],
  [
    "a gateway's event twice",
    [event({})],
    event({ dedupe_key: "'other'" }),
    "gateway_events_provider_provider_event_id_key"
  ],
  ["a dedupe key twice", [event({})], event({ provider_event_id: "'2'" }), "ux_gateway_events_dedupe"],
  ["an unknown state of an event", [], event({ state: "'lost'" }), "ck_gateway_events_state"],
  ["an outgoing fact twice", [outbox("'pending'")], outbox("'sent'"), "ux_outbox_dedupe"],
  ["an unknown state of an outgoing fact", [], outbox("'lost'"), "ck_outbox_status"],
  ["a slug twice", [], "insert into bots (id, slug) values (2, 'vip')", "ux_bots_slug"]
]

const allowed: ReadonlyArray<readonly [string, ReadonlyArray<string>]> = [
  [
    "the same person buying another plan, another value, and again after the first expired",
    [
      payment({}),
      payment({ plan_id: "2" }),
      payment({ value_cents: "990" }),
      payment({ status: "'expired'" }),
      payment({ status: "'unknown'" })
    ]
  ],
  [
    "legacy payments of any status, value and repetition",
    [
      payment({ bot_slug: "null", status: "'PENDING'", value_cents: "null", gateway_charge_id: "'abc'" }),
      payment({ bot_slug: "null", status: "'paid'", gateway_charge_id: "'ABC'" }),
      payment({ bot_slug: "null", status: "'created'" }),
      payment({ bot_slug: "null", status: "'created'" })
    ]
  ],
  ["a payment that is paid, with its instant", [payment({ status: "'paid'", paid_at: "now()" })]],
  ["many outgoing facts without a key", ["insert into outbox (topic, payload) values ('t', '{}'), ('t', '{}')"]]
]

describe("the database refuses", () => {
  it.live.each(refused)("%s", ([, before, statement, rule]) =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`insert into bots (id, slug) values (1, 'vip')`
      yield* Effect.forEach(before, (each) => sql.unsafe(each))
      const error = yield* Effect.flip(sql.unsafe(statement))
      assert.include(String(error.reason.cause), `"${rule}"`)
    }).pipe(Effect.provide(TestDatabase.layer))
  )
})

describe("the database takes", () => {
  it.live.each(allowed)("%s", ([, statements]) =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`insert into bots (id, slug) values (1, 'vip')`
      yield* Effect.forEach(statements, (each) => sql.unsafe(each))
    }).pipe(Effect.provide(TestDatabase.layer))
  )
})
