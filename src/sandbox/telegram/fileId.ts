import { randomInt } from "node:crypto"
import { crc32 } from "node:zlib"
import type { MediaKind } from "./wire.ts"

const KINDS: ReadonlyArray<MediaKind> = ["photo", "video", "audio", "voice", "document", "animation", "video_note"]
const PREFIX = ["AgAC", "BAAC", "CQAC", "AwAC", "BQAC", "CgAC", "DQAC"]
const BYTES = 22
const SESSION = randomInt(2 ** 32)

let serial = 0

export interface FileId {
  readonly botId: number
  readonly kind: MediaKind
  readonly fileId: string
  readonly uniqueId: string
}

/**
 * A new file id. Everything the stand-in must know of it is inside the id, so that it costs no memory however many
 * files a benchmark sends, and stays valid when the stand-in starts again.
 */
export const mintFileId = (botId: number, kind: MediaKind): FileId => sized(botId, kind, SESSION, ++serial, 0)

/** The id of a smaller size of the same photo. */
export const smallerSize = (file: FileId): FileId => {
  const body = Buffer.from(file.fileId.slice(4), "base64url")
  return sized(file.botId, file.kind, body.readUInt32BE(8), body.readUInt32BE(12), 1)
}

/** Reads an id back; undefined when it is no file id of the stand-in. */
export const readFileId = (fileId: string): FileId | undefined => {
  const kind = KINDS[PREFIX.indexOf(fileId.slice(0, 4))]
  const body = Buffer.from(fileId.slice(4), "base64url")
  if (kind === undefined || body.length !== BYTES || body.readUInt32BE(18) !== checksum(body)) return undefined
  const read = sized(Number(body.readBigUInt64BE(0)), kind, body.readUInt32BE(8), body.readUInt32BE(12), body[16]!)
  // Base64 leaves bits unused at the end, so that a changed last letter can mean the same bytes.
  return read.fileId === fileId ? read : undefined
}

const sized = (botId: number, kind: MediaKind, session: number, number: number, size: number): FileId => {
  const index = KINDS.indexOf(kind)
  const body = Buffer.alloc(BYTES)
  body.writeBigUInt64BE(BigInt(botId), 0)
  body.writeUInt32BE(session, 8)
  body.writeUInt32BE(number, 12)
  body[16] = size
  body[17] = index
  body.writeUInt32BE(checksum(body), 18)
  return {
    botId,
    kind,
    fileId: PREFIX[index]! + body.toString("base64url"),
    uniqueId: `AQAD${body.subarray(8, 17).toString("base64url")}`
  }
}

const checksum = (body: Buffer): number => crc32(body.subarray(0, 18))
