import { Effect, type Scope } from "effect"
import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { request } from "undici"

/** Stands in front of several processes and gives every request to the next one, whoever it is about. */
export interface Balancer {
  readonly url: string
  readonly setTargets: (urls: ReadonlyArray<string>) => Effect.Effect<void>
}

const passedOn = ["content-type", "x-telegram-bot-api-secret-token"]

export const makeBalancer: Effect.Effect<Balancer, never, Scope.Scope> = Effect.gen(function* () {
  let targets: ReadonlyArray<string> = []
  let turn = 0

  const pass = async (incoming: IncomingMessage, answer: ServerResponse) => {
    const chunks: Array<Buffer> = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const target = targets[turn++ % Math.max(1, targets.length)]
    try {
      const { body, statusCode } = await request(`${target}${incoming.url}`, {
        method: "POST",
        headers: Object.fromEntries(
          passedOn.flatMap((name) => {
            const value = incoming.headers[name]
            return typeof value === "string" ? [[name, value]] : []
          })
        ),
        body: Buffer.concat(chunks)
      })
      answer.writeHead(statusCode).end(await body.text())
    } catch {
      answer.writeHead(502).end()
    }
  }

  const server = yield* Effect.acquireRelease(
    Effect.promise(async () => {
      const made = createServer((incoming, answer) => void pass(incoming, answer))
      made.listen(0, "127.0.0.1")
      await once(made, "listening")
      return made
    }),
    (made) =>
      Effect.sync(() => {
        made.close()
        made.closeAllConnections()
      })
  )
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    setTargets: (urls) =>
      Effect.sync(() => {
        targets = urls
      })
  }
})
