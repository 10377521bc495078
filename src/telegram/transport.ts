import { Effect, Predicate } from "effect"
import type { ApiClientOptions } from "grammy"
import { Agent, type Dispatcher } from "undici"

/** What grammY hands to `fetch`: JSON as a string, or a multipart stream when an InputFile is inside. */
interface FetchInit {
  readonly headers: Record<string, string>
  readonly body: Dispatcher.DispatchOptions["body"]
  readonly signal: AbortSignal
}

type Fetch = NonNullable<ApiClientOptions["fetch"]>

// HTTP/1.1 on purpose: what is measured is HTTP/1.1, and a lost HTTP/2 connection makes every call on it ambiguous.
// grammY's own timer bounds the whole call, so undici's two are off. Idle sockets go before the server drops them:
// a request written to a socket that is just being closed is an ambiguous one.
const agentOptions: Agent.Options = {
  pipelining: 1,
  allowH2: false,
  keepAliveTimeout: 20_000,
  keepAliveMaxTimeout: 60_000,
  headersTimeout: 0,
  bodyTimeout: 0,
  connect: { timeout: 5_000 }
}

/**
 * A call to Telegram takes some 60 ms, so 64 connections would be 1,000 calls a second for all bots together. The lanes
 * share them out, so that no bot takes them all.
 */
export const sendConnections = 256

const scopedAgent = (options: Agent.Options) =>
  Effect.acquireRelease(
    Effect.sync(() => new Agent(options)),
    (agent) => Effect.promise(() => agent.destroy())
  )

/**
 * The two ways out. A long poll holds its connection for half a minute, so polls have a pool of their own: some
 * dozens of polled bots would otherwise leave no connection to answer on.
 */
export const makeTransport = Effect.fnUntraced(function* (apiRoot: string) {
  const send = yield* scopedAgent({ ...agentOptions, connections: sendConnections })
  const poll = yield* scopedAgent(agentOptions)
  return { send: fetchOver(send, apiRoot), poll: fetchOver(poll, apiRoot), dispatcher: send }
})

/**
 * grammY with its own node-fetch costs 124–136 µs of CPU per call, over undici's `fetch` 143–178, over `request` a
 * third of that. All that grammY asks of the answer is `json()`, hence the cast.
 */
const fetchOver = (dispatcher: Dispatcher, apiRoot: string): Fetch => {
  const origin = /^https?:\/\/[^/]+/i.exec(apiRoot)?.[0] ?? apiRoot
  const fetch = async (url: string, init: FetchInit) => {
    const { body, headers, statusCode } = await dispatcher.request({
      origin,
      path: url.slice(origin.length),
      method: "POST",
      headers: { "content-type": init.headers["content-type"] ?? "application/json" },
      body: init.body ?? null,
      signal: init.signal
    })
    return { json: async () => toAnswer(await body.text(), statusCode, headers["retry-after"]) }
  }
  return fetch as unknown as Fetch
}

/**
 * A gateway in front of Telegram answers in HTML, a wrong address in anything. Such an answer becomes a refusal with
 * its HTTP status, so that one place decides what it means; a success that cannot be read counts as a bad gateway.
 */
export const toAnswer = (text: string, status: number, retryAfter: unknown): object => {
  const answer = parse(text)
  if (Predicate.isObject(answer) && "ok" in answer) {
    if (answer.ok === true) return answer
    if (answer.ok === false && "error_code" in answer && Predicate.isNumber(answer.error_code)) return answer
  }
  const seconds = Number(retryAfter)
  return {
    ok: false,
    error_code: status >= 300 ? status : 502,
    description: `resposta inesperada (HTTP ${status})`,
    ...(seconds > 0 ? { parameters: { retry_after: seconds } } : {})
  }
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
