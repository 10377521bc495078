import { deflateSync, crc32 } from "node:zlib"

const uint32 = (value: number): Buffer => {
  const buffer = Buffer.alloc(4)
  buffer.writeUInt32BE(value)
  return buffer
}

const uint16 = (value: number): Buffer => {
  const buffer = Buffer.alloc(2)
  buffer.writeUInt16BE(value)
  return buffer
}

let serial = 0

/** Bytes that no other sample has. */
const unique = (): Buffer => Buffer.from(`sample ${process.pid} ${++serial}`)

export const png = (width = 640, height = 480): Buffer => {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, "latin1"), data])
    return Buffer.concat([uint32(data.length), body, uint32(crc32(body))])
  }
  const header = Buffer.concat([uint32(width), uint32(height), Buffer.from([8, 0, 0, 0, 0])])
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", header),
    chunk("tEXt", unique()),
    chunk("IDAT", deflateSync(Buffer.alloc(64))),
    chunk("IEND", Buffer.alloc(0))
  ])
}

/** `size`: padded to so many bytes. */
export const jpeg = (width = 800, height = 600, size = 0): Buffer => {
  const segment = (marker: number, data: Buffer) =>
    Buffer.concat([Buffer.from([0xff, marker]), uint16(data.length + 2), data])
  const head = Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    segment(0xe0, Buffer.from("JFIF\0\x01\x01\0\0\x01\0\x01\0\0", "latin1")),
    segment(0xfe, unique()),
    segment(0xc0, Buffer.concat([Buffer.from([8]), uint16(height), uint16(width), Buffer.from([1, 1, 0x11, 0])]))
  ])
  const padding = Buffer.alloc(Math.max(0, size - head.length - 2), 0x20)
  return Buffer.concat([head, padding, Buffer.from([0xff, 0xd9])])
}

export const gif = (): Buffer =>
  Buffer.concat([
    Buffer.from("GIF89a", "latin1"),
    Buffer.from([0x40, 0x01, 0xf0, 0, 0, 0, 0]),
    unique(),
    Buffer.from(";")
  ])

const box = (type: string, data: Buffer) => Buffer.concat([uint32(data.length + 8), Buffer.from(type, "latin1"), data])

export const mp4 = (size = 0): Buffer => {
  const head = Buffer.concat([box("ftyp", Buffer.from("isom\0\0\x02\0isommp41", "latin1")), box("free", unique())])
  return Buffer.concat([head, box("mdat", Buffer.alloc(Math.max(16, size - head.length - 8)))])
}

export const m4a = (): Buffer =>
  Buffer.concat([box("ftyp", Buffer.from("M4A \0\0\x02\0M4A isom", "latin1")), box("free", unique())])

export const mp3 = (): Buffer =>
  Buffer.concat([
    Buffer.from("ID3\x03\0\0\0\0\0\0", "latin1"),
    Buffer.from([0xff, 0xfb, 0x90, 0x64]),
    Buffer.alloc(413),
    unique()
  ])

export const ogg = (): Buffer =>
  Buffer.concat([
    Buffer.from("OggS\0\x02\0\0\0\0\0\0\0\0", "latin1"),
    Buffer.alloc(12),
    Buffer.from([1, 19]),
    Buffer.from("OpusHead", "latin1"),
    Buffer.alloc(11),
    unique()
  ])

export const pdf = (): Buffer =>
  Buffer.concat([Buffer.from("%PDF-1.7\n", "latin1"), unique(), Buffer.from("\n%%EOF\n")])

export const webp = (): Buffer =>
  Buffer.concat([Buffer.from("RIFF\x40\0\0\0WEBPVP8 ", "latin1"), Buffer.alloc(48), unique()])
