import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { parseHtml, stripHtml } from "../../src/domain/html.ts"
import { markdownToHtml } from "../../src/domain/markdown.ts"

const reserved = /[_*[\]()~`>#+\-=|{}.!\\]/g

describe("markdownToHtml", () => {
  it.each([
    ["*b _i_ fim*", "<b>b <i>i</i> fim</b>"],
    ["__u__ ~s~ ||sp||", "<u>u</u> <s>s</s> <tg-spoiler>sp</tg-spoiler>"],
    ["`a\\`<b>`", "<code>a`&lt;b&gt;</code>"],
    ["```\nx \\` 1\n```", "<pre>x ` 1\n</pre>"],
    ["```python\nx = 1\n```", '<pre><code class="language-python">x = 1\n</code></pre>'],
    [">um\n>dois\nfim", "<blockquote>um\ndois</blockquote>\nfim"],
    ["**>um\n>dois||\nfim", "<blockquote expandable>um\ndois</blockquote>\nfim"],
    [">um\n**>dois", "<blockquote>um</blockquote>\n<blockquote>dois</blockquote>"],
    ["[t *b*](https://a.b/?x=1&y=2\\))", '<a href="https://a.b/?x=1&amp;y=2)">t <b>b</b></a>'],
    ["![👍](tg://emoji?id=5368)", '<tg-emoji emoji-id="5368">👍</tg-emoji>'],
    ["R$ 9\\.90 \\- só hoje\\!", "R$ 9.90 - só hoje!"],
    ["quote", "quote"]
  ])("%j", (markdown, html) => assert.strictEqual(markdownToHtml(markdown), html))

  it.each(["a.b", "*aberto", "_a__", "[x]", "[x](y", "![x](https://a.b)", "`aberto", "fim!", "*a _b* c_", "a > b"])(
    "%j is refused, as Telegram does",
    (markdown) => assert.isUndefined(markdownToHtml(markdown))
  )

  it("an escaped text reads as it was", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const html = markdownToHtml(text.replace(reserved, "\\$&"))
        assert.strictEqual(html === undefined ? undefined : stripHtml(html), text)
      })
    )
  })

  it("whatever it accepts is HTML that Telegram accepts", () => {
    const mark = fc.constantFrom(
      "*",
      "_",
      "__",
      "~",
      "||",
      "`",
      "```",
      "[",
      "](https://a.b)",
      "\n",
      ">",
      "**>",
      "\\",
      "a",
      "<b>",
      "&"
    )
    fc.assert(
      fc.property(fc.array(mark, { maxLength: 20 }), (marks) => {
        const html = markdownToHtml(marks.join(""))
        assert.deepStrictEqual(html === undefined ? [] : parseHtml(html).problems, [])
      }),
      { numRuns: 2_000 }
    )
  })
})
