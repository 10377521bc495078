import { type Html, html } from "../html.ts"

export interface LogLine {
  readonly number: number
  readonly time: string
  readonly level: string
  readonly sentence: string
  readonly fields: string
}

const shape = /^\d{4}-\d\d-\d\d (\d\d:\d\d:\d\d)\.\d{3} (\w+) +(.*?)(?: \| (.*))?$/

/** A line of the service's log in its text form; anything else is shown as it came. */
export const readLine = (text: string, number: number): LogLine => {
  const [, time = "", level = "INFO", sentence = text, fields = ""] = shape.exec(text) ?? []
  return { number, time, level, sentence, fields }
}

export const logLine = ({ number, time, level, sentence, fields }: LogLine): Html =>
  html`<li id="l${number}" class="${level.toLowerCase()}">
    <details>
      <summary><time>${time}</time> <b>${LEVEL[level] ?? level}</b> ${sentence}</summary>
      ${fields === "" ? html`<p>Sem detalhes.</p>` : html`<code>${fields}</code>`}
    </details>
  </li>`

const LEVEL: Record<string, string> = { INFO: "✓", WARN: "!", ERROR: "✗", DEBUG: "·" }
