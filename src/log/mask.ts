/** `8240789...LEOBE`: enough to recognise a token, too little to use it. */
export const maskToken = (token: string): string =>
  token.length <= 16 ? "***" : `${token.slice(0, 7)}...${token.slice(-5)}`

// A bot token is "<bot id>:<secret>"; it also stands in Bot API paths as "/bot<id>:<secret>/".
const botToken = /(?<=^|[^\w-]|\bbot)\d{6,}:[\w-]{6,}/g
const bearer = /\b(bearer|basic)\s+[\w.~+/|=-]{8,}/gi
const credentialUrl = /\b([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s@/]+@/gi
const namedSecret =
  /\b(access_token|client_secret|api[_-]?key|x-api-token|secret_token|password|senha)(["']?\s*[=:]\s*["']?)[^\s"'&,;|]{4,}/gi

/**
 * Last line of defence of every log line and error text: whatever looks like a secret is masked, whoever wrote it.
 * Secrets are `Redacted` long before; this catches what third parties put into their messages.
 */
export const maskSecrets = (text: string): string =>
  (text.includes("://") ? text.replace(credentialUrl, "$1:***@") : text)
    .replace(botToken, maskToken)
    .replace(bearer, "$1 ***")
    .replace(namedSecret, "$1$2***")
