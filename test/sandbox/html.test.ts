import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { parseHtml } from "../../src/sandbox/telegram/html.ts"
import { Refusal } from "../../src/sandbox/telegram/Refusal.ts"

const refusalOf = (text: string): string => {
  try {
    parseHtml(text)
  } catch (error) {
    if (error instanceof Refusal) return error.message
    throw error
  }
  return "accepted"
}

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")

describe("Telegram's HTML", () => {
  it("reads tags, aliases and references, with offsets in UTF-16 units", () => {
    const { text, entities } = parseHtml(
      '😀 <b>oi <i>vo&ccedil;</i></b> &lt;&#128512;&gt; <a href="https://a.b/?x=1&amp;y=2">link</a>'
    )
    assert.strictEqual(text, "😀 oi vo&ccedil; <😀> link")
    assert.deepStrictEqual(entities, [
      { type: "bold", offset: 3, length: 13 },
      { type: "italic", offset: 6, length: 10 },
      { type: "text_link", offset: 22, length: 4, url: "https://a.b/?x=1&y=2" }
    ])
  })

  it("reads spoilers, quotes and code with its language", () => {
    const source =
      '<span class="tg-spoiler">a</span><tg-spoiler>b</tg-spoiler><blockquote expandable>c</blockquote><pre><code class="language-js">d</code></pre><code class="language-js">e</code>'
    assert.deepStrictEqual(
      parseHtml(source).entities.map(({ type, offset, language }) => [type, offset, language]),
      [
        ["spoiler", 0, undefined],
        ["spoiler", 1, undefined],
        ["expandable_blockquote", 2, undefined],
        ["pre", 3, "js"],
        ["code", 4, undefined]
      ]
    )
  })

  it.each([
    ["<b>unclosed", `can't parse entities: Can't find end tag corresponding to start tag "b"`],
    ["<script>alert(1)</script>", `can't parse entities: Unsupported start tag "script" at byte offset 0`],
    ["é <p>x</p>", `can't parse entities: Unsupported start tag "p" at byte offset 3`],
    ["preço < 10", `can't parse entities: Unsupported start tag "" at byte offset 7`],
    ["menor <", "can't parse entities: Unclosed start tag at byte offset 6"],
    ["<b><i>test</b></i>", `can't parse entities: Unmatched end tag at byte offset 10, expected "</i>", found "</b>"`],
    ["oi</b>", "can't parse entities: Unexpected end tag at byte offset 2"],
    ["<b>oi</b", "can't parse entities: Unclosed end tag at byte offset 5"],
    ['<span class="x">a</span>', `can't parse entities: Tag "span" must have class "tg-spoiler" at byte offset 0`],
    ['<a href="x>a</a>', "can't parse entities: Unclosed start tag at byte offset 0"],
    [
      '<tg-emoji emoji-id="9999999999999999999">x</tg-emoji>',
      "can't parse entities: Invalid custom emoji identifier specified"
    ]
  ])("refuses %s", (source, reason) => {
    assert.strictEqual(refusalOf(source), `Bad Request: ${reason}`)
  })

  it("gives back any escaped text, and marks it whole inside of a tag", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (text) => {
        assert.deepStrictEqual(parseHtml(escaped(text)), { text, entities: [] })
        assert.deepStrictEqual(parseHtml(`<b>${escaped(text)}</b>`), {
          text,
          entities: [{ type: "bold", offset: 0, length: text.length }]
        })
      })
    )
  })

  it("either refuses or answers, whatever it gets", () => {
    const piece = fc.constantFrom(
      "<",
      ">",
      "/",
      "b",
      "</b>",
      "<b>",
      "&",
      "&lt;",
      "&#",
      ";",
      '"',
      "'",
      "=",
      " ",
      "a",
      "é",
      "<a href="
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const verdict = refusalOf(pieces.join(""))
        assert.isTrue(verdict === "accepted" || verdict.startsWith("Bad Request: can't parse entities: "))
      })
    )
  })
})
