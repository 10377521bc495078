export { escapeHtml, htmlLength, isBlank, stripHtml } from "./html.ts"
export { splitHtml } from "./split.ts"

// Control characters except tab and line feed, halves of characters, and the signs that turn a line's direction around.
const unwanted = /(?![\t\n])[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069\ufeff]/gu

// Ranges without any of these: nearly all texts, in a quarter of the time.
const harmless = /^[\t\n\u0020-\u007e\u00a0-\u1fff]*$/

/** A text from outside that PostgreSQL, JSON and Telegram can hold. */
export const sanitiseText = (text: string): string =>
  harmless.test(text) ? text : text.replaceAll("\r\n", "\n").replace(unwanted, "")

const longestName = 64

/** A person's name as it may stand inside a sentence: one line, no more than 64 characters. */
export const sanitiseName = (name: string): string =>
  Array.from(sanitiseText(name).replace(/\s+/g, " ").trim()).slice(0, longestName).join("").trim()

/** `R$ 19,90`, `R$ 1.234,50`: with a normal space, as it stands in messages and on buttons. */
export const formatBrl = (cents: number): string => {
  const sign = cents < 0 ? "-" : ""
  const whole = Math.abs(Math.round(cents))
  const reais = String(Math.floor(whole / 100)).replace(/\B(?=(\d{3})+$)/g, ".")
  return `${sign}R$ ${reais},${String(whole % 100).padStart(2, "0")}`
}
