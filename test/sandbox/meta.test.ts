import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { DEFAULT_PIXEL, DEFAULT_TOKEN } from "../../src/sandbox/meta/Dataset.ts"
import { SandboxMeta } from "../../src/sandbox/meta/SandboxMeta.ts"
import { ask } from "./support.ts"

const hash = "885036a0da3dff3c3e05bc79bf49382b12bc5098514ed57ce0875aba1aa2c40d"
const event = (changes: object = {}) => ({
  event_name: "Lead",
  event_time: Math.floor(Date.now() / 1000),
  event_id: "e1",
  action_source: "chat",
  user_data: { external_id: [hash] },
  ...changes
})

const send = (data: ReadonlyArray<object>, { pixel = DEFAULT_PIXEL, token = DEFAULT_TOKEN, more = {} } = {}) =>
  Effect.flatMap(SandboxMeta, ({ url }) =>
    ask(`${url}/v26.0/${pixel}/events`, { body: { data, ...more }, headers: { authorization: `Bearer ${token}` } })
  )

describe("the Meta stand-in", () => {
  it.live("refuses a whole request for one event, by Meta's codes", () =>
    Effect.gen(function* () {
      const meta = yield* SandboxMeta
      const week = Math.floor(Date.now() / 1000) - 8 * 86_400
      const cases = [
        [event({ event_time: week }), 100, 2_804_003],
        [event({ event_time: Date.now() }), 100, undefined],
        [event({ user_data: { country: [hash] } }), 100, 2_804_050],
        [event({ event_name: "Purchase" }), 100, 2_804_019],
        [event({ action_source: "telegram" }), 100, undefined],
        [event({ sabor: 1 }), 100, undefined]
      ] as const
      for (const [bad, code, subcode] of cases) {
        const { json, status } = yield* send([event(), bad])
        assert.deepStrictEqual([status, json.error.code, json.error.error_subcode], [400, code, subcode])
      }
      assert.lengthOf(yield* meta.received, 0)
      yield* meta.configure({ partialAccept: true })
      yield* send([event(), event({ event_time: week })])
      assert.lengthOf(yield* meta.received, 1)
    }).pipe(Effect.provide(SandboxMeta.layer))
  )

  it.live("knows its tokens and pixels", () =>
    Effect.gen(function* () {
      const stranger = yield* send([event()], { token: "EAAoutra" })
      assert.deepStrictEqual([stranger.status, stranger.json.error.code], [401, 190])
      const elsewhere = yield* send([event()], { pixel: "999" })
      assert.deepStrictEqual([elsewhere.json.error.code, elsewhere.json.error.error_subcode], [100, 33])
      const tooMany = Array.from({ length: 1_001 }, () => event())
      assert.strictEqual((yield* send(tooMany)).status, 400)
    }).pipe(Effect.provide(SandboxMeta.layer))
  )

  it.live("counts a browser's hit and the server's event once, and says what is of no use", () =>
    Effect.gen(function* () {
      const meta = yield* SandboxMeta
      yield* ask(`${meta.url}/tr/?id=${DEFAULT_PIXEL}&ev=PageView&eid=v1`, { method: "GET" })
      yield* send([event({ event_name: "PageView", event_id: "v1" }), event({ user_data: { em: ["ana@b.co"] } })], {
        more: { test_event_code: "TEST1" }
      })
      const received = yield* meta.received
      assert.deepStrictEqual(
        received.map(({ duplicate, notes, source, testCode }) => [source, duplicate, notes.length, testCode]),
        [
          ["browser", false, 0, undefined],
          ["server", true, 0, "TEST1"],
          ["server", false, 1, "TEST1"]
        ]
      )
      const { json } = yield* ask(`${meta.url}/__sandbox/counters`, { method: "GET" })
      assert.deepStrictEqual(json, { PageView: 1, Lead: 1 })
    }).pipe(Effect.provide(SandboxMeta.layer))
  )

  it.live("serves a library for the browser", () =>
    Effect.gen(function* () {
      const meta = yield* SandboxMeta
      const { text, headers } = yield* ask(`${meta.url}/en_US/fbevents.js`, { method: "GET" })
      assert.match(String(headers["content-type"]), /javascript/)
      assert.include(text, `${meta.url}/tr/`)
      assert.doesNotThrow(() => new Function(text))
    }).pipe(Effect.provide(SandboxMeta.layer))
  )
})
