const anyToken = /(?:bot)?\d{3,}:[A-Za-z0-9_-]{16,}/g
const longest = 300
const longestRead = 4_000

/** The public number in front of a token's colon; safe to show. */
export const botIdOf = (token: string): number => {
  const id = Number.parseInt(token, 10)
  return Number.isSafeInteger(id) ? id : 0
}

/** Takes every token out of a text and keeps it short enough for a log line. */
export const sanitiseDescription = (text: string, token?: string): string => {
  const withoutOwn = token ? text.replaceAll(token, "<token>") : text
  return withoutOwn.slice(0, longestRead).replaceAll(anyToken, "<token>").slice(0, longest)
}
