import { Effect } from "effect"
import { once } from "node:events"
import { connect, createServer, type Socket } from "node:net"

interface Pair {
  readonly client: Socket
  /** Undefined for a connection that was made while nothing passed. */
  readonly server: Socket | undefined
}

/**
 * The network between a process and its database. Bytes pass until somebody breaks it; what was lost in a black hole
 * stays lost, as with a firewall that forgot the connection: neither side hears of it.
 */
export class DatabaseLink {
  readonly url: string
  readonly #pairs: Set<Pair>
  readonly #lost: Set<Pair>
  readonly #mode: { now: "open" | "cut" | "frozen" }

  constructor(url: string, pairs: Set<Pair>, lost: Set<Pair>, mode: { now: "open" | "cut" | "frozen" }) {
    this.url = url
    this.#pairs = pairs
    this.#lost = lost
    this.#mode = mode
  }

  /** Every connection breaks, and no new one is let in. */
  readonly cut = Effect.sync(() => {
    this.#mode.now = "cut"
    for (const pair of this.#pairs) close(pair)
  })

  /** Nothing passes any more, and nobody is told: connections stay, new ones are taken and never answered. */
  readonly freeze = Effect.sync(() => {
    this.#mode.now = "frozen"
    for (const pair of this.#pairs) this.#lost.add(pair)
  })

  /** New connections pass again. */
  readonly restore = Effect.sync(() => {
    this.#mode.now = "open"
  })

  /** Connections that pass bytes at this moment. */
  get alive(): number {
    return [...this.#pairs].filter((pair) => !this.#lost.has(pair)).length
  }
}

const close = ({ client, server }: Pair) => {
  client.destroy()
  server?.destroy()
}

export const makeDatabaseLink = Effect.fnUntraced(function* (databaseUrl: string) {
  const target = new URL(databaseUrl)
  const pairs = new Set<Pair>()
  const lost = new Set<Pair>()
  const mode: { now: "open" | "cut" | "frozen" } = { now: "open" }

  const take = (client: Socket) => {
    client.on("error", () => undefined)
    if (mode.now === "cut") return void client.destroy()
    const frozen = mode.now === "frozen"
    const server = frozen ? undefined : connect({ host: target.hostname, port: Number(target.port), noDelay: true })
    const pair: Pair = { client, server }
    pairs.add(pair)
    if (server === undefined) {
      lost.add(pair)
      client.resume()
    } else {
      server.on("error", () => undefined)
      client.on("data", (chunk) => lost.has(pair) || server.write(chunk))
      server.on("data", (chunk) => lost.has(pair) || client.write(chunk))
      server.on("close", () => lost.has(pair) || client.destroy())
    }
    client.on("close", () => {
      // In a black hole the other side learns of nothing.
      if (lost.has(pair)) return
      pairs.delete(pair)
      server?.destroy()
    })
  }

  const server = yield* Effect.acquireRelease(
    Effect.promise(async () => {
      const made = createServer({ noDelay: true }, take)
      made.listen(0, "127.0.0.1")
      await once(made, "listening")
      return made
    }),
    (made) =>
      Effect.sync(() => {
        made.close()
        for (const pair of pairs) close(pair)
      })
  )
  const address = server.address()
  const url = new URL(databaseUrl)
  url.hostname = "127.0.0.1"
  url.port = String(typeof address === "object" && address !== null ? address.port : 0)
  return new DatabaseLink(url.href, pairs, lost, mode)
})
