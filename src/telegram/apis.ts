import { type Effect, Predicate } from "effect"
import { Api, InputFile } from "grammy"
import type { makeTransport } from "./transport.ts"

type Transport = Effect.Success<ReturnType<typeof makeTransport>>
type RawCall = (...args: ReadonlyArray<unknown>) => Promise<unknown>

// An Api is 1.2 kB and takes 1 µs to make: enough for every bot of a big installation, and nothing lost beyond.
const maxApis = 4_000

const uploadSeconds = 120
const pollMarginSeconds = 10

/**
 * For long polls and uploads; everything else is plain JSON (jsonCall). One cached grammY Api per token and timeout: the
 * timeout belongs to the Api, not to the call.
 */
export const makeApis = (apiRoot: string, transport: Transport) => {
  const cached = new Map<string, Api>()
  return (token: string, method: string, payload: object | undefined): Api => {
    const poll = method === "getUpdates"
    const timeoutSeconds = poll ? pollSeconds(payload) : uploadSeconds
    const key = `${poll ? "poll" : "send"} ${timeoutSeconds} ${token}`
    const known = cached.get(key)
    if (known !== undefined) return known
    const api = new Api(token, { apiRoot, timeoutSeconds, fetch: poll ? transport.poll : transport.send })
    const oldest = cached.size >= maxApis ? cached.keys().next().value : undefined
    if (oldest !== undefined) cached.delete(oldest)
    cached.set(key, api)
    return api
  }
}

const pollSeconds = (payload: object | undefined): number =>
  (Predicate.hasProperty(payload, "timeout") && Predicate.isNumber(payload.timeout) ? payload.timeout : 0) +
  pollMarginSeconds

/** Only files in the payload need more than JSON. */
export const hasUpload = (payload: object | undefined): boolean =>
  payload !== undefined &&
  Object.values(payload).some(
    (value) => value instanceof InputFile || (typeof value === "object" && value !== null && hasUpload(value))
  )

/** Any method by its name, also one younger than grammY's types: hence the cast. */
export const invoke = (
  api: Api,
  method: string,
  payload: object | undefined,
  signal: AbortSignal
): Promise<unknown> => {
  const call = (api.raw as unknown as Record<string, RawCall>)[method] as RawCall
  return call(payload ?? {}, signal)
}
