import { AwsV4Signer } from "aws4fetch"
import { Effect, Redacted, Schedule, type Scope } from "effect"
import type { Readable } from "node:stream"
import { Agent, type Dispatcher } from "undici"
import { isMissing, MediaStoreError, MissingFile, StoreAway, StoreRefused } from "../MediaStoreError.ts"
import type { OpenedFile, Store } from "../MediaStore.ts"
import { quietly } from "../quietly.ts"
import { piecesOf } from "./pieces.ts"

export interface S3Options {
  readonly endpoint: string
  readonly bucket: string
  readonly region: string
  readonly accessKeyId: Redacted.Redacted<string>
  readonly secretAccessKey: Redacted.Redacted<string>
}

type Operation = MediaStoreError["operation"]
type Answer = Dispatcher.ResponseData

interface Ask {
  readonly operation: Operation
  readonly method: "PUT" | "GET" | "HEAD" | "DELETE"
  readonly key: string
  readonly headers?: Record<string, string>
  /** Made anew for every try. */
  readonly body?: () => AsyncIterable<Uint8Array>
}

const quietMs = 30_000
// undici asks for the next piece when the socket has taken the last one whole: a piece is more than its 64 KiB.
const oneByOne = { held: 1, bytes: 256 * 1024 }
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
// Every call may be repeated: keys are named after their bytes.
const again = { times: 2, schedule: Schedule.exponential("200 millis"), while: (e: MediaStoreError) => e.retryable }

/**
 * Any S3 by path-style addresses, Cloudflare R2 among them. A file's hash is part of the signature, so the store checks
 * the bytes it got. The signing is aws4fetch's; the requests are undici's, whose bodies stream with a known length.
 */
export const makeS3Store: (options: S3Options) => Effect.Effect<Store, never, Scope.Scope> = Effect.fnUntraced(
  function* (options: S3Options) {
    const agent = yield* Effect.acquireRelease(
      Effect.sync(
        () => new Agent({ connections: 16, connect: { timeout: 5_000 }, headersTimeout: quietMs, bodyTimeout: quietMs })
      ),
      (made) => Effect.promise(() => made.destroy())
    )
    const root = `${options.endpoint.replace(/\/+$/, "")}/${encodeURIComponent(options.bucket)}`
    const signingKeys = new Map<string, ArrayBuffer>()

    const sign = (ask: Ask) =>
      new AwsV4Signer({
        service: "s3",
        region: options.region,
        accessKeyId: Redacted.value(options.accessKeyId),
        secretAccessKey: Redacted.value(options.secretAccessKey),
        cache: signingKeys,
        method: ask.method,
        url: `${root}/${ask.key.split("/").map(encodeURIComponent).join("/")}`,
        headers: { "x-amz-content-sha256": emptyHash, ...ask.headers }
      }).sign()

    const once = (ask: Ask) =>
      Effect.tryPromise({
        try: async (signal) => {
          const { headers, url } = await sign(ask)
          const answer = await agent.request({
            origin: url.origin,
            path: url.pathname,
            method: ask.method,
            headers: Object.fromEntries(headers),
            // undici takes any iterable and waits for each piece; its types know only streams.
            body: (ask.body?.() ?? null) as Readable | null,
            signal
          })
          quietly(answer.body)
          return answer
        },
        catch: (error) => storeAway(ask.operation, error)
      }).pipe(
        Effect.filterOrElse(isFine, (answer) => Effect.flatMap(bodyOf(answer, ask.operation), refuse(ask, answer)))
      )

    const done = (ask: Ask) =>
      once(ask).pipe(
        Effect.flatMap((answer) => bodyOf(answer, ask.operation)),
        Effect.asVoid,
        Effect.retry(again)
      )

    const open = (key: string) =>
      Effect.map(Effect.retry(once({ operation: "open", method: "GET", key }), again), opened)

    return {
      put: (key, file, mime) =>
        done({
          operation: "put",
          method: "PUT",
          key,
          headers: {
            "content-type": mime,
            "content-length": String(file.bytes),
            "x-amz-content-sha256": file.sha256
          },
          body: () => piecesOf(file.path, oneByOne)
        }),
      open,
      pieces: (key) => Effect.map(open(key), ({ stream }) => stream),
      exists: (key) =>
        done({ operation: "exists", method: "HEAD", key }).pipe(
          Effect.as(true),
          Effect.catchIf(isMissing, () => Effect.succeed(false))
        ),
      remove: (key) =>
        done({ operation: "remove", method: "DELETE", key }).pipe(Effect.catchIf(isMissing, () => Effect.void))
    }
  }
)

const isFine = (answer: Answer) => answer.statusCode < 300

const opened = ({ body, headers }: Answer): OpenedFile => ({ bytes: Number(headers["content-length"]), stream: body })

/** Read to its end, so that the connection can be used again. */
const bodyOf = (answer: Answer, operation: Operation) =>
  Effect.tryPromise({ try: () => answer.body.text(), catch: (error) => storeAway(operation, error) })

const refuse =
  ({ key, operation }: Ask, { statusCode }: Answer) =>
  (body: string) => {
    const code = /<Code>(\w{1,60})<\/Code>/.exec(body)?.[1] ?? `HTTP ${statusCode}`
    return Effect.fail(new MediaStoreError({ operation, reason: reasonOf(statusCode, code, key) }))
  }

const reasonOf = (status: number, code: string, key: string) => {
  if (code === "NoSuchBucket") return new StoreRefused({ detail: "o bucket de S3_BUCKET não existe" })
  if (status === 404) return new MissingFile({ key })
  if (code === "RequestTimeTooSkewed") return new StoreRefused({ detail: "o relógio deste servidor está errado" })
  if (status === 401 || status === 403) return new StoreRefused({ detail: `confira as chaves de S3_…: ${code}` })
  return status >= 500 || status === 429 || status === 408
    ? new StoreAway({ detail: code })
    : new StoreRefused({ detail: code })
}

/** Only a code: the message of a network error names addresses. */
const storeAway = (operation: Operation, error: unknown) => {
  const code = (error as NodeJS.ErrnoException).code
  const detail = typeof code === "string" && /^[A-Z0-9_]{3,60}$/.test(code) ? code : "rede"
  return new MediaStoreError({ operation, reason: new StoreAway({ detail }) })
}
