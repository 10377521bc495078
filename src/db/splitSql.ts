/**
 * Statements of a .sql file. The driver speaks the extended protocol, which takes one statement at a time. A `;` inside
 * a string, a quoted name, a comment or a dollar-quoted body ends nothing.
 */
export const splitSql = (text: string): ReadonlyArray<string> => {
  const statements: Array<string> = []
  let start = 0
  let meaningful = false
  const finish = (end: number) => {
    if (meaningful) statements.push(text.slice(start, end).trim())
    start = end + 1
    meaningful = false
  }
  for (let at = 0; at < text.length;) {
    if (text[at] === ";") {
      finish(at)
      at += 1
      continue
    }
    const comment = skipComment(text, at)
    if (comment > at) {
      at = comment
      continue
    }
    if (!/\s/.test(text[at] ?? "")) meaningful = true
    at = skipQuoted(text, at)
  }
  finish(text.length)
  return statements
}

const skipComment = (text: string, at: number): number => {
  if (text.startsWith("--", at)) return endOf(text, "\n", at)
  if (!text.startsWith("/*", at)) return at
  // PostgreSQL's block comments nest.
  let depth = 1
  let next = at + 2
  while (depth > 0 && next < text.length) {
    if (text.startsWith("/*", next)) depth += 1
    else if (text.startsWith("*/", next)) depth -= 1
    else next -= 1
    next += 2
  }
  return next
}

const skipQuoted = (text: string, at: number): number => {
  const sign = text[at]
  if (sign === "'") return endOfQuote(text, at, /[eE]/.test(text[at - 1] ?? "") && !/\w/.test(text[at - 2] ?? ""))
  if (sign === '"') return endOfQuote(text, at, false)
  const tag =
    sign === "$" && !/[\w$]/.test(text[at - 1] ?? "") ? dollarTag.exec(text.slice(at, at + 64))?.[0] : undefined
  return tag === undefined ? at + 1 : endOf(text, tag, at + tag.length)
}

const dollarTag = /^\$([A-Za-z_]\w*)?\$/

/** A doubled quote sign reads as the end of one string and the start of the next, which comes to the same. */
const endOfQuote = (text: string, at: number, backslashes: boolean): number => {
  for (let next = at + 1; next < text.length; next++) {
    if (backslashes && text[next] === "\\") next += 1
    else if (text[next] === text[at]) return next + 1
  }
  return text.length
}

const endOf = (text: string, sign: string, from: number): number => {
  const found = text.indexOf(sign, from)
  return found === -1 ? text.length : found + sign.length
}
