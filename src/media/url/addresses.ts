import { BlockList, isIP } from "node:net"

/** What no public host has (IANA's special-purpose registries), IPv4 then IPv6. */
const special: ReadonlyArray<readonly [network: string, prefix: number]> = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
  ["::", 8],
  ["64:ff9b::", 32],
  ["100::", 8],
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
  ["5f00::", 16],
  ["fc00::", 7],
  ["fe80::", 9],
  ["ff00::", 8]
]

// One list per family: in a common one a plain IPv4 address would count as mapped into `::`.
const listOf = (networks: typeof special) => {
  const ipv4 = new BlockList()
  const ipv6 = new BlockList()
  for (const [network, prefix] of networks) {
    if (isIP(network) === 4) ipv4.addSubnet(network, prefix, "ipv4")
    else ipv6.addSubnet(network, prefix, "ipv6")
  }
  return { ipv4, ipv6 }
}

const notPublic = listOf(special)
const loopback = listOf([
  ["127.0.0.0", 8],
  ["::1", 128]
])

// IPv6's ways of writing an IPv4 address count as that address; the tunnels (6to4, NAT64, Teredo) are not public.
const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

const isIn = (list: ReturnType<typeof listOf>, address: string): boolean => {
  const plain = mapped.exec(address)?.[1] ?? address.split("%", 1)[0] ?? ""
  return isIP(plain) === 4 ? list.ipv4.check(plain, "ipv4") : isIP(plain) === 6 && list.ipv6.check(plain, "ipv6")
}

export const isPublicAddress = (address: string): boolean => isIP(address) !== 0 && !isIn(notPublic, address)

export const isLoopbackAddress = (address: string): boolean => isIn(loopback, address)
