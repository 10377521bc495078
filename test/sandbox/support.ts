import { Effect, type Scope } from "effect"
import type { IncomingMessage } from "node:http"
import { Agent, FormData, request } from "undici"
import { readBody } from "../../src/sandbox/http/body.ts"
import { listen } from "../../src/sandbox/http/listen.ts"
import type { SandboxError } from "../../src/sandbox/SandboxError.ts"
import { Watch } from "../../src/sandbox/Watch.ts"

export interface Reply {
  readonly status: number
  readonly headers: IncomingMessage["headers"]
  readonly text: string
  // oxlint-disable-next-line typescript/no-explicit-any -- wire JSON, looked into field by field
  readonly json: any
}

export interface Ask {
  readonly method?: "GET" | "POST" | "DELETE"
  readonly headers?: Record<string, string>
  readonly body?: string | FormData | object
}

/** One HTTP request; an object as body goes out as JSON. Network failures are defects: the tests expect answers. */
export const ask = (url: string, { method = "POST", headers = {}, body }: Ask = {}): Effect.Effect<Reply> =>
  Effect.promise(async () => {
    const raw = body === undefined || typeof body === "string" || body instanceof FormData
    const answer = await request(url, {
      method,
      dispatcher,
      headers: raw ? headers : { "content-type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: raw ? body : JSON.stringify(body) })
    })
    const text = await answer.body.text()
    const isJson = String(answer.headers["content-type"]).startsWith("application/json")
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text,
      json: isJson && text !== "" ? parse(text) : undefined
    }
  })

const dispatcher = new Agent({ pipelining: 0 })

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export interface Received {
  readonly path: string
  readonly headers: IncomingMessage["headers"]
  readonly params: Readonly<Record<string, unknown>>
  /** How many requests were waiting for their answer when this one came, itself included. */
  readonly open: number
}

export interface Receiver {
  readonly url: string
  readonly received: ReadonlyArray<Received>
  /** The first `count` requests that satisfy the predicate, now or as soon as they come. */
  readonly waitFor: (
    predicate: (received: Received) => boolean,
    count?: number
  ) => Effect.Effect<ReadonlyArray<Received>, SandboxError>
}

/** What a webhook answers: a status, with headers or a body, later when it is a promise. */
export type Verdict =
  | number
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }

/** A webhook endpoint that keeps what it gets and answers what the test says. */
export const receiver = (
  decide: (received: Received) => Verdict | Promise<Verdict>
): Effect.Effect<Receiver, SandboxError, Scope.Scope> =>
  Effect.gen(function* () {
    const received: Array<Received> = []
    const watch = new Watch<Received>()
    let open = 0
    const url = yield* listen((incoming, response) => {
      readBody(incoming, { maxBytes: 1_000_000, keepUploads: false }, (body) => {
        if (typeof body === "string") return void response.writeHead(400).end()
        open++
        const one = { path: incoming.url ?? "", headers: incoming.headers, params: body.params, open }
        received.push(one)
        watch.emit(one)
        void Promise.resolve(decide(one)).then((verdict) => {
          open--
          const {
            status,
            headers,
            body: text
          }: Exclude<Verdict, number> = typeof verdict === "number" ? { status: verdict } : verdict
          return response.writeHead(status, headers).end(text)
        })
      })
    }, {})
    return {
      url,
      received,
      waitFor: (predicate, count = 1) =>
        watch.collect(received, predicate, { count, timeoutMs: 5000, what: "Pedidos esperados no webhook" })
    }
  })

/** A promise that the test settles. */
export const gate = <A>(): { readonly open: (value: A) => void; readonly passed: Promise<A> } => {
  const { promise, resolve } = Promise.withResolvers<A>()
  return { open: resolve, passed: promise }
}

export const TOKEN = "5551234:sandbox-test_token"

/** Calls a method of the Bot API. */
export const botCall = (url: string, method: string, body?: Ask["body"], token = TOKEN): Effect.Effect<Reply> =>
  ask(`${url}/bot${token}/${method}`, body === undefined ? {} : { body })
