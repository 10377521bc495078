import { Effect } from "effect"
import { GrammyError, HttpError } from "grammy"
import type { Dispatcher } from "undici"
import { HeldBack } from "./HeldBack.ts"
import { toAnswer } from "./transport.ts"

/** Telegram itself sleeps up to 8 s before it answers a limited bot: a shorter timeout would make such sends ambiguous. */
const callTimeoutMs = 20_000
const headers = { "content-type": "application/json" }

type Done = (text: string, status: number, retryAfter: unknown) => void

/**
 * The answer of one call on its way in. Promises, streams and abort signals, which `request` makes for each call, cost
 * more than the call: by `dispatch` it takes 24 µs of CPU where `request` takes 33 and grammY's Api over it 56.
 */
class Answering implements Dispatcher.DispatchHandler {
  readonly #done: Done
  readonly #failed: (error: unknown) => void
  readonly #mayLeave: (() => boolean) | undefined
  readonly #chunks: Array<Buffer> = []
  #status = 0
  #retryAfter: unknown
  #controller: Dispatcher.DispatchController | undefined
  #aborted = false

  constructor(done: Done, failed: (error: unknown) => void, mayLeave: (() => boolean) | undefined) {
    this.#done = done
    this.#failed = failed
    this.#mayLeave = mayLeave
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#aborted) this.abort()
    // Between `dispatch` and this undici looks whether the socket is still good, a turn of the event loop later.
    else if (this.#mayLeave?.() === false) controller.abort(new HeldBack())
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    received: Record<string, string | Array<string> | undefined>
  ): void {
    this.#status = status
    this.#retryAfter = received["retry-after"]
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    const [only] = this.#chunks
    const whole = this.#chunks.length === 1 && only !== undefined ? only : Buffer.concat(this.#chunks)
    this.#done(whole.toString("utf8"), this.#status, this.#retryAfter)
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#failed(error)
  }

  abort(): void {
    this.#aborted = true
    this.#controller?.abort(new Error("interrupted"))
  }
}

/** A call without files, as JSON over the pool: its result, or grammY's own errors, which `classify` reads. */
export const jsonCallOver = (dispatcher: Dispatcher, apiRoot: string) => {
  const origin = /^https?:\/\/[^/]+/i.exec(apiRoot)?.[0] ?? apiRoot
  const prefix = apiRoot.slice(origin.length)
  return (
    token: string,
    method: string,
    payload: object | undefined,
    mayLeave?: () => boolean
  ): Effect.Effect<unknown, unknown> =>
    Effect.callback((resume) => {
      const answering = new Answering(
        (text, status, retryAfter) => {
          const answer = toAnswer(text, status, retryAfter) as {
            readonly ok: boolean
            readonly result?: unknown
          }
          resume(answer.ok ? Effect.succeed(answer.result) : Effect.fail(refusal(answer, method, payload)))
        },
        (error) => resume(Effect.fail(new HttpError("network", error))),
        mayLeave
      )
      try {
        dispatcher.dispatch(
          {
            origin,
            path: `${prefix}/bot${token}/${method}`,
            method: "POST",
            headers,
            body: JSON.stringify(payload ?? {}, withoutNull),
            headersTimeout: callTimeoutMs,
            bodyTimeout: callTimeoutMs
          },
          answering
        )
      } catch (error) {
        resume(Effect.fail(error))
      }
      return Effect.sync(() => answering.abort())
    })
}

const refusal = (answer: object, method: string, payload: object | undefined) =>
  new GrammyError("refused", answer as ConstructorParameters<typeof GrammyError>[1], method, {
    ...payload
  })

const withoutNull = (_: string, value: unknown) => value ?? undefined
