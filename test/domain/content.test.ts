import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import * as fc from "fast-check"
import { checkMessageContent, decodeMessageContent, MessageContent, offersPlan } from "../../src/domain/content.ts"

const issuesOf = (input: unknown): Record<string, string> =>
  Result.match(checkMessageContent(input), {
    onSuccess: () => ({}),
    onFailure: (issues) => Object.fromEntries(issues.toReversed().map(({ message, path }) => [path, message]))
  })

const button = (fields: object) => issuesOf({ text: "oi", buttons: [[{ text: "Quero", ...fields }]] })

const contract = {
  text: "Olá {nome}! <b>Oferta</b>",
  media: [{ media_id: 12 }, { kind: "photo", url: "https://a.b/c.jpg" }, { kind: "video", file_id: "BAACAgEAAxk" }],
  buttons: [
    [{ text: "Quero o mensal", plan_id: 3, price_cents: 1990 }],
    [
      { text: "Ver canal", url: "https://t.me/canal" },
      { text: "Copiar", copy_text: "abc" }
    ]
  ],
  layout: "separate",
  caption: "above",
  spoiler: true,
  protect: false,
  preview: false
}

describe("checkMessageContent", () => {
  it("takes the contract's message as it is", () => {
    assert.deepStrictEqual(checkMessageContent(contract), Result.succeed(contract as unknown as MessageContent))
  })

  it("takes null for absent, and drops what says nothing", () => {
    const loose = { text: "oi", media: [], buttons: [[]], spoiler: null, unknown_key: 1 }
    assert.deepStrictEqual(checkMessageContent(loose), Result.succeed({ text: "oi" }))
    const empty = { text: " ", media: [{ media_id: 1, kind: null }] }
    assert.deepStrictEqual(checkMessageContent(empty), Result.succeed({ media: [{ media_id: 1 }] }))
  })

  it.each([
    [{}, "text", "Escreva um texto ou escolha uma mídia."],
    [{ text: "\u200b", buttons: [[{ text: "x", plan_id: 1 }]] }, "text", "Escreva um texto ou escolha uma mídia."],
    [[], "", "A mensagem precisa ser um objeto JSON."],
    [{ text: 5 }, "text", "O texto precisa ser um texto."],
    [{ text: "x".repeat(4097) }, "text", "O texto tem 4097 caracteres; o Telegram aceita até 4096."],
    [{ text: "<b>x" }, "text", "A tag <b> foi aberta e não foi fechada."],
    [
      { text: "<h1>x</h1>" },
      "text",
      "O Telegram não aceita a tag <h1>. Use b, i, u, s, a, code, pre, blockquote ou tg-spoiler."
    ],
    [
      { text: "{nomе}" },
      "text",
      "Variável desconhecida: {nomе}. Use {nome}, {usuario}, {bot}, {plano}, {valor} ou {link}."
    ],
    [{ media: Array.from({ length: 4 }, () => ({ media_id: 1 })) }, "media", "Cada mensagem leva no máximo 3 mídias."],
    [{ media: [{ kind: "photo" }] }, "media.0", "Cada mídia precisa de exatamente um: media_id, url ou file_id."],
    [{ media: [{ url: "https://a.b" }] }, "media.0", "Diga o tipo da mídia em kind."],
    [
      { media: [{ kind: "photo", url: "ftp://a.b" }] },
      "media.0.url",
      "O endereço da mídia precisa começar com http:// ou https://."
    ],
    [
      { media: [{ kind: "video_note", url: "https://a.b" }] },
      "media.0",
      "O Telegram não aceita vídeo redondo por endereço: envie o arquivo."
    ],
    [
      { media: [{ kind: "photo", sha256: "a".repeat(64) }] },
      "media.0",
      "Cada mídia precisa de exatamente um: media_id, url ou file_id."
    ]
  ])("refuses %j", (input, path, message) => assert.strictEqual(issuesOf(input)[path], message))

  it.each([
    [{}, "buttons.0.0", "O botão precisa de exatamente um: plan_id, url ou copy_text."],
    [{ plan_id: 1, url: "https://a.b" }, "buttons.0.0", "O botão precisa de exatamente um: plan_id, url ou copy_text."],
    [{ plan_id: 0 }, "buttons.0.0.plan_id", "plan_id precisa ser o número de um plano."],
    [{ plan_id: 1, price_cents: 0 }, "buttons.0.0.price_cents", "O preço do botão precisa ser em centavos, 1 ou mais."],
    [
      { plan_id: 1, price_cents: 9.9 },
      "buttons.0.0.price_cents",
      "O preço do botão precisa ser em centavos, 1 ou mais."
    ],
    [{ url: "https://a.b", price_cents: 1 }, "buttons.0.0", "Só um botão de plano pode ter preço."],
    [{ plan_id: 1, text: " " }, "buttons.0.0.text", "O botão precisa de um texto."],
    [
      { url: "javascript:alert(1)" },
      "buttons.0.0.url",
      "O link do botão precisa começar com http://, https:// ou tg://."
    ],
    [{ url: "t.me/canal" }, "buttons.0.0.url", "O link do botão precisa começar com http://, https:// ou tg://."],
    [{ copy_text: "" }, "buttons.0.0.copy_text", "O texto para copiar tem de 1 a 256 caracteres."],
    [{ copy_text: "x".repeat(257) }, "buttons.0.0.copy_text", "O texto para copiar tem de 1 a 256 caracteres."]
  ])("refuses the button %j", (fields, path, message) => assert.strictEqual(button(fields)[path], message))

  it("takes variables in links and on buttons", () => {
    assert.deepStrictEqual(button({ url: "{link}" }), {})
    assert.deepStrictEqual(button({ url: "tg://resolve?domain={bot}", text: "{plano} por {valor}" }), {})
    assert.match(button({ url: "https://a.b/{x}" })["buttons.0.0.url"] ?? "", /^Variável desconhecida: \{x\}/)
  })

  it("limits rows and buttons", () => {
    const row = (length: number) => Array.from({ length }, () => ({ text: "a", plan_id: 1 }))
    assert.deepStrictEqual(issuesOf({ text: "x", buttons: [row(9)] }), {
      "buttons.0": "Cada linha leva no máximo 8 botões."
    })
    const rows = Array.from({ length: 13 }, () => row(8))
    assert.deepStrictEqual(issuesOf({ text: "x", buttons: rows }), {
      buttons: "A mensagem leva no máximo 100 botões."
    })
    assert.deepStrictEqual(issuesOf({ text: "x", buttons: rows.slice(1) }), {})
  })

  it("names all problems at once", () => {
    const input = { text: "<b>", media: [{}], buttons: [[{ text: "", plan_id: 1 }, 5]], layout: "grid" }
    assert.sameMembers(Object.keys(issuesOf(input)), ["text", "media.0", "buttons.0.0.text", "buttons.0.1", "layout"])
  })

  it("speaks Portuguese whatever comes in, and never fails otherwise", () => {
    const key = fc.constantFrom("text", "media", "buttons", "layout", "caption", "spoiler", "kind", "url", "plan_id")
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof({ maxDepth: 5 }, fc.jsonValue(), fc.array(tie("tree")), fc.dictionary(key, tie("tree")))
    }))
    fc.assert(
      fc.property(tree, (input) => {
        for (const message of Object.values(issuesOf(input))) assert.notMatch(message, /expected|missing|invalid/i)
      })
    )
  })

  it("survives the deepest JSON", () => {
    const deep: unknown = JSON.parse(`{"buttons":${"[".repeat(100_000)}${"]".repeat(100_000)}}`)
    assert.isNotEmpty(issuesOf(deep))
  })
})

describe("MessageContent", () => {
  it("what is accepted decodes as what is stored", () => {
    const accepted = Result.getOrThrow(checkMessageContent(contract))
    assert.deepStrictEqual(Schema.decodeUnknownSync(MessageContent)(JSON.parse(JSON.stringify(accepted))), accepted)
  })

  it.effect("a refusal has the fields of a 422", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(decodeMessageContent({ text: "<b>", media: [{}] }))
      assert.deepStrictEqual(error.fields, {
        text: "A tag <b> foi aberta e não foi fechada.",
        "media.0": "Cada mídia precisa de exatamente um: media_id, url ou file_id."
      })
      assert.match(error.message, /^A mensagem não é válida\. A tag <b>/)
    })
  )

  it("offers a price only where a button shows it", () => {
    const content = Result.getOrThrow(checkMessageContent(contract))
    assert.isTrue(offersPlan(content, 3, 1990))
    assert.isFalse(offersPlan(content, 3, 1))
    assert.isFalse(offersPlan(content, 4, 1990))
    assert.isFalse(offersPlan({ text: "x" }, 3, 1990))
  })
})
