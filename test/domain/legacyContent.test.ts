import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { parseHtml } from "../../src/domain/html.ts"
import { bindPlans, readMessageRows, readStartMessage, readStoredContent } from "../../src/domain/legacyContent.ts"
import { compose } from "../../src/messages/compose.ts"
import { breaches } from "../messages/limits.ts"

const photo = "a".repeat(64)
const film = "b".repeat(64)
const v2 = { parse_mode: "MarkdownV2", disable_web_page_preview: true, raw: false }

describe("V2", () => {
  it("a start message, its literal text escaped, its media by hash", () => {
    const stored = readStartMessage({
      active: true,
      message: { text: "Oi *você* <3 {{user_name}}", ...v2 },
      start_media_refs: [{ sha256: photo, kind: "photo", r2_key: "demo/photo.jpg", bytes: 12345 }]
    })
    assert.deepStrictEqual(stored, {
      contents: [{ text: "Oi *você* &lt;3 {nome}", preview: false, media: [{ kind: "photo", sha256: photo }] }],
      plans: [],
      unresolvedMedia: [{ kind: "photo", sha256: photo }]
    })
  })

  it("the media column beside wins, films before pictures", () => {
    const refs = [
      { sha256: photo, kind: "photo" },
      { sha256: film, kind: "video" }
    ]
    const stored = readStartMessage(
      { message: { text: "x", ...v2 }, start_media_refs: [{ sha256: "c".repeat(64), kind: "photo" }] },
      refs
    )
    assert.deepStrictEqual(
      stored.unresolvedMedia.map(({ sha256 }) => sha256),
      [film, photo]
    )
  })

  it("a start message that was switched off is none", () => {
    assert.deepStrictEqual(readStartMessage({ active: false, message: { text: "x" } }).contents, [])
  })

  it("rows are messages in their order, raw ones in their own mode", () => {
    const stored = readMessageRows([
      { content: { ...v2, text: "*Oi* \\{\\{user\\_name\\}\\}", raw: true } },
      { content: { ...v2, text: "<b>já é</b> HTML", raw: true, parse_mode: "HTML", disable_web_page_preview: false } },
      { content: { ...v2, text: "não fecha *", raw: true } },
      { content: { ...v2, text: "com foto" }, media_sha256: photo, media_kind: "photo" }
    ])
    assert.deepStrictEqual(stored.contents, [
      { text: "<b>Oi</b> {nome}", preview: false },
      { text: "<b>já é</b> HTML" },
      { text: "não fecha *", preview: false },
      { text: "com foto", preview: false, media: [{ kind: "photo", sha256: photo }] }
    ])
  })

  it("a shot with its mode in the column and a media object", () => {
    const message = {
      text: "",
      caption: "_leia_",
      raw: true,
      media: { file_id: "AgACx", sha256: photo, kind: "photo" }
    }
    assert.deepStrictEqual(readStoredContent(message, { parseMode: "MarkdownV2" }).contents, [
      { text: "<i>leia</i>", preview: false, media: [{ kind: "photo", file_id: "AgACx" }] }
    ])
  })
})

describe("V3", () => {
  const row = {
    messages: ["Oi {{user_name}}", { text: "Veja <os> planos em {{bot_name}}" }, "  "],
    medias: [
      { kind: "photo", key: photo, caption: "", tg_file_id: "AgACx", warmup_status: "ready" },
      { kind: "audio", sha256: film }
    ],
    plans: [
      { name: "Mensal", time: "30 dias", value: 990 },
      { name: "Sem preço" },
      { title: "Anual", price: "99,90", time: "1 ano" }
    ],
    media_mode: "group",
    attach_text_as_caption: false,
    plan_layout: "adjacent",
    plan_columns: 2
  }

  it("one row is several messages, the plans under the last, by their places", () => {
    assert.deepStrictEqual(readStoredContent(row), {
      contents: [
        {
          text: "Oi {nome}",
          caption: "none",
          media: [
            { kind: "audio", sha256: film },
            { kind: "photo", file_id: "AgACx" }
          ]
        },
        {
          text: "Veja &lt;os&gt; planos em {bot}",
          buttons: [
            [
              { text: "{plano} — {valor}", plan_position: 1 },
              { text: "{plano} — {valor}", plan_position: 3 }
            ]
          ]
        }
      ],
      plans: [
        { position: 1, name: "Mensal", priceCents: 990, days: 30 },
        { position: 3, name: "Anual", priceCents: 9990, days: 365 }
      ],
      unresolvedMedia: [{ kind: "audio", sha256: film }]
    })
  })

  it("positions become plans, and a plan without one loses its button", () => {
    const contents = bindPlans(readStoredContent(row), (position) =>
      position === 1 ? { planId: 77, priceCents: 500 } : undefined
    )
    assert.deepStrictEqual(contents[1]?.buttons, [[{ text: "{plano} — {valor}", plan_id: 77, price_cents: 500 }]])
    assert.isUndefined(bindPlans(readStoredContent(row), () => undefined)[1]?.buttons)
  })

  it("the button reads as V3 wrote it", () => {
    const [, second] = bindPlans(readStoredContent(row), (position) => ({ planId: position }))
    const calls = compose(
      second ?? {},
      { nome: "Ana", usuario: "", bot: "vip" },
      { chatId: 1, planName: () => "Mensal", planPrice: () => 990 }
    )
    assert.deepNestedInclude(calls[0]?.payload["reply_markup"], {
      "inline_keyboard[0][0]": { text: "Mensal — R$ 9,90", callback_data: "p:1" }
    })
  })

  it("columns, lists and layouts", () => {
    const plans = [1, 2, 3].map((value) => ({ name: `P${value}`, value: value * 100 }))
    const widths = (content: object, planList = false) =>
      readStoredContent({ text: "x", plans, ...content }, { planList })
        .contents.at(-1)
        ?.buttons?.map((line) => line.length)
    assert.deepStrictEqual(widths({}), [2, 1])
    assert.deepStrictEqual(widths({ plan_columns: 3 }), [3])
    assert.deepStrictEqual(widths({ plan_layout: "list", plan_columns: 3 }), [1, 1, 1])
    assert.deepStrictEqual(widths({ plan_columns: 3 }, true), [1, 1, 1])
    const single = {
      text: "x",
      medias: [{ kind: "photo", sha256: photo }],
      media_mode: "single",
      attach_text_as_caption: true
    }
    assert.deepStrictEqual(readStoredContent(single).contents, [
      { text: "x", layout: "separate", media: [{ kind: "photo", sha256: photo }] }
    ])
  })

  it("plans without a text have one to stand under", () => {
    const stored = readStoredContent({ messages: [], plans: [{ name: "M", value: 990 }] })
    assert.deepStrictEqual(stored.contents, [
      { text: "Escolha um plano", buttons: [[{ text: "{plano} — {valor}", plan_position: 1 }]] }
    ])
  })

  it("a fourth media goes ahead, no media is lost", () => {
    const medias = [1, 2, 3, 4].map((n) => ({ kind: "photo", sha256: String(n).repeat(64) }))
    const stored = readStoredContent({ text: "x", medias })
    assert.deepStrictEqual(
      stored.contents.map((content) => content.media?.length),
      [3, 1]
    )
    assert.deepStrictEqual(
      stored.contents.map((content) => content.text),
      [undefined, "x"]
    )
  })

  it("rows with plans of their own keep their places apart", () => {
    const stored = readMessageRows([{ content: row }, { content: { text: "y", plans: [{ name: "Z", value: 100 }] } }])
    assert.deepStrictEqual(
      stored.plans.map(({ name, position }) => [position, name]),
      [
        [1, "Mensal"],
        [3, "Anual"],
        [4, "Z"]
      ]
    )
    assert.deepStrictEqual(stored.contents.at(-1)?.buttons, [[{ text: "{plano} — {valor}", plan_position: 4 }]])
  })

  it.each([
    [990, 990],
    [9.9, 990],
    ["9.90", 990],
    ["9,90", 990],
    ["R$ 1.990,00", 199000],
    ["990", 990]
  ])("a price of %j is %i cents", (value, cents) => {
    assert.strictEqual(readStoredContent({ plans: [{ name: "x", value }] }).plans[0]?.priceCents, cents)
  })

  it.each([0, -1, "grátis", null, 1e20, {}])("a price of %j is none", (value) => {
    assert.deepStrictEqual(readStoredContent({ plans: [{ name: "x", value }] }).plans, [])
  })

  it.each([
    ["30 dias", 30],
    ["2 semanas", 14],
    ["3 meses", 90],
    ["1 mês", 30],
    ["7", 7],
    ["Vitalício", undefined],
    ["12 horas", undefined]
  ])("%s", (time, days) => {
    assert.strictEqual(readStoredContent({ plans: [{ name: "x", value: 1, time }] }).plans[0]?.days, days)
  })

  it("old buttons keep only their links", () => {
    const buttons = [
      { text: "Sim", callback_data: "x" },
      { text: "Canal", url: "https://t.me/canal" }
    ]
    assert.deepStrictEqual(readStoredContent({ text: "a < b", media_ids: [], buttons }).contents, [
      { text: "a &lt; b", buttons: [[{ text: "Canal", url: "https://t.me/canal" }]] }
    ])
  })

  it("a bare string, as text or as JSON in text", () => {
    assert.deepStrictEqual(readStoredContent("Oi <b>").contents, [{ text: "Oi &lt;b&gt;" }])
    assert.deepStrictEqual(readStoredContent(JSON.stringify({ messages: ["um", "dois"] })).contents, [
      { text: "um" },
      { text: "dois" }
    ])
  })
})

describe("our own rows", () => {
  it("are taken as they are", () => {
    const own = { text: "Olá {nome} <b>x</b>", media: [{ media_id: 1 }], buttons: [[{ text: "a", plan_id: 3 }]] }
    assert.deepStrictEqual(readStoredContent(own).contents, [own])
    assert.deepStrictEqual(
      bindPlans(readStoredContent(own), () => undefined),
      [own]
    )
  })

  it("keep what is sound when something in them is not", () => {
    const own = {
      text: "Olá {foo} <b>x",
      media: [1, 2, 3, 4].map((media_id) => ({ media_id })),
      buttons: [[{ text: "a", plan_id: 3 }, { text: "b" }], "nada"],
      protect: true,
      layout: "grid"
    }
    assert.deepStrictEqual(readStoredContent(own).contents, [
      { media: [1, 2, 3].map((media_id) => ({ media_id })), protect: true },
      { text: "Olá {foo} <b>x</b>", media: [{ media_id: 4 }], buttons: [[{ text: "a", plan_id: 3 }]], protect: true }
    ])
  })

  it("take media from the column of an old row that has none inside", () => {
    assert.deepStrictEqual(
      readStoredContent({ text: "oi" }, { mediaRefs: [{ kind: "photo", sha256: photo }] }).contents,
      [{ text: "oi", media: [{ kind: "photo", sha256: photo }] }]
    )
  })
})

const keys =
  "text raw parse_mode messages medias media plans buttons message kind sha256 tg_file_id value name time plan_columns " +
  "url active toString __proto__ constructor media_mode attach_text_as_caption caption layout plan_id start_media_refs"
const key = fc.constantFrom(...keys.split(" "))
const word = fc.constantFrom(
  "photo",
  "video",
  "constructor",
  "MarkdownV2",
  "*a*",
  "<b>",
  "{{user_name}}",
  "{nome}",
  "9,90",
  "",
  photo
)
const { tree: anyRow } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5 },
    word,
    fc.jsonValue({ maxDepth: 2 }),
    fc.array(tie("tree"), { maxLength: 5 }),
    fc.dictionary(key, tie("tree"), { maxKeys: 6 })
  )
}))

describe("any JSON", () => {
  it("gives messages that can be sent, and never fails", () => {
    fc.assert(
      fc.property(anyRow, anyRow, (content, mediaRefs) => {
        const readings = [
          readStoredContent(content, { mediaRefs, parseMode: mediaRefs }),
          readStartMessage(content, mediaRefs),
          readMessageRows([{ content, media_sha256: mediaRefs, media_kind: content }, { content: mediaRefs }])
        ]
        for (const stored of readings) {
          for (const message of bindPlans(stored, (position) => ({ planId: position }))) {
            assert.deepStrictEqual(parseHtml(message.text ?? "").problems, [])
            assert.isAtMost(message.media?.length ?? 0, 3)
            const calls = compose(message, { nome: "Zé", usuario: "", bot: "b" }, { chatId: 1 })
            assert.deepStrictEqual(calls.flatMap(breaches), [])
          }
        }
      }),
      { numRuns: 500 }
    )
  })
})
