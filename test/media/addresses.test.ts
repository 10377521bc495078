import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { isLoopbackAddress, isPublicAddress } from "../../src/media/url/addresses.ts"

describe("isPublicAddress", () => {
  it.each([
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:a00:1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2001:0:1::",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "ff02::1",
    "localhost",
    "",
    "1.2.3"
  ])("%s is not", (address) => assert.isFalse(isPublicAddress(address)))

  it.each([
    "1.1.1.1",
    "8.8.8.8",
    "172.15.0.1",
    "172.32.0.1",
    "200.147.3.157",
    "2606:4700::1111",
    "2804:14c::1",
    "::ffff:8.8.8.8"
  ])("%s is", (address) => assert.isTrue(isPublicAddress(address)))

  it("holds for every address of the private networks", () => {
    const byte = fc.nat(255)
    fc.assert(
      fc.property(byte, byte, byte, (b, c, d) => {
        const inside = [
          `10.${b}.${c}.${d}`,
          `127.${b}.${c}.${d}`,
          `192.168.${c}.${d}`,
          `172.${16 + (b % 16)}.${c}.${d}`
        ]
        assert.deepStrictEqual(inside.filter(isPublicAddress), [])
        assert.deepStrictEqual(inside.map((address) => `::ffff:${address}`).filter(isPublicAddress), [])
      })
    )
  })
})

describe("isLoopbackAddress", () => {
  it("knows this machine and nothing else", () => {
    assert.deepStrictEqual(
      ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1", "10.0.0.1", "169.254.169.254", "8.8.8.8", "x"].filter(
        isLoopbackAddress
      ),
      ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"]
    )
  })
})
