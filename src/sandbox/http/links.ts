/** What Telegram says of a link it does not take, or undefined when it takes it. */
export const linkProblem = (link: string): string | undefined => {
  const parsed = /^(?:([a-z][a-z0-9+.-]*):\/\/)?([^/?#]*)/i.exec(link.trim())
  const protocol = (parsed?.[1] ?? "http").toLowerCase()
  if (protocol === "tg" || protocol === "ton") return undefined
  if (protocol !== "http" && protocol !== "https") return "Unsupported URL protocol"
  const host = (parsed?.[2] ?? "").replace(/^[^@]*@/, "").replace(/:\d*$/, "")
  if (host === "") return "URL host is empty"
  if (/\s/.test(host) || (!host.includes(".") && !host.startsWith("["))) return "Wrong HTTP URL"
  return undefined
}

/** Webhooks need https; a stand-in and its tests live on loopback, where nobody has a certificate. */
export const isLoopback = (url: URL): boolean =>
  url.hostname === "localhost" || url.hostname === "[::1]" || url.hostname.startsWith("127.")

/** Whether a gateway would call that address. */
export const isReachable = (value: unknown): value is string => {
  const url = typeof value === "string" ? URL.parse(value) : null
  return url !== null && (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url)))
}
