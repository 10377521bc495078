import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { asLibrary, type BotMedia, libraryOf, storedKindOf } from "../../src/domain/botMedia.ts"
import { MediaKind, type MessageContent } from "../../src/domain/content.ts"
import { leaveOut } from "../../src/media/sending/leaveOut.ts"
import { placesOf, withPlaces } from "../../src/media/sending/places.ts"
import { compose } from "../../src/messages/compose.ts"
import { withLibrary } from "../../src/messages/library.ts"
import { LibraryFile } from "../../src/messages/telegramCall.ts"
import { breaches } from "./limits.ts"

const media = (id: number, kind: MediaKind, fileId?: string): BotMedia => ({
  id,
  kind,
  storedKind: storedKindOf[kind],
  sha256: String(id).repeat(64),
  fileId
})

const of = (content: MessageContent, library: ReadonlyArray<BotMedia>) =>
  compose(
    withLibrary({ media: libraryOf(library) }, content),
    { nome: "Ana", usuario: "@ana", bot: "vip_bot" },
    { chatId: 7, planPrice: () => 1990 }
  )

const content = fc.record(
  {
    text: fc.constantFrom("Oi <b>{nome}</b>", "x".repeat(1_100), "y".repeat(5_000)),
    media: fc.uniqueArray(
      fc.integer({ min: 1, max: 9 }).map((id) => ({ media_id: id })),
      { maxLength: 3, selector: (one) => one.media_id }
    ),
    buttons: fc.constant([[{ text: "Quero", plan_id: 3 }]]),
    layout: fc.constantFrom("album" as const, "separate" as const),
    caption: fc.constantFrom("above" as const, "below" as const, "none" as const),
    spoiler: fc.boolean(),
    protect: fc.boolean()
  },
  { requiredKeys: [] }
)

const library = fc
  .array(fc.tuple(fc.constantFrom(...MediaKind.literals), fc.boolean()), { minLength: 9, maxLength: 9 })
  .map((kinds) => kinds.map(([kind, ready], index) => media(index + 1, kind, ready ? `AgAC${index}` : undefined)))

describe("withLibrary", () => {
  it("puts the id in the place of a file that Telegram has, and the file in that of one it has not", () => {
    const files = [media(1, "photo", "AgAC1"), media(2, "video")]
    const [album] = of({ media: [{ media_id: 1 }, { media_id: 2 }] }, files)
    const [first, second] = placesOf(album!)
    assert.strictEqual(first, "AgAC1")
    assert.instanceOf(second, LibraryFile)
    assert.isTrue(album?.cold)
    const [ready] = of({ text: "Oi", media: [{ media_id: 1 }] }, files)
    assert.deepStrictEqual(ready, {
      kind: "media",
      method: "sendPhoto",
      payload: { chat_id: 7, caption: "Oi", parse_mode: "HTML", photo: "AgAC1" }
    })
  })

  it("knows a file of an older message by its hash, and leaves out what the library has not", () => {
    const files = [media(1, "photo", "AgAC1")]
    const old = { text: "Oi", media: [{ kind: "photo" as const, sha256: "1".repeat(64) }] }
    assert.strictEqual(of(old, files)[0]?.payload["photo"], "AgAC1")
    assert.deepStrictEqual(
      of({ text: "Oi", media: [{ media_id: 5 }] }, files).map((call) => call.method),
      ["sendMessage"]
    )
    assert.deepStrictEqual(asLibrary(old, libraryOf(files)).media, [{ media_id: 1 }])
    assert.deepStrictEqual(asLibrary({ media: [{ kind: "photo", file_id: "AgAC1" }] }, libraryOf(files)).media, [
      { media_id: 1 }
    ])
    assert.deepStrictEqual(asLibrary({ media: [{ kind: "photo", file_id: "outro" }] }, libraryOf(files)).media, [
      { kind: "photo", file_id: "outro" }
    ])
  })

  it("puts a content together once per library, and anew for another one", () => {
    const message = { media: [{ media_id: 1 }] }
    const cold = { media: libraryOf([media(1, "photo")]) }
    const ready = { media: libraryOf([media(1, "photo", "AgAC1")]) }
    assert.strictEqual(withLibrary(cold, message), withLibrary(cold, message))
    assert.deepStrictEqual(withLibrary(ready, message).media, [{ kind: "photo", file_id: "AgAC1" }])
    assert.notStrictEqual(withLibrary(cold, message), withLibrary(ready, message))
    const plain = { text: "Oi" }
    assert.strictEqual(withLibrary(cold, plain), plain)
  })
})

describe("a call with files of the library", () => {
  it("obeys Telegram's rules with ids in their places, whichever of them are missing", () => {
    fc.assert(
      fc.property(content, library, fc.nat(7), (message, files, mask) => {
        for (const call of of(message, files)) {
          const places = placesOf(call)
          assert.strictEqual(
            call.cold === true,
            places.some((place) => place instanceof LibraryFile)
          )
          const ready = withPlaces(
            call,
            places.map((place, index) => (typeof place === "string" ? place : `AgACnovo${index}`))
          )
          assert.isUndefined(ready.cold)
          assert.deepStrictEqual(breaches(ready), [])
          const missing = new Set(places.flatMap((_, index) => ((mask >> index) & 1 ? [index] : [])))
          const rest = leaveOut(ready, missing)
          if (rest === undefined) {
            assert.isTrue(missing.size === places.length && missing.size > 0)
            assert.notProperty(call.payload, "caption")
            assert.notProperty(call.payload, "reply_markup")
            continue
          }
          assert.deepStrictEqual(breaches(rest), [])
          assert.strictEqual(placesOf(rest).length, places.length - missing.size)
          assert.deepStrictEqual(rest.payload["reply_markup"], call.payload["reply_markup"])
          if ("caption" in call.payload) {
            assert.strictEqual(rest.payload["caption"] ?? rest.payload["text"], call.payload["caption"])
          }
        }
      }),
      { numRuns: 1_000 }
    )
  })
})
