import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { formatBrl, sanitiseName, sanitiseText } from "../../src/domain/text.ts"
import { fillHtml, fillUrl, unknownVariables } from "../../src/domain/variables.ts"

describe("sanitiseText", () => {
  it("takes out what PostgreSQL, JSON or a chat cannot hold", () => {
    assert.strictEqual(sanitiseText("a\u0000b\ud800c\r\nd\te\u202ef\u009f"), "abc\nd\tef")
  })

  it("leaves only well-formed text, and leaves clean text alone", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const clean = sanitiseText(text)
        assert.isTrue(clean.isWellFormed())
        assert.isFalse(clean.includes("\u0000"))
        assert.strictEqual(sanitiseText(clean), clean)
      })
    )
    assert.strictEqual(sanitiseText("João 👩‍👩‍👧 – R$ 5\nfim"), "João 👩‍👩‍👧 – R$ 5\nfim")
  })

  it("a name is one line of at most 64 characters", () => {
    assert.strictEqual(sanitiseName("  Ana \n\n Maria\u0000 "), "Ana Maria")
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (name) => {
        const clean = sanitiseName(name)
        assert.isAtMost([...clean].length, 64)
        assert.notMatch(clean, /[\n\t]/)
      })
    )
  })
})

describe("formatBrl", () => {
  it.each([
    [1990, "R$ 19,90"],
    [5, "R$ 0,05"],
    [0, "R$ 0,00"],
    [123456, "R$ 1.234,56"],
    [123456789012, "R$ 1.234.567.890,12"],
    [-150, "-R$ 1,50"]
  ])("%i cents", (cents, written) => assert.strictEqual(formatBrl(cents), written))
})

describe("variables", () => {
  const variables = { nome: "<Zé> & 'Cia'", usuario: "@ze", bot: "vip", link: "https://a.b/?x=1&y=2" }

  it("are escaped in HTML, encoded in links, and empty when unknown for this message", () => {
    assert.strictEqual(fillHtml("{nome}|{plano}", variables), "&lt;Zé&gt; &amp; &#39;Cia&#39;|")
    assert.strictEqual(fillUrl("https://c.d/?u={usuario}", variables), "https://c.d/?u=%40ze")
    assert.strictEqual(fillUrl("{link}", variables), "https://a.b/?x=1&y=2")
  })

  it("a value is not filled again", () => {
    assert.strictEqual(fillHtml("{nome}{usuario}", { ...variables, nome: "{usuario}" }), "{usuario}@ze")
  })

  it("unknown ones are found once each", () => {
    assert.deepStrictEqual(unknownVariables("{nome} {xyz} {preço} {xyz} { a } {} {1}"), ["xyz", "preço"])
  })
})
