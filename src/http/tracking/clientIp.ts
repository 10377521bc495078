import type { IncomingMessage } from "node:http"
import { isIP } from "node:net"

const inside =
  /^(10\.|127\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|169\.254\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|::1$|f[cd]|fe80:)/i

/**
 * The visitor's address. Only a neighbour, as a proxy on this machine or in its network is, may speak for somebody
 * else: then Cloudflare's header, else the last address in the list that is no neighbour itself. Earlier ones are
 * whatever the visitor wrote.
 */
export const clientIpOf = ({ headers, socket }: IncomingMessage): string | undefined => {
  const peer = plain(socket.remoteAddress ?? "")
  if (!inside.test(peer)) return peer === "" ? undefined : peer
  const named = [...listOf(headers["cf-connecting-ip"]), ...listOf(headers["x-forwarded-for"]).toReversed()]
  const real = [...named, ...listOf(headers["x-real-ip"])]
  return real.find((address) => !inside.test(address)) ?? real.at(-1) ?? peer
}

const listOf = (header: string | ReadonlyArray<string> | undefined): ReadonlyArray<string> =>
  (header ?? "")
    .toString()
    .split(",")
    .map(plain)
    .filter((address) => isIP(address) !== 0)

/** Without the port that some proxies add, and without the IPv6 dress of an IPv4 address. */
const plain = (address: string): string =>
  address
    .trim()
    .replace(/^\[(.*)\](:\d+)?$/, "$1")
    .replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, "$1")
    .replace(/^::ffff:(?=\d+\.)/i, "")

/** Whom a limit per address means: of IPv6, a household has a /64 at least. */
export const householdOf = (ip: string): string => {
  if (!ip.includes(":")) return ip
  const [head = "", tail = ""] = ip.split("::")
  const first = head === "" ? [] : head.split(":")
  const last = tail === "" ? [] : tail.split(":")
  const filled = ip.includes("::")
    ? [...first, ...Array<string>(8 - first.length - last.length).fill("0"), ...last]
    : first
  return filled
    .slice(0, 4)
    .map((part) => Number.parseInt(part, 16).toString(16))
    .join(":")
}
