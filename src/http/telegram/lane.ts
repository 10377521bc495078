import { Effect, Exit, Layer, Option } from "effect"
import type { IncomingMessage, ServerResponse } from "node:http"
import { telemetry } from "../../log/telemetry.ts"
import { maxBodyBytes } from "../body.ts"
import { ourFault, type Problem, problemStatus } from "../problem.ts"
import { requestIdOf } from "../request.ts"
import { NodeServer } from "../server/NodeServer.ts"
import { secretHeader, TelegramWebhook } from "./TelegramWebhook.ts"

/**
 * The lane for good webhooks: known bot, right secret, a body that declares its length and is not too long. Everything
 * else is left to the route of the same path, which says why not. No fiber is made for one that is
 * well, and a client that goes away does not interrupt its commit.
 */
export const TelegramLane = Layer.effectDiscard(
  Effect.gen(function* () {
    const server = yield* NodeServer
    const webhook = yield* TelegramWebhook
    const fork = Effect.runForkWith(yield* Effect.context<never>())

    server.lane = (request, response) => {
      const slug = request.method === "POST" ? slugOf(request.url ?? "") : undefined
      if (slug === undefined || !declaresFittingBody(request)) return false
      const secret = request.headers[secretHeader]
      const bot = webhook.admit(slug, typeof secret === "string" ? secret : undefined)
      if (Option.isNone(bot)) return false
      const begunMs = performance.now()
      readText(request, (raw) => {
        const acknowledge = (refusal: Problem | undefined) => {
          answer(response, refusal)
          const seconds = (performance.now() - begunMs) / 1000
          if (refusal === undefined) acknowledgements.record(seconds)
          else telemetry.acks.record({ result: refusal.error }, seconds)
        }
        webhook.submit(bot.value, raw, requestIdOf(request), (refusal) => {
          if (refusal === undefined) return acknowledge(undefined)
          fork(refusal).addObserver((exit) => acknowledge(Exit.isSuccess(exit) ? exit.value : ourFault))
        })
      })
      return true
    }
  })
)

const acknowledgements = telemetry.acks.of({ result: "ok" })

const prefix = "/tg/"
const suffix = "/webhook"

const slugOf = (url: string): string | undefined => {
  const query = url.indexOf("?")
  const path = query === -1 ? url : url.slice(0, query)
  return path.startsWith(prefix) && path.endsWith(suffix) ? path.slice(prefix.length, -suffix.length) : undefined
}

const declaresFittingBody = (request: IncomingMessage): boolean => {
  const length = Number(request.headers["content-length"])
  return length > 0 && length <= maxBodyBytes
}

const readText = (request: IncomingMessage, done: (text: string) => void): void => {
  const chunks: Array<Buffer> = []
  request.on("data", (chunk: Buffer) => chunks.push(chunk))
  request.on("end", () => done((chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)).toString()))
}

const acknowledged = { "content-length": 0 }

const answer = (response: ServerResponse, refusal: Problem | undefined): void => {
  if (refusal === undefined) {
    response.writeHead(200, acknowledged).end()
    return
  }
  const body = JSON.stringify(refusal)
  response
    .writeHead(problemStatus(refusal), {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body)
    })
    .end(body)
}
