import type { IncomingMessage, ServerResponse } from "node:http"
import { type Body, type BodyProblem, type Params, readBody, type Upload } from "../http/body.ts"
import { CONTROL_PREFIX } from "../http/control.ts"
import { decodePart } from "../http/decode.ts"
import type { BotState } from "./Bot.ts"
import type { Call } from "./CallLog.ts"
import type { FaultAnswer } from "./Faults.ts"
import { type CallContext, Described } from "./methods/Method.ts"
import { findMethod, type NamedMethod } from "./methods/table.ts"
import { flagOf, integerOf, isRecord } from "./params.ts"
import { Later } from "./Polling.ts"
import { badRequest, Refusal, tooMany } from "./Refusal.ts"
import type { World } from "./World.ts"

/** Uploads end at 50 MB; the rest is room for the other parts of a multipart body. */
const MAX_BODY_BYTES = 50 * 1024 * 1024 + 64 * 1024
const BAD_GATEWAY =
  "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx/1.18.0</center>\r\n</body>\r\n</html>\r\n"
const NOTHING: Body = { params: {}, files: new Map() }

/** The answer of one call: JSON, or the text of a proxy in front. */
interface Answer {
  readonly status: number
  readonly body: unknown
  readonly fault?: Call["fault"]
}

/** Handles `/bot<token>/<method>` and leaves the control routes to `control`. */
export const telegramHandler = (
  world: World,
  control: (request: IncomingMessage, response: ServerResponse) => void
) => {
  world.onWebhookReply = (bot, body) => replyCall(world, bot, body)
  return (request: IncomingMessage, response: ServerResponse): void => {
    const url = request.url ?? "/"
    if (url.startsWith(CONTROL_PREFIX)) return control(request, response)
    new Exchange(world, request, response).begin(url)
  }
}

class Exchange {
  readonly #world: World
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #receivedAt = performance.now()
  #bot: BotState | undefined
  #method = ""
  #params: Params = {}
  #files: ReadonlyMap<string, Upload> = NOTHING.files

  constructor(world: World, request: IncomingMessage, response: ServerResponse) {
    this.#world = world
    this.#request = request
    this.#response = response
    // Nobody reads it, and it costs a little in every answer.
    response.sendDate = false
  }

  begin(url: string): void {
    const query = url.indexOf("?")
    const path = query < 0 ? url : url.slice(0, query)
    const slash = path.indexOf("/", 4)
    if (!path.startsWith("/bot") || slash < 0) return this.#refuse(new Refusal(404, "Not Found"))
    const token = decodePart(path.slice(4, slash))
    this.#method = path.slice(slash + 1)
    this.#bot = this.#world.bots.get(token)
    if (query >= 0) this.#params = Object.fromEntries(new URLSearchParams(url.slice(query + 1)))
    const options = { maxBytes: MAX_BODY_BYTES, keepUploads: this.#world.uploads.keeps }
    readBody(this.#request, options, (body) => this.#received(body))
  }

  #received(body: Body | BodyProblem): void {
    if (body === "aborted") return
    if (body === "too_large") return this.#refuse(new Refusal(413, "Request Entity Too Large"))
    if (body === "malformed") return this.#refuse(badRequest("can't parse the request's body"))
    if (this.#bot === undefined) return this.#refuse(new Refusal(401, "Unauthorized"))
    const method = findMethod(this.#method)
    if (method === undefined) return this.#refuse(new Refusal(404, "Not Found"))
    this.#method = method.name
    this.#params = Object.keys(this.#params).length === 0 ? body.params : { ...this.#params, ...body.params }
    this.#files = body.files
    this.#run(this.#bot, method)
  }

  #run(bot: BotState, method: NamedMethod): void {
    const context = { world: this.#world, bot, params: this.#params, files: this.#files }
    const chat = integerOf(this.#params, "chat_id")
    const fault = this.#world.faults.strike(bot.id, method.name, chat)
    if (fault !== undefined) return this.#fail(fault, context, method)
    const wait = waitOf(context, method.name, chat)
    if (wait > 0) return this.#answer({ ...refusal(tooMany(wait)), fault: "rate" })
    const result = execute(context, method)
    if (!(result instanceof Later)) return this.#answer(answerOf(result))
    const cancel = result.start((later) => this.#answer(answerOf(later)))
    this.#response.on("close", cancel)
  }

  #fail(fault: FaultAnswer, context: CallContext, method: NamedMethod): void {
    if ("applied" in fault && fault.applied === true) execute(context, method)
    switch (fault.kind) {
      case "limited":
        return this.#answer({ ...refusal(tooMany(fault.retryAfter)), fault: "fault" })
      case "forbidden":
        return this.#answer({ ...refusal(new Refusal(403, fault.description)), fault: "fault" })
      case "refused":
        return this.#answer({
          ...refusal(new Refusal(fault.code ?? 400, fault.description, fault.parameters)),
          fault: "fault"
        })
      case "server":
        return this.#answer({ status: fault.status ?? 502, body: fault.body ?? BAD_GATEWAY, fault: "fault" })
      case "timeout":
        return this.#record(0, undefined, "fault")
      case "reset":
        this.#request.socket.destroy()
        return this.#record(0, undefined, "fault")
    }
  }

  #refuse(error: Refusal): void {
    this.#answer(refusal(error))
  }

  #answer(answer: Answer): void {
    const { latencyMs } = this.#world.settings
    if (latencyMs > 0) this.#world.timers.after(latencyMs, () => this.#write(answer))
    else this.#write(answer)
  }

  #write({ status, body, fault }: Answer): void {
    const html = typeof body === "string"
    const text = html ? body : JSON.stringify(body)
    const headers: Record<string, string | number> = {
      "content-type": html ? "text/html" : "application/json",
      "content-length": Buffer.byteLength(text)
    }
    if (status === 429) headers["retry-after"] = retryAfterOf(body)
    // What is left of a refused upload would be taken for the next request.
    if (status === 413) headers.connection = "close"
    this.#response.writeHead(status, headers).end(text)
    this.#record(status, body, fault)
  }

  #record(status: number, response: unknown, fault: Call["fault"]): void {
    this.#world.calls.add({
      method: this.#method,
      botId: this.#bot?.id,
      params: this.#params,
      files: this.#files.size === 0 ? [] : [...this.#files.values()],
      receivedAt: this.#receivedAt,
      answeredAt: performance.now(),
      status,
      ok: status === 200,
      response,
      fault,
      via: "http"
    })
  }
}

const waitOf = ({ world, bot, params }: CallContext, method: string, chat: number | undefined): number =>
  world.settings.rate === null
    ? 0
    : world.rate.waitOf(bot.id, method.toLowerCase(), chat, flagOf(params, "allow_paid_broadcast"), performance.now())

/** A method's result or its Refusal; anything else that is thrown is a defect of the stand-in and answered as 500. */
const execute = (context: CallContext, method: NamedMethod): unknown => {
  try {
    return method.run(context)
  } catch (error) {
    if (error instanceof Refusal) return error
    return new Refusal(500, `Internal Server Error: sandbox: ${String(error)}`)
  }
}

const answerOf = (result: unknown): Answer => {
  if (result instanceof Refusal) return refusal(result)
  if (result instanceof Described) {
    return { status: 200, body: { ok: true, result: result.result, description: result.description } }
  }
  return { status: 200, body: { ok: true, result } }
}

const refusal = ({ code, message, parameters }: Refusal): Answer => ({
  status: code,
  body: { ok: false, error_code: code, description: message, ...(parameters === undefined ? {} : { parameters }) }
})

const retryAfterOf = (body: unknown): number =>
  isRecord(body) && isRecord(body.parameters) ? Number(body.parameters.retry_after) : 1

/** A method call in the answer of a webhook: carried out, its result thrown away. */
const replyCall = (world: World, bot: BotState, body: string): void => {
  const params = parsed(body)
  if (params === undefined || typeof params.method !== "string") return
  const method = findMethod(params.method)
  if (method === undefined || /^(get|setwebhook|deletewebhook|close|logout)/i.test(method.name)) return
  const receivedAt = performance.now()
  const { status, body: response } = answerOf(execute({ world, bot, params, files: NOTHING.files }, method))
  const answeredAt = performance.now()
  const timing = { receivedAt, answeredAt, status, ok: status === 200, response }
  world.calls.add({
    method: method.name,
    botId: bot.id,
    params,
    files: [],
    ...timing,
    fault: undefined,
    via: "webhook"
  })
}

const parsed = (body: string): Params | undefined => {
  try {
    const value: unknown = JSON.parse(body)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}
