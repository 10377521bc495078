import { assert, describe, it } from "@effect/vitest"
import { imageSize } from "image-size"
import { inflateSync } from "node:zlib"
import { decodeQR } from "qr/decode.js"
import { qrPng } from "../../src/messages/qr.ts"

const code =
  "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-426655440000520400005303986540519.905802BR" +
  "5913FULANO DE TAL6008BRASILIA62290525a1b2c3d4e5f6a7b8c9d0e1f2a63041D3D"

/** The pixels of a PNG of 1 bit a pixel, unfiltered and in one piece, as a reader of QR codes wants them. */
const pixelsOf = (png: Buffer) => {
  const { height, width } = imageSize(png)
  const at = png.indexOf("IDAT")
  const rows = inflateSync(png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4)))
  const rowBytes = Math.ceil(width / 8) + 1
  const data = new Uint8Array(width * height * 4).fill(255)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const isWhite = ((rows[y * rowBytes + 1 + (x >> 3)] ?? 0) >> (7 - (x & 7))) & 1
      data.fill(isWhite * 255, (y * width + x) * 4, (y * width + x) * 4 + 3)
    }
  }
  return { width, height, data }
}

describe("the picture of a PIX code", () => {
  it("reads as the very code", () => {
    for (const text of [code, `${code}${"7".repeat(200)}`, "a"]) {
      assert.strictEqual(decodeQR(pixelsOf(qrPng(text))), text)
    }
  })

  it("has the white around it that the standard asks for", () => {
    const { data, width } = pixelsOf(qrPng(code))
    const isWhite = (x: number, y: number) => data[(y * width + x) * 4] === 255
    for (let along = 0; along < width; along++) {
      for (const [x, y] of [
        [along, 31],
        [31, along],
        [along, width - 32],
        [width - 32, along]
      ] as const) {
        assert.isTrue(isWhite(x, y))
      }
    }
    assert.isFalse(isWhite(32, 32))
  })
})
