import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"

const root = resolve(import.meta.dirname, "../..")
const page = readFileSync(join(root, "docs/linhas-do-registro.md"), "utf8")

const call = /\b(?:Log\.(?:info|warn|error|recovered|failure)|Effect\.log(?:Info|Warning|Error)|flood\s*\.warn)\(\s*/g

/** The string literals of a call's first two arguments as they are written, each with what stands between its holes. */
const sentencesAt = (source: string, from: number): ReadonlyArray<ReadonlyArray<string>> => {
  const found: Array<ReadonlyArray<string>> = []
  let depth = 0
  for (let at = from; at < source.length && depth >= 0 && found.length < 2; at++) {
    const char = source[at]!
    if ("([{".includes(char)) depth++
    else if (")]}".includes(char)) depth--
    else if (char === '"' || char === "`") {
      const { end, pieces } = literalAt(source, at)
      found.push(pieces)
      at = end
    }
  }
  return found
}

const literalAt = (source: string, start: number) => {
  const quote = source[start]
  let pieces: ReadonlyArray<string> = [""]
  const append = (char: string) => (pieces = [...pieces.slice(0, -1), (pieces.at(-1) ?? "") + char])
  let at = start + 1
  for (; at < source.length && source[at] !== quote; at++) {
    if (quote === "`" && source.startsWith("${", at)) {
      let depth = 0
      do {
        if (source[at] === "{") depth++
        if (source[at] === "}") depth--
        at++
      } while (depth > 0 || source[at - 1] === "$")
      at--
      pieces = [...pieces, ""]
    } else {
      if (source[at] === "\\") at++
      append(source[at] ?? "")
    }
  }
  return { end: at, pieces }
}

/** What of a sentence is always there and is long enough to be known by. */
const markOf = (pieces: ReadonlyArray<string>): string | undefined =>
  pieces.map((piece) => piece.replace(/^\[(AVISO|ERRO)\] |[:(]?\s*$/g, "").trim()).find((piece) => piece.length >= 10)

const lines = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.startsWith("sandbox") && !file.startsWith("cli"))
  .flatMap((file) => {
    const source = readFileSync(join(root, "src", file), "utf8")
    return [...source.matchAll(call)].flatMap((match) =>
      sentencesAt(source, match.index + match[0].length).flatMap((pieces) => {
        const mark = markOf(pieces)
        // Sentences begin with a tag or a capital; the rest are keys, words and names.
        return mark === undefined || !/^(\[|\p{Lu}|\S* \S* \S*)/u.test(pieces.join("…")) ? [] : [{ file, mark }]
      })
    )
  })
  .filter(({ mark }) => /\s/.test(mark))

describe("docs/linhas-do-registro.md", () => {
  it("says of every line that the service writes what to do about it", () => {
    assert.isAbove(lines.length, 120)
    const missing = lines.filter(({ mark }) => !page.includes(mark)).map(({ file, mark }) => `${file}: ${mark}`)
    assert.deepStrictEqual([...new Set(missing)], [])
  })
})
