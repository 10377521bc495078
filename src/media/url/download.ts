import { Effect, Option, type Scope } from "effect"
import { lookup } from "node:dns"
import { isIP, type LookupFunction } from "node:net"
import { Agent, type Dispatcher } from "undici"
import { ImportRefused } from "../../bots/MediaImport.ts"
import type { MediaKind } from "../../domain/contentModel.ts"
import { maxBytesOf, tooLarge } from "../../domain/mediaFile.ts"
import type { SpooledFile } from "../MediaStore.ts"
import { quietly } from "../quietly.ts"
import { Spool } from "../spool.ts"
import { AddressPolicy } from "./AddressPolicy.ts"

export interface Downloaded {
  readonly file: SpooledFile
  readonly fileName: string | undefined
}

const maxRedirects = 3
const quietMs = 15_000
const wholeMs = 60_000
const internal = "Este endereço leva a uma rede interna e não pode ser usado."
const silent = "O endereço da mídia não respondeu. Confira se ele abre no navegador."
const slow = "O endereço da mídia demorou demais para responder."

const refuse = (message: string) => Effect.fail(new ImportRefused({ message }))

class Forbidden extends Error {
  readonly code = "FORBIDDEN_ADDRESS"
}

/** Fetches a media from anywhere but our own network: every address that a name stands for is looked at. */
export const makeDownload = Effect.gen(function* () {
  const policy = yield* AddressPolicy
  const spool = yield* Spool

  // The addresses that were checked are those that are connected to: a name cannot change in between.
  const checked: LookupFunction = (hostname, options, callback) =>
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, [])
      if (!addresses.every(({ address }) => policy.allows(address))) return callback(new Forbidden(), [])
      const [first] = addresses
      return options.all === true || first === undefined
        ? callback(null, addresses)
        : callback(null, first.address, first.family)
    })

  const request = Effect.fnUntraced(function* (agent: Agent, url: URL) {
    const host = url.hostname.replace(/^\[|\]$/g, "")
    // A number is connected to without being looked up.
    if (isIP(host) !== 0 && !policy.allows(host)) return yield* refuse(internal)
    return yield* Effect.tryPromise({
      try: async (signal) => {
        const answer = await agent.request({
          origin: url.origin,
          path: url.pathname + url.search,
          method: "GET",
          headers: { accept: "*/*", "accept-encoding": "identity", "user-agent": "Funil" },
          signal
        })
        quietly(answer.body)
        return answer
      },
      catch: (error) => new ImportRefused({ message: sentenceOf(error) })
    })
  })

  const follow = (
    agent: Agent,
    url: URL,
    redirects: number
  ): Effect.Effect<readonly [URL, Dispatcher.ResponseData], ImportRefused> =>
    Effect.gen(function* () {
      if (!/^https?:$/.test(url.protocol)) return yield* refuse("O endereço da mídia precisa ser http ou https.")
      const answer = yield* request(agent, url)
      const { body, headers, statusCode } = answer
      const target = headers["location"]
      if (statusCode < 300 || statusCode >= 400 || typeof target !== "string") return [url, answer] as const
      body.destroy()
      if (redirects === maxRedirects || !URL.canParse(target, url.href)) {
        return yield* refuse("O endereço da mídia manda para outro endereço vezes demais.")
      }
      return yield* follow(agent, new URL(target, url), redirects + 1)
    })

  /** The file goes with the scope. */
  return Effect.fn("Media.download")(function* (
    address: string,
    kind: MediaKind
  ): Effect.fn.Return<Downloaded, ImportRefused, Scope.Scope> {
    const agent = yield* Effect.acquireRelease(
      Effect.sync(
        () =>
          new Agent({
            connect: { lookup: checked, timeout: 5_000 },
            headersTimeout: quietMs,
            bodyTimeout: quietMs,
            maxHeaderSize: 16_384
          })
      ),
      (made) => Effect.promise(() => made.destroy())
    )
    const maxBytes = maxBytesOf(kind)
    const whole = Effect.gen(function* () {
      const [url, { body, headers, statusCode }] = yield* follow(agent, new URL(address), 0)
      if (statusCode !== 200) return yield* refuse(`O endereço da mídia respondeu com o erro ${statusCode}.`)
      if (Number(headers["content-length"] ?? 0) > maxBytes) return yield* refuse(tooLarge(kind).message)
      const file = yield* spool.take(body, maxBytes).pipe(
        Effect.mapError(({ why }) =>
          why === "too_long"
            ? new ImportRefused({ message: tooLarge(kind).message })
            : new ImportRefused({
                message: why === "disk" ? "Não consegui guardar a mídia: o disco falhou." : silent
              })
        )
      )
      return { file, fileName: nameIn(url) }
    })
    const result = yield* Effect.timeoutOption(whole, wholeMs)
    return Option.isSome(result) ? result.value : yield* refuse(slow)
  })
})

const sentenceOf = (error: unknown): string => {
  const code = (error as NodeJS.ErrnoException).code
  if (code === "FORBIDDEN_ADDRESS") return internal
  if (code === "ENOTFOUND") return "O endereço da mídia não existe."
  return code === "UND_ERR_HEADERS_TIMEOUT" || code === "UND_ERR_CONNECT_TIMEOUT" ? slow : silent
}

const nameIn = (url: URL): string | undefined => {
  const last = url.pathname.split("/").at(-1) ?? ""
  try {
    return decodeURIComponent(last)
  } catch {
    return last
  }
}
