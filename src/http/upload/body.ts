import * as MultipartParser from "effect/http/MultipartParser"
import type { IncomingMessage } from "node:http"
import type { FileSink } from "../../media/fileSink.ts"

export interface FormFile {
  readonly field: string
  readonly name: string
}

export type FormProblem = "malformed" | "cut" | "too_large" | "several_files"

/** A form that is not what it should be; what the sink throws comes through as it is. */
export class FormError extends Error {
  readonly problem: FormProblem

  constructor(problem: FormProblem) {
    super(problem)
    this.problem = problem
  }
}

export interface Form {
  readonly file: FormFile | undefined
  readonly fields: Readonly<Record<string, string>>
}

const maxParts = 8
const maxFieldSize = 1_024

// Smaller pieces are few or cheap, and may end inside a field that the parser still holds.
const largePiece = 16 * 1_024
const pieceBytes = 64 * 1_024

/**
 * Reads a form, its one file into the sink, with as much memory as two pieces of it. Node copies every piece of a body
 * into a buffer of its own, and V8 frees those only now and then: 50 MB cost 37 MB of resident memory. So a piece is
 * copied into one of two buffers that stay, and its own memory is given back at once: 2 MB.
 */
export const readForm = (
  request: IncomingMessage,
  sink: FileSink,
  options: { readonly maxBytes: number; readonly signal: AbortSignal }
): Promise<Form> =>
  new Promise((resolve, reject) => {
    const fields: Record<string, string> = {}
    let file: FormFile | undefined
    let done = false
    let problem: unknown
    // The parser may hold the end of a piece until the next one comes: two in turn.
    const buffers = [Buffer.allocUnsafeSlow(pieceBytes), Buffer.allocUnsafeSlow(pieceBytes)]
    let turn = 0

    const fail = (error: unknown) => {
      problem ??= error
    }
    const parser = MultipartParser.make({
      headers: { "content-type": request.headers["content-type"] ?? "" },
      maxParts,
      maxFieldSize,
      maxTotalSize: options.maxBytes,
      onField: (info, value) => {
        fields[info.name] = MultipartParser.decodeField(info, value)
      },
      onFile: (info) => {
        if (file !== undefined || info.name !== "file") {
          fail(new FormError("several_files"))
          return () => undefined
        }
        file = { field: info.name, name: info.filename ?? "" }
        return (piece) => {
          if (piece === null || problem !== undefined) return
          try {
            sink.push(piece)
          } catch (error) {
            fail(error)
          }
        }
      },
      onError: (error) => fail(new FormError(isTooLarge(error) ? "too_large" : "malformed")),
      onDone: () => {
        done = true
      }
    })

    const leave = () => {
      request.off("data", onData).off("end", onEnd).off("close", onClose).off("error", onClose)
      options.signal.removeEventListener("abort", onClose)
      // What is left of the body is read past by the server, so that the answer arrives.
      request.on("error", () => undefined)
    }
    const settle = () => {
      leave()
      if (problem === undefined && !done) fail(new FormError("malformed"))
      if (problem === undefined) resolve({ file, fields })
      else reject(problem)
    }
    const onData = (piece: Buffer) => {
      parser.write(own(piece))
      if (problem !== undefined) {
        request.pause()
        return settle()
      }
      request.pause()
      sink.drained().then(
        () => problem === undefined && request.resume(),
        (error: unknown) => {
          fail(error)
          settle()
        }
      )
    }
    const own = (piece: Buffer): Uint8Array => {
      const { buffer, byteLength, byteOffset } = piece
      if (byteLength < largePiece || byteLength > pieceBytes) return piece
      const copy = buffers[(turn ^= 1)]!.subarray(0, byteLength)
      copy.set(piece)
      if (byteOffset === 0 && buffer.byteLength === byteLength && buffer instanceof ArrayBuffer) buffer.transfer(0)
      return copy
    }
    const onEnd = () => {
      parser.end()
      settle()
    }
    const onClose = () => {
      fail(new FormError("cut"))
      settle()
    }

    request.on("data", onData).on("end", onEnd).on("close", onClose).on("error", onClose)
    options.signal.addEventListener("abort", onClose)
    if (problem !== undefined) settle()
  })

const isTooLarge = (error: MultipartParser.MultipartError): boolean =>
  error._tag === "ReachedLimit" && error.limit === "MaxTotalSize"
