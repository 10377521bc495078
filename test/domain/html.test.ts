import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { codePoints, escapeText, parseHtml, renderHtml, repairHtml } from "../../src/domain/html.ts"
import { maxBytes } from "../../src/domain/split.ts"
import { escapeHtml, htmlLength, isBlank, splitHtml, stripHtml } from "../../src/domain/text.ts"

/** Text with everything that can go wrong in it: tags whole and broken, entities, emoji, blank lines. */
const fragment = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 20 }),
  fc.constantFrom("<b>", "</b>", "<i>", "</i>", '<a href="https://a.b/?x=1&y=2">', "</a>", "<pre>", "</pre>", "</>"),
  fc.constantFrom('<span class="tg-spoiler">', "</span>", "<br>", "<span>", "<", ">", "<b", "</", "<3", "<a href=x'>"),
  fc.constantFrom("&lt;", "&amp", "&#128512;", "&#x41;", "&nbsp;", "&", "\n", "\n\n", ". ", "👩‍👩‍👧", "👍🏽", "{nome}")
)
export const messyHtml = fc.array(fragment, { maxLength: 60 }).map((fragments) => fragments.join(""))

describe("parseHtml", () => {
  it.each([
    ["<b>oi</b> <i>e</i> <u>u</u> <s>s</s> <tg-spoiler>x</tg-spoiler> <code>c</code>"],
    ["<a href=\"https://a.b/?x=1&amp;y=2\">link</a> <a href='tg://user?id=1'>eu</a>"],
    ['<pre><code class="language-ts">1 &lt; 2</code></pre><blockquote expandable>q</blockquote>'],
    ['<span class="tg-spoiler">s</span><tg-emoji emoji-id="5368">👍</tg-emoji>'],
    ["<B>maiúsculas</B><b>vale fechar assim</>"],
    ["sem nada & pronto > fim"]
  ])("accepts %s", (html) => {
    assert.deepStrictEqual(parseHtml(html).problems, [])
    assert.strictEqual(repairHtml(html), html)
  })

  it.each([
    ["<b>oi", "A tag <b> foi aberta e não foi fechada.", "<b>oi</b>"],
    ["oi</b>", "</b> fecha uma tag que não foi aberta.", "oi"],
    ["<b><i>x</b></i>", "As tags <i> e <b> estão cruzadas: feche primeiro a última que abriu.", "<b><i>x</i></b>"],
    ["a<br>b", "O Telegram não aceita a tag <br>: use uma quebra de linha.", "a&lt;br&gt;b"],
    ["amo <3", 'Para escrever o sinal "<", use &lt;', "amo &lt;3"],
    ["<a href=>x", "A tag <a> está mal escrita.", "&lt;a href=&gt;x"],
    ["<span>x</span>", 'A tag <span> só é aceita como <span class="tg-spoiler">.', "&lt;span&gt;x"]
  ])("names what is wrong in %s and repairs it", (html, problem, repaired) => {
    assert.strictEqual(parseHtml(html).problems[0], problem)
    assert.strictEqual(repairHtml(html), repaired)
  })

  it("whatever comes in, what goes out is accepted and says the same", () => {
    fc.assert(
      fc.property(messyHtml, (html) => {
        const repaired = repairHtml(html)
        assert.deepStrictEqual(parseHtml(repaired).problems, [])
        assert.strictEqual(stripHtml(repaired), stripHtml(html))
        assert.strictEqual(repairHtml(repaired), repaired)
      })
    )
  })

  it("reads hostile input in no time", () => {
    const hostile = ["<a " + "x ".repeat(16_000), '<a b="'.repeat(5_000), "<".repeat(32_000), "<b>".repeat(10_000)]
    for (const html of hostile) assert.isAtLeast(renderHtml(parseHtml(html).tokens).length, 1)
  })
})

describe("lengths", () => {
  it("count characters as Telegram does: code points, after parsing", () => {
    assert.strictEqual(htmlLength("<b>😀&amp;&#128512;</b>"), 3)
    assert.strictEqual(htmlLength("👩‍👩‍👧"), 5)
    assert.strictEqual(htmlLength("&lt &nbsp;"), 8)
  })

  it("agree with JavaScript's own idea of a code point", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => assert.strictEqual(codePoints(text), [...text].length))
    )
  })

  it("an escaped text reads as it was", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        assert.strictEqual(stripHtml(escapeHtml(text)), text)
        assert.strictEqual(stripHtml(escapeText(text)), text)
        assert.strictEqual(stripHtml(`<a href="${escapeHtml(text)}">${escapeHtml(text)}</a>`), text)
      })
    )
  })

  it("blank is what a reader does not see", () => {
    assert.isTrue(["", " \n\t", "\u200b\u2800", "\ufe0f", "\u2063"].every(isBlank))
    assert.isFalse(["a", "👇", ".", "0"].some(isBlank))
  })
})

describe("splitHtml", () => {
  it("cuts at paragraphs before sentences, and at sentences before words", () => {
    const paragraphs = `${"a".repeat(30)}\n\n${"b".repeat(20)}. ${"c".repeat(20)}`
    assert.deepStrictEqual(splitHtml(paragraphs, 55), ["a".repeat(30), `${"b".repeat(20)}. ${"c".repeat(20)}`])
    const sentences = `${"a ".repeat(15)}fim. ${"b ".repeat(20)}`
    assert.deepStrictEqual(splitHtml(sentences, 50), [`${"a ".repeat(15)}fim.`, "b ".repeat(20).trim()])
    assert.deepStrictEqual(splitHtml("um dois tres quatro", 10), ["um dois", "tres", "quatro"])
  })

  it("closes tags at a cut and opens them again", () => {
    assert.deepStrictEqual(splitHtml('<b>um <a href="https://a.b">dois tres</a></b> quatro', 8), [
      '<b>um <a href="https://a.b">dois</a></b>',
      '<b><a href="https://a.b">tres</a></b>',
      "quatro"
    ])
  })

  it("keeps a joined emoji whole", () => {
    assert.deepStrictEqual(splitHtml("abc👩‍👩‍👧", 5), ["abc", "👩‍👩‍👧"])
  })

  it("every part is accepted and short enough, and nothing that can be read is lost", () => {
    fc.assert(
      fc.property(messyHtml, fc.integer({ min: 1, max: 40 }), (html, limit) => {
        const parts = splitHtml(html, limit)
        for (const part of parts) {
          assert.deepStrictEqual(parseHtml(part).problems, [])
          assert.isAtMost(htmlLength(part), limit)
          assert.isFalse(isBlank(stripHtml(part)))
        }
        const visible = (text: string) =>
          Array.from(text)
            .filter((character) => !isBlank(character))
            .join("")
        assert.strictEqual(visible(parts.map(stripHtml).join("")), visible(stripHtml(html)))
      })
    )
  })

  it("stays under Telegram's bytes when tags outweigh the text", () => {
    const link = `<a href="https://a.b/${"x".repeat(1_900)}">y</a>`
    const parts = splitHtml(link.repeat(60))
    assert.isTrue(parts.every((part) => Buffer.byteLength(part) <= maxBytes))
    assert.strictEqual(parts.map(stripHtml).join(""), "y".repeat(60))
  })
})
