import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { InputFile } from "grammy"
import { stripHtml } from "../../src/domain/text.ts"
import {
  type ComposableContent,
  compose,
  type MediaReference,
  plainText,
  referencesOf,
  resolveMedia,
  type SendableMedia,
  type Variables
} from "../../src/messages/compose.ts"
import { anyVariables, content } from "./contents.ts"
import { breaches } from "./limits.ts"

const variables: Variables = { nome: "Ana <Silva>", usuario: "@ana", bot: "vip_bot" }
const context = { chatId: 7, planPrice: () => 1990, planName: () => "Mensal" }
const of = (content: ComposableContent) => compose(content, variables, context)
const shape = (content: ComposableContent) =>
  of(content).map((call) => `${call.method}${"reply_markup" in call.payload ? "+botões" : ""}`)

const file = (kind: SendableMedia["kind"], file_id = "AgACx"): SendableMedia => ({ kind, file_id })
const buttons = [[{ text: "Quero", plan_id: 3 }]]

describe("compose", () => {
  it("a text with buttons is one message", () => {
    assert.deepStrictEqual(of({ text: "Olá <b>{nome}</b>", buttons, preview: false, protect: true }), [
      {
        kind: "text",
        method: "sendMessage",
        payload: {
          chat_id: 7,
          protect_content: true,
          text: "Olá <b>Ana &lt;Silva&gt;</b>",
          parse_mode: "HTML",
          link_preview_options: { is_disabled: true },
          reply_markup: { inline_keyboard: [[{ text: "Quero", callback_data: "p:3" }]] }
        }
      }
    ])
  })

  it("one media carries the text and the buttons", () => {
    const media = [{ kind: "photo" as const, url: "https://a.b/c.jpg" }]
    assert.deepStrictEqual(of({ text: "Oi", media, buttons, caption: "above", spoiler: true }), [
      {
        kind: "media",
        method: "sendPhoto",
        payload: {
          chat_id: 7,
          photo: "https://a.b/c.jpg",
          caption: "Oi",
          parse_mode: "HTML",
          has_spoiler: true,
          show_caption_above_media: true,
          reply_markup: { inline_keyboard: [[{ text: "Quero", callback_data: "p:3" }]] }
        }
      }
    ])
  })

  it("a text too long for a caption follows the media, with the buttons", () => {
    const media = [file("video")]
    assert.deepStrictEqual(shape({ text: "x".repeat(1024), media, buttons }), ["sendVideo+botões"])
    assert.deepStrictEqual(shape({ text: `<b>${"x".repeat(1024)}</b>`, media, buttons }), ["sendVideo+botões"])
    assert.deepStrictEqual(shape({ text: "x".repeat(1025), media, buttons }), ["sendVideo", "sendMessage+botões"])
    assert.deepStrictEqual(shape({ text: "x", media, buttons, caption: "none" }), ["sendVideo", "sendMessage+botões"])
    assert.deepStrictEqual(shape({ text: "x", media: [file("video_note")], buttons }), [
      "sendVideoNote",
      "sendMessage+botões"
    ])
  })

  it("the length that counts is the one with the person's name in it", () => {
    const text = `${"x".repeat(1015)}{nome}`
    assert.deepStrictEqual(shape({ text, media: [file("photo")] }), ["sendPhoto", "sendMessage"])
  })

  it.each<[string, ReadonlyArray<SendableMedia["kind"]>, ReadonlyArray<string>]>([
    ["photos and videos are an album", ["photo", "video", "photo"], ["sendMediaGroup", "sendMessage+botões"]],
    ["audio with audio", ["audio", "audio"], ["sendMediaGroup", "sendMessage+botões"]],
    ["documents with documents", ["document", "document"], ["sendMediaGroup", "sendMessage+botões"]],
    ["audio with a photo go alone", ["audio", "photo"], ["sendAudio", "sendPhoto", "sendMessage+botões"]],
    ["documents with a photo go alone", ["document", "photo"], ["sendDocument", "sendPhoto", "sendMessage+botões"]],
    ["animations go alone", ["animation", "animation"], ["sendAnimation", "sendAnimation", "sendMessage+botões"]],
    ["voices go alone", ["voice", "voice"], ["sendVoice", "sendVoice", "sendMessage+botões"]]
  ])("%s", (_, kinds, calls) => {
    assert.deepStrictEqual(shape({ text: "x", media: kinds.map((kind) => file(kind)), buttons }), calls)
  })

  it("separate media go one by one", () => {
    const media = [file("photo"), file("photo")]
    assert.deepStrictEqual(shape({ text: "x", media, layout: "separate" }), ["sendPhoto", "sendPhoto", "sendMessage"])
  })

  it("without a text the buttons stand under the last media, or under a pointer behind an album", () => {
    assert.deepStrictEqual(shape({ media: [file("photo")], buttons }), ["sendPhoto+botões"])
    assert.deepStrictEqual(shape({ media: [file("voice"), file("photo")], buttons }), ["sendVoice", "sendPhoto+botões"])
    assert.deepStrictEqual(shape({ media: [file("photo"), file("photo")] }), ["sendMediaGroup"])
    const calls = of({ text: "{plano}", media: [file("photo"), file("photo")], buttons })
    assert.strictEqual(calls[1]?.payload["text"], "👇")
    assert.deepStrictEqual(shape({ buttons }), ["sendMessage+botões"])
  })

  it("nothing to say is nothing to send", () => {
    assert.deepStrictEqual(of({}), [])
    assert.deepStrictEqual(of({ text: " {plano} " }), [])
    assert.deepStrictEqual(of({ text: "<b></b>", media: [] }), [])
  })

  it("an album hides all its pictures or none", () => {
    const [album] = of({ media: [file("photo", "a1"), file("video", "b2")], spoiler: true })
    assert.deepStrictEqual(album?.payload["media"], [
      { type: "photo", media: "a1", has_spoiler: true },
      { type: "video", media: "b2", has_spoiler: true }
    ])
  })

  it("a long text is cut, the buttons stand under its end", () => {
    const text = "Parágrafo de uma linha.\n\n".repeat(200)
    assert.deepStrictEqual(shape({ text, buttons }), ["sendMessage", "sendMessage+botões"])
    assert.deepStrictEqual(shape({ text, media: [file("photo")], buttons }), [
      "sendPhoto",
      "sendMessage",
      "sendMessage+botões"
    ])
  })

  it("HTML that Telegram would refuse is repaired, not lost", () => {
    assert.strictEqual(of({ text: "amo <3 <b>{nome}" })[0]?.payload["text"], "amo &lt;3 <b>Ana &lt;Silva&gt;</b>")
  })

  it("a media still unresolved is left out, the words go", () => {
    const references: ReadonlyArray<MediaReference> = [{ media_id: 1 }, { kind: "photo", sha256: "a".repeat(64) }]
    const content = { text: "x", media: references }
    assert.deepStrictEqual(shape(content), ["sendMessage"])
    assert.deepStrictEqual(referencesOf(content), references)
    const resolved = resolveMedia(content, (media) => ("media_id" in media ? file("video") : undefined))
    assert.deepStrictEqual(shape(resolved), ["sendVideo"])
    assert.deepStrictEqual(referencesOf(resolved), references.slice(1))
  })

  it("an upload goes as it is", () => {
    const upload = new InputFile(Buffer.from("x"), "x.png")
    assert.strictEqual(of({ media: [{ kind: "photo", upload }] })[0]?.payload["photo"], upload)
  })
})

describe("buttons", () => {
  const labels = (content: ComposableContent, offers: object = {}) =>
    compose(content, variables, { ...context, ...offers }).map((call) => call.payload["reply_markup"])[0]

  it("show the plan's name and the price it is offered at, as plain text", () => {
    const row = [
      { text: "{plano} por {valor}", plan_id: 3 },
      { text: "{plano} por {valor}", plan_id: 3, price_cents: 990 },
      { text: "<{nome}>", plan_id: 4 }
    ]
    assert.deepStrictEqual(labels({ text: "x", buttons: [row] }, { source: "d12" }), {
      inline_keyboard: [
        [
          { text: "Mensal por R$ 19,90", callback_data: "p:3:d12" },
          { text: "Mensal por R$ 9,90", callback_data: "p:3:990:d12" },
          { text: "<Ana <Silva>>", callback_data: "p:4:d12" }
        ]
      ]
    })
  })

  it("of a plan that is not on sale are left out", () => {
    const planPrice = (planId: number) => (planId === 3 ? 1990 : undefined)
    const row = [
      { text: "a", plan_id: 3 },
      { text: "b", plan_id: 4, price_cents: 1 }
    ]
    assert.deepStrictEqual(labels({ text: "x", buttons: [row] }, { planPrice }), {
      inline_keyboard: [[{ text: "a", callback_data: "p:3" }]]
    })
    assert.isUndefined(labels({ text: "x", buttons: [[{ text: "b", plan_id: 4 }]] }, { planPrice }))
  })

  it("too many in a row or in all are brought into Telegram's bounds", () => {
    const many = (length: number) => Array.from({ length }, (_, at) => ({ text: String(at), plan_id: 1 }))
    const widths = (rows: ComposableContent["buttons"] & object) =>
      (labels({ text: "x", buttons: rows }) as { inline_keyboard: Array<Array<unknown>> }).inline_keyboard.map(
        (row) => row.length
      )
    assert.deepStrictEqual(widths([many(9), many(2)]), [8, 1, 2])
    assert.deepStrictEqual(widths(Array.from({ length: 20 }, () => many(6))), [
      ...Array.from({ length: 16 }, () => 6),
      4
    ])
  })

  it("with an address or a text that came out empty are left out", () => {
    const row = [
      { text: "link", url: "{link}" },
      { text: "copia", copy_text: "{link}" },
      { text: "{link}", url: "https://a.b/?u={usuario}" }
    ]
    assert.deepStrictEqual(labels({ text: "x", buttons: [row] }), {
      inline_keyboard: [[{ text: "Abrir", url: "https://a.b/?u=%40ana" }]]
    })
  })
})

describe("plainText", () => {
  it("is the same call, readable without formatting", () => {
    const [call] = of({ text: "<b>Oi</b> &amp; {nome}", buttons })
    assert.ok(call)
    assert.deepStrictEqual(plainText(call).payload, {
      chat_id: 7,
      text: "Oi & Ana <Silva>",
      reply_markup: call.payload["reply_markup"]
    })
    const [photo] = of({ text: "<i>Oi</i>", media: [file("photo")] })
    assert.ok(photo)
    assert.deepStrictEqual(plainText(photo).payload, { chat_id: 7, caption: "Oi", photo: "AgACx" })
    const [album] = of({ media: [file("photo"), file("photo")] })
    assert.ok(album)
    assert.deepStrictEqual(plainText(album), album)
  })
})

describe("every composed call", () => {
  it("obeys Telegram's limits, formatted and plain", () => {
    fc.assert(
      fc.property(content, anyVariables, (message, values) => {
        const calls = compose(message, values, { chatId: 7, source: "s9007199254740991" })
        assert.deepStrictEqual(calls.flatMap(breaches), [])
        assert.deepStrictEqual(calls.map(plainText).flatMap(breaches), [])
      })
    )
  })

  it("together carry every media and all the words, once and in order", () => {
    fc.assert(
      fc.property(content, (message) => {
        const calls = compose(message, variables, context)
        const sent = calls.flatMap(({ payload }) =>
          (
            (payload["media"] as ReadonlyArray<{ media: unknown }> | undefined) ?? [
              { media: Object.values(payload).find((part) => sendable(message).includes(part)) }
            ]
          )
            .map((item) => item.media)
            .filter((item) => item !== undefined)
        )
        assert.deepStrictEqual(sent, sendable(message))
        const read = calls.map(({ payload }) => stripHtml(String(payload["text"] ?? payload["caption"] ?? ""))).join("")
        const written = compose({ text: message.text ?? "" }, variables, context)
          .map(({ payload }) => stripHtml(String(payload["text"])))
          .join("")
        assert.strictEqual(read === "👇" ? "" : read.replace(/\s+/g, ""), written.replace(/\s+/g, ""))
      })
    )
  })

  it("carries the buttons under the last message only", () => {
    fc.assert(
      fc.property(content, (message) => {
        const carrying = compose(message, variables, context).map(({ payload }) => "reply_markup" in payload)
        assert.notInclude(carrying.slice(0, -1), true)
      })
    )
  })
})

const sendable = (message: ComposableContent): ReadonlyArray<unknown> =>
  (message.media ?? []).flatMap((one) => ("url" in one ? [one.url] : "file_id" in one ? [one.file_id] : []))
