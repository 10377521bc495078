import { crc32, deflateSync } from "node:zlib"

type Colour = readonly [red: number, green: number, blue: number]

const WIDTH = 640
const HEIGHT = 480

/** A picture for the seeded bot: a sky of two colours, a sun and hills, so that three of them can be told apart. */
export const picture = (sky: Colour, ground: Colour, sunAt: number): Buffer => {
  const raw = Buffer.alloc((WIDTH * 3 + 1) * HEIGHT)
  for (let y = 0; y < HEIGHT; y++) {
    const row = y * (WIDTH * 3 + 1) + 1
    for (let x = 0; x < WIDTH; x++) {
      const pixel = colourAt(x / WIDTH, y / HEIGHT, sky, ground, sunAt)
      for (const [channel, value] of pixel.entries()) raw[row + x * 3 + channel] = value
    }
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(WIDTH, 0)
  header.writeUInt32BE(HEIGHT, 4)
  // Eight bits a channel, true colour.
  header.set([8, 2, 0, 0, 0], 8)
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(raw)),
    chunk("IEND", Buffer.alloc(0))
  ])
}

const colourAt = (x: number, y: number, sky: Colour, ground: Colour, sunAt: number): Colour => {
  const hill = 0.72 + 0.09 * Math.sin(x * 7 + sunAt * 9) + 0.04 * Math.sin(x * 17)
  if (y > hill) return mix(ground, [0, 0, 0], (y - hill) * 1.6)
  const sun = Math.hypot((x - sunAt) * 1.33, y - 0.38)
  return sun < 0.13 ? [255, 244, 214] : mix([255, 226, 180], sky, Math.min(1, sun * 1.5))
}

const mix = (from: Colour, to: Colour, share: number): Colour =>
  [0, 1, 2].map((index) => Math.round(from[index]! + (to[index]! - from[index]!) * share)) as unknown as Colour

const chunk = (type: string, data: Buffer): Buffer => {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data])
  const framed = Buffer.alloc(body.length + 8)
  framed.writeUInt32BE(data.length, 0)
  body.copy(framed, 4)
  framed.writeUInt32BE(crc32(body), body.length + 4)
  return framed
}
