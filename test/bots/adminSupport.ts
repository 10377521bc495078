import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import type { AdminError } from "../../src/domain/admin.ts"
import { SandboxTelegram } from "../../src/sandbox/telegram/SandboxTelegram.ts"
import { startNode } from "./support.ts"

export const token = "824078912:AAF-abcdefghijklmnopqrstuvwxyz_LEOBE"
export const otherToken = "555000111:AAF-zyxwvutsrqponmlkjihgfedcba_OUTRO"

export const telegramBots = Effect.gen(function* () {
  const telegram = yield* SandboxTelegram
  yield* telegram.addBot({ token, username: "vip_bot", name: "Vip" })
  yield* telegram.addBot({ token: otherToken, username: "outro_bot", name: "Outro" })
  return telegram
})

/** A process with the bot `vip` in it. */
export const shop = (env: Record<string, string> = {}) =>
  Effect.gen(function* () {
    const telegram = yield* telegramBots
    const node = yield* startNode(env)
    const bot = yield* node.admin.create({ slug: "vip", token, gateway: "pushinpay" })
    return { ...node, telegram, bot, sql: yield* SqlClient.SqlClient }
  })

const reasonOf = <A>(effect: Effect.Effect<A, AdminError>) => Effect.map(Effect.flip(effect), ({ reason }) => reason)

export const fieldsOf = <A>(effect: Effect.Effect<A, AdminError>) =>
  Effect.map(reasonOf(effect), (reason) => {
    assert.strictEqual(reason._tag, "Invalid")
    return reason._tag === "Invalid" ? reason.fields : {}
  })

export const refused = <A>(effect: Effect.Effect<A, AdminError>, tag: AdminError["reason"]["_tag"], message: RegExp) =>
  Effect.map(reasonOf(effect), (reason) => {
    assert.strictEqual(reason._tag, tag)
    assert.match(reason._tag === "Invalid" ? JSON.stringify(reason.fields) : reason.message, message)
  })
