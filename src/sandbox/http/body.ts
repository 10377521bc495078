import * as MultipartParser from "effect/http/MultipartParser"
import type { IncomingMessage } from "node:http"

export type Params = Record<string, unknown>

export interface Upload {
  readonly field: string
  readonly filename: string
  readonly contentType: string
  readonly size: number
  /** Absent when the stand-in was told not to keep what is uploaded. */
  readonly bytes: Buffer | undefined
}

export interface Body {
  readonly params: Params
  readonly files: ReadonlyMap<string, Upload>
}

export type BodyProblem = "too_large" | "malformed" | "aborted"

export interface BodyOptions {
  readonly maxBytes: number
  readonly keepUploads: boolean
}

const NO_FILES: ReadonlyMap<string, Upload> = new Map()

/** Reads a JSON, urlencoded or multipart body. Callback style, because this is the hot path of load tests. */
export const readBody = (
  request: IncomingMessage,
  options: BodyOptions,
  done: (body: Body | BodyProblem) => void
): void => {
  const type = request.headers["content-type"] ?? ""
  if (type.startsWith("multipart/form-data")) return readMultipart(request, options, done)
  readBytes(request, options.maxBytes, (bytes) => {
    if (typeof bytes === "string") return done(bytes)
    const params = bytes.length === 0 ? {} : decodeText(bytes.toString("utf8"), type)
    done(params === undefined ? "malformed" : { params, files: NO_FILES })
  })
}

const readBytes = (request: IncomingMessage, maxBytes: number, done: (bytes: Buffer | BodyProblem) => void): void => {
  const chunks: Array<Buffer> = []
  let size = 0
  let ended = false
  const end = (result: Buffer | BodyProblem) => {
    if (ended) return
    ended = true
    done(result)
  }
  request.on("data", (chunk: Buffer) => {
    size += chunk.length
    if (size > maxBytes) end("too_large")
    else chunks.push(chunk)
  })
  request.on("end", () => end(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
  request.on("close", () => end("aborted"))
}

const decodeText = (text: string, type: string): Params | undefined => {
  if (type.startsWith("application/x-www-form-urlencoded")) return Object.fromEntries(new URLSearchParams(text))
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null ? (value as Params) : undefined
  } catch {
    return undefined
  }
}

const readMultipart = (
  request: IncomingMessage,
  options: BodyOptions,
  done: (body: Body | BodyProblem) => void
): void => {
  const params: Params = {}
  const files = new Map<string, Upload>()
  let size = 0
  let ended = false
  const end = (result: Body | BodyProblem) => {
    if (ended) return
    ended = true
    done(result)
  }
  const parser = MultipartParser.make({
    headers: { "content-type": request.headers["content-type"] ?? "" },
    onField: (info, value) => {
      params[info.name] = MultipartParser.decodeField(info, value)
    },
    onFile: (info) => {
      const chunks: Array<Uint8Array> = []
      let bytes = 0
      return (chunk) => {
        if (chunk !== null) {
          bytes += chunk.length
          if (options.keepUploads) chunks.push(chunk.slice())
          return
        }
        files.set(info.name, {
          field: info.name,
          filename: info.filename ?? info.name,
          contentType: info.contentType,
          size: bytes,
          bytes: options.keepUploads ? Buffer.concat(chunks) : undefined
        })
      }
    },
    onError: () => end("malformed"),
    onDone: () => end({ params, files })
  })
  request.on("data", (chunk: Buffer) => {
    size += chunk.length
    if (size > options.maxBytes) end("too_large")
    else if (!ended) parser.write(chunk)
  })
  request.on("end", () => parser.end())
  request.on("close", () => end("aborted"))
}
