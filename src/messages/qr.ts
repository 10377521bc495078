import QRCode from "qrcode"
import { crc32, deflateSync } from "node:zlib"

// 4 modules of white around the code is what the QR standard asks for; 8 pixels a module reads well on a phone.
const quietZone = 4
const pixelsPerModule = 8

/**
 * PNG of a PIX code. The library makes the matrix; the picture is written here as 1 bit a pixel, because its own
 * encoder (32 bits a pixel) takes 16 ms of CPU where this takes 1.6 (measured, 220 characters).
 */
export const qrPng = (text: string): Buffer => {
  const { data, size } = QRCode.create(text, { errorCorrectionLevel: "M" }).modules
  const side = (size + 2 * quietZone) * pixelsPerModule
  const rowBytes = Math.ceil(side / 8) + 1
  const pixels = Buffer.alloc(rowBytes * side)
  for (let y = 0; y < side; y += pixelsPerModule) {
    const row = y / pixelsPerModule - quietZone
    const start = y * rowBytes
    for (let x = 0; x < side; x++) {
      const column = Math.floor(x / pixelsPerModule) - quietZone
      const dark = row >= 0 && row < size && column >= 0 && column < size && data[row * size + column] === 1
      if (!dark) pixels[start + 1 + (x >> 3)]! |= 0x80 >> (x & 7)
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
    chunk("IDAT", deflateSync(pixels, { level: 6 })),
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
