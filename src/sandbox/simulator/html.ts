/** Text that is HTML already. Everything else that goes into a page is escaped on its way. */
export class Html {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

export type Part = Html | string | number | false | null | undefined | ReadonlyArray<Part>

/** A piece of a page: what is put into it is text, unless it is such a piece itself. */
export const html = (strings: TemplateStringsArray, ...parts: ReadonlyArray<Part>): Html =>
  new Html(strings.reduce((text, string, index) => text + show(parts[index - 1]) + string))

export const escape = (text: string): string => text.replace(/[&<>"']/g, (char) => NAMES[char]!)

const NAMES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" }

const show = (part: Part): string => {
  if (part instanceof Html) return part.text
  if (part === false || part === null || part === undefined) return ""
  if (typeof part === "string") return escape(part)
  return typeof part === "number" ? String(part) : part.map(show).join("")
}
