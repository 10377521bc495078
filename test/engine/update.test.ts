import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { parseUpdate, personIdOf, updateIdOf } from "../../src/engine/update.ts"

const message = (text: unknown, from: object = {}, chat: object = {}) => ({
  update_id: 1,
  message: {
    from: { id: 7, is_bot: false, first_name: "Ana", ...from },
    chat: { id: 7, type: "private", ...chat },
    text
  }
})

describe("parseUpdate", () => {
  it("is total: any JSON gives an answer", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        assert.include(["start", "text", "tap", "consent", "member", "join", "ignored"], parseUpdate(json).kind)
      })
    )
  })

  it("knows who asks to come into which group, by which link", () => {
    const from = { id: 7, is_bot: false, first_name: "Ana" }
    const asked = (request: object) => parseUpdate({ update_id: 1, chat_join_request: { from, ...request } })
    const chat = { id: -1_001_234, type: "supergroup", username: "clubevip" }
    const incoming = asked({ chat, invite_link: { invite_link: "https://t.me/+abc" } })
    assert(incoming.kind === "join")
    assert.deepInclude(incoming, { chatId: -1_001_234, chatName: "clubevip", link: "https://t.me/+abc" })
    assert.strictEqual(personIdOf(incoming), 7)
    const plain = asked({ chat: { id: -5 } })
    assert(plain.kind === "join")
    assert.deepInclude(plain, { chatId: -5, chatName: undefined, link: undefined })
    assert.strictEqual(asked({ chat: { id: "-5" } }).kind, "ignored")
    assert.strictEqual(asked({ chat, from: { ...from, is_bot: true } }).kind, "ignored")
  })

  it("knows /parar and /voltar, however they are written, and nothing that only looks like them", () => {
    const optedOut = (text: string) => {
      const incoming = parseUpdate(message(text))
      return incoming.kind === "consent" ? incoming.optedOut : incoming.kind
    }
    assert.deepStrictEqual(["/parar", "/Parar@vip_bot", "/parar agora", "/voltar", "/VOLTAR"].map(optedOut), [
      true,
      true,
      true,
      false,
      false
    ])
    assert.deepStrictEqual(["parar", "/pararia", "quero /voltar"].map(optedOut), ["text", "text", "text"])
  })

  it("is total over update-shaped JSON with hostile parts", () => {
    const part = fc.jsonValue()
    const shaped = fc.record(
      {
        update_id: part,
        message: fc.record({
          from: fc.record({ id: part, first_name: part }),
          chat: fc.record({ type: part }),
          text: part
        }),
        callback_query: fc.record({ id: part, from: part, data: part, message: part }),
        my_chat_member: fc.record({ from: part, chat: part, new_chat_member: part }),
        chat_join_request: fc.record({ from: part, chat: part, invite_link: part })
      },
      { requiredKeys: [] }
    )
    fc.assert(
      fc.property(shaped, (json) => {
        const incoming = parseUpdate(json)
        const person = personIdOf(incoming)
        assert.isTrue(person === null || (Number.isSafeInteger(person) && person > 0))
      })
    )
  })

  for (const [text, payload] of [
    ["/start", undefined],
    ["/start abc-DEF_1", "abc-DEF_1"],
    ["/start@vip_bot abc", "abc"],
    ["/start  two words", "two"],
    ["/start ção", undefined],
    [`/start ${"a".repeat(65)}`, undefined],
    ["/start '; drop table bots", undefined]
  ] as const) {
    it(`reads ${JSON.stringify(text.slice(0, 30))} as a start with payload ${payload}`, () => {
      const incoming = parseUpdate(message(text))
      assert.deepInclude(incoming, { kind: "start", payload })
    })
  }

  for (const text of ["/started", "start", " /start", "/stop", ""]) {
    it(`does not take ${JSON.stringify(text)} for /start`, () => {
      assert.strictEqual(parseUpdate(message(text)).kind, "text")
    })
  }

  it("takes no id beyond 2^53, no bot and no group for a person", () => {
    for (const json of [
      message("/start", { id: 2 ** 53 }),
      message("/start", { id: -5 }),
      message("/start", { id: "7" }),
      message("/start", { is_bot: true }),
      message("/start", {}, { type: "supergroup" })
    ])
      assert.strictEqual(parseUpdate(json).kind, "ignored")
  })

  it("cleans names of NUL and lone surrogates", () => {
    const incoming = parseUpdate(message("/start", { first_name: "A\u0000n\ud800a", last_name: "Lima" }))
    if (incoming.kind !== "start") return assert.fail(incoming.kind)
    assert.isTrue(incoming.person.name.isWellFormed())
    assert.notInclude(incoming.person.name, "\u0000")
    assert.include(incoming.person.name, "Lima")
  })

  it("knows an update by its number only", () => {
    assert.strictEqual(updateIdOf({ update_id: 5 }), 5)
    for (const id of [-1, 1.5, "5", 2 ** 53, null, undefined]) assert.isUndefined(updateIdOf({ update_id: id }))
    assert.isUndefined(updateIdOf([]))
  })
})
