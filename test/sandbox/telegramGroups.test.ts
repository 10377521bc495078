import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SandboxTelegram } from "../../src/sandbox/telegram/SandboxTelegram.ts"
import { botCall, TOKEN } from "./support.ts"

const [VIP, ANA, BIA] = [-1_001_234, 41, 42]

const setup = Effect.gen(function* () {
  const telegram = yield* SandboxTelegram
  const bot = yield* telegram.addBot({ token: TOKEN })
  yield* telegram.addGroup(bot, { id: VIP, title: "VIP" })
  for (const id of [ANA, BIA]) yield* telegram.person({ id })
  const call = (method: string, body: object) =>
    botCall(telegram.url, method, { chat_id: VIP, ...body }).pipe(
      Effect.map(({ json }) => (json.ok === true ? json.result : json.description))
    )
  const status = (user_id: number) =>
    call("getChatMember", { user_id }).pipe(Effect.map((member) => member.status as string))
  return { telegram, bot, call, status }
})

const fresh = <A, E>(test: Effect.Effect<A, E, SandboxTelegram>) =>
  test.pipe(Effect.provide(SandboxTelegram.layerWith({})))

describe("groups of the Telegram stand-in", () => {
  it.live("let as many in by a link as it has places, and free the place of who leaves", () =>
    fresh(
      Effect.gen(function* () {
        const { telegram, call, status } = yield* setup
        const { invite_link: link, member_limit } = yield* call("createChatInviteLink", {
          name: "Ana",
          member_limit: 1
        })
        assert.strictEqual(member_limit, 1)
        assert.strictEqual(yield* telegram.join(ANA, link), "joined")
        assert.strictEqual((yield* Effect.flip(telegram.join(BIA, link))).reason, "not_possible")
        yield* telegram.leave(ANA, VIP)
        assert.strictEqual(yield* telegram.join(BIA, link), "joined")
        assert.deepStrictEqual([yield* status(ANA), yield* status(BIA)], ["left", "member"])
        assert.isTrue((yield* call("revokeChatInviteLink", { invite_link: link })).is_revoked)
        assert.strictEqual((yield* Effect.flip(telegram.join(ANA, link))).reason, "not_possible")
        assert.strictEqual(
          yield* call("createChatInviteLink", { member_limit: 1, creates_join_request: true }),
          "Bad Request: member limit can't be specified for links requiring administrator approval"
        )
      })
    )
  )

  it.live("let a bot write to who asks to join, and approve or decline once", () =>
    fresh(
      Effect.gen(function* () {
        const { telegram, bot, call, status } = yield* setup
        const hello = { chat_id: ANA, text: "Um momento" }
        assert.strictEqual(yield* call("sendMessage", hello), "Bad Request: chat not found")
        const { invite_link: link } = yield* call("createChatInviteLink", { creates_join_request: true })
        assert.strictEqual(yield* telegram.join(ANA, link), "requested")
        const { json } = yield* botCall(telegram.url, "getUpdates")
        const { from, user_chat_id, invite_link } = json.result[0].chat_join_request
        assert.deepStrictEqual([from.id, user_chat_id, invite_link.invite_link], [ANA, ANA, link])
        assert.strictEqual((yield* call("sendMessage", hello)).text, "Um momento")
        assert.isTrue(yield* call("approveChatJoinRequest", { user_id: ANA }))
        assert.strictEqual(yield* status(ANA), "member")
        assert.strictEqual(
          yield* call("approveChatJoinRequest", { user_id: ANA }),
          "Bad Request: USER_ALREADY_PARTICIPANT"
        )
        assert.strictEqual(
          yield* call("declineChatJoinRequest", { user_id: BIA }),
          "Bad Request: HIDE_REQUESTER_MISSING"
        )
        assert.isTrue(yield* call("banChatMember", { user_id: ANA }))
        assert.strictEqual(yield* status(ANA), "kicked")
        assert.isTrue(yield* call("unbanChatMember", { user_id: ANA }))
        assert.strictEqual(yield* status(ANA), "left")
        assert.strictEqual((yield* telegram.chat(bot, ANA)).length, 1)
      })
    )
  )

  it.live("ask for an administrator, and for a bot that is in", () =>
    fresh(
      Effect.gen(function* () {
        const { telegram, bot, call } = yield* setup
        yield* telegram.addGroup(bot, { id: VIP }, "member")
        assert.strictEqual(yield* call("createChatInviteLink", {}), "Bad Request: not enough rights")
        const other = "888:other"
        yield* telegram.addBot({ token: other })
        const { json } = yield* botCall(telegram.url, "sendMessage", { chat_id: VIP, text: "oi" }, other)
        assert.strictEqual(json.description, "Bad Request: chat not found")
      })
    )
  )
})
