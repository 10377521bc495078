import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { BotsRepo } from "../../src/repo/BotsRepo.ts"
import { MessagesRepo } from "../../src/repo/MessagesRepo.ts"
import { PlansRepo } from "../../src/repo/PlansRepo.ts"
import { TestDatabase } from "../support/postgres.ts"

const repos = Layer.mergeAll(BotsRepo.layer, MessagesRepo.layer, PlansRepo.layer).pipe(
  Layer.provideMerge(TestDatabase.layer)
)

const setUp = Effect.gen(function* () {
  const bots = yield* BotsRepo
  return {
    sql: yield* SqlClient.SqlClient,
    bots,
    messages: yield* MessagesRepo,
    plans: yield* PlansRepo,
    id: yield* bots.insert("vip", { name: "Vip" })
  }
})

describe("BotsRepo", () => {
  it.live("gives every asker the same webhook secret, and a new one only for none or a short one", () =>
    Effect.gen(function* () {
      const { bots, id, sql } = yield* setUp
      const secrets = yield* Effect.forEach(
        Array.from({ length: 10 }, (_, index) => String(index).repeat(48)),
        (fresh) => bots.webhookSecret(id, fresh),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(new Set(secrets).size, 1)
      assert.strictEqual(yield* bots.webhookSecret(id, "z".repeat(48)), secrets[0])
      yield* sql`update bots set webhook_secret_token = 'curto' where id = ${id}`
      assert.strictEqual(yield* bots.webhookSecret(id, "z".repeat(48)), "z".repeat(48))
      assert.isUndefined(yield* bots.webhookSecret(id + 1, "z".repeat(48)))
    }).pipe(Effect.provide(repos))
  )

  it.live("does not take a registration with a secret that was renewed meanwhile for good", () =>
    Effect.gen(function* () {
      const { bots, id } = yield* setUp
      yield* bots.update(id, { webhook_secret_token: "novo".repeat(12) })
      assert.isFalse(yield* bots.webhookRegistered(id, "https://a", "velho".repeat(10)))
      assert.isTrue(yield* bots.webhookRegistered(id, "https://a", "novo".repeat(12)))
      assert.strictEqual((yield* bots.load())[0]?.webhookUrl, "https://a")
    }).pipe(Effect.provide(repos))
  )

  it.live("reads what the keys name, by id and by slug, and nothing that was deleted", () =>
    Effect.gen(function* () {
      const { bots, id, sql } = yield* setUp
      const other = yield* bots.insert("outro", {})
      yield* sql`insert into bots (slug, deleted_at) values ('velho', now()), (null, null)`
      const slugs = (keys?: Parameters<typeof bots.load>[0]) =>
        Effect.map(bots.load(keys), (rows) => rows.map((row) => row.slug))
      assert.deepStrictEqual(yield* slugs(), ["vip", "outro"])
      assert.deepStrictEqual(yield* slugs({ ids: [other], slugs: [] }), ["outro"])
      assert.deepStrictEqual(yield* slugs({ ids: [id], slugs: ["outro", "velho"] }), ["vip", "outro"])
      assert.deepStrictEqual(yield* slugs({ ids: [], slugs: [] }), [])
    }).pipe(Effect.provide(repos))
  )

  it.live("takes a warm-up chat and a sealed token also where the columns have V3's types", () =>
    Effect.gen(function* () {
      const { bots, id, sql } = yield* setUp
      yield* sql`alter table bots alter column warmup_chat_id type bigint using warmup_chat_id::bigint`
      yield* sql`alter table bots alter column token_encrypted type text using token_encrypted::text`
      yield* bots.update(id, { warmup_chat_id: "-1001234567890", token_encrypted: "\\x6162" })
      const [row] = yield* bots.load()
      assert.deepStrictEqual([row?.warmupChatId, row?.tokenEncrypted], ["-1001234567890", "\\x6162"])
    }).pipe(Effect.provide(repos))
  )
})

describe("MessagesRepo", () => {
  it.live("puts the newest row of a key first, and V2's rows in their order", () =>
    Effect.gen(function* () {
      const { id, messages, sql } = yield* setUp
      yield* sql`
        insert into bot_messages (bot_id, slug, sequence_order, content, updated_at, active) values
          (${id}, 'pix', 1, '{"text": "velha"}', now() - interval '1 day', true),
          (${id}, 'pix', 1, '{"text": "nova"}', now(), true),
          (null, 'vip', 2, '{"text": "segunda"}', now(), true),
          (null, 'vip', 1, '{"text": "primeira"}', now(), true),
          (null, 'vip', 0, '{"text": "desligada"}', now(), false),
          (null, 'outro', 1, '{"text": "alheia"}', now(), true)`
      const rows = yield* messages.load()
      assert.deepStrictEqual(
        rows.map((row) => [row.v2, row.key, row.botId, row.content]),
        [
          [false, "pix", id, { text: "nova" }],
          [false, "pix", id, { text: "velha" }],
          [true, "vip", id, { text: "primeira" }],
          [true, "vip", id, { text: "segunda" }]
        ]
      )
      yield* messages.put(id, "pix", { text: "mais nova" })
      const after = yield* messages.load({ ids: [id], slugs: [] })
      assert.deepStrictEqual(after[0]?.content, { text: "mais nova" })
      assert.strictEqual(after.length, 4)
    }).pipe(Effect.provide(repos))
  )
})

describe("PlansRepo", () => {
  it.live("adopts a plan once, revises it by the key it is known by, and never brings a removed one back", () =>
    Effect.gen(function* () {
      const { id, plans } = yield* setUp
      const plan = { botId: id, legacyKey: "message:1:1#990:Mensal", name: "Mensal", priceCents: 990, position: 1 }
      yield* Effect.all([plans.adopt([plan]), plans.adopt([plan])], { concurrency: "unbounded" })
      const revised = { ...plan, legacyKey: "message:1:1#1990:Mensal", priceCents: 1990 }
      yield* plans.revise([{ plan: revised, knownAs: plan.legacyKey }])
      yield* plans.revise([{ plan, knownAs: plan.legacyKey }])
      const [row, ...others] = yield* plans.load()
      assert.deepStrictEqual([row?.priceCents, row?.legacyKey, others], [1990, revised.legacyKey, []])
      yield* plans.remove(id, row!.id)
      yield* plans.adopt([revised])
      const [removed, ...more] = yield* plans.load()
      assert.deepStrictEqual([removed?.id, removed?.deleted, more], [row?.id, true, []])
      const own = yield* plans.insert(id, { name: "Anual", price_cents: 9990 })
      yield* plans.remove(id, own)
      // Who bought a plan before it was removed is owed its delivery.
      const all = yield* plans.load()
      assert.deepStrictEqual(
        all.map((one) => one.deleted),
        [true, true]
      )
    }).pipe(Effect.provide(repos))
  )
})
