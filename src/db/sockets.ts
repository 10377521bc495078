import { connect, type NetConnectOpts, type Socket } from "node:net"
import { Duplex } from "node:stream"

/**
 * The sockets of this process to its database. Neither TCP nor the driver ends a statement whose answer got lost on the
 * way: whoever finds out that the database is away cuts them here, and all who wait have their error at once.
 */
export class Sockets {
  readonly #target: NetConnectOpts
  readonly #open = new Set<Socket>()
  #refusing = false
  #closedBytes = 0

  constructor(url: string) {
    this.#target = targetOf(url)
  }

  /** For the driver's `stream` option. */
  readonly open = (): Duplex => {
    if (this.#refusing) return refused()
    const socket = connect(this.#target)
    // An idle connection that died in silence is known as dead after about 20 s.
    socket.setKeepAlive(true, keepAliveMs)
    this.#open.add(socket)
    socket.once("close", () => {
      this.#open.delete(socket)
      this.#closedBytes += socket.bytesRead
    })
    return socket
  }

  /** Grows with every answer; only to be compared. */
  get heard(): number {
    let bytes = this.#closedBytes
    for (const socket of this.#open) bytes += socket.bytesRead
    return bytes
  }

  cut(): void {
    for (const socket of this.#open) socket.destroy(silence())
  }

  /** No new ones until `accept`: each would wait for its own time-out. */
  refuse(): void {
    this.#refusing = true
    this.cut()
  }

  accept(): void {
    this.#refusing = false
  }
}

const keepAliveMs = 10_000

const silence = () => Object.assign(new Error("a conexão com o banco de dados não responde"), { code: "ETIMEDOUT" })

const refused = (): Duplex => {
  const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
  process.nextTick(() => stream.destroy(silence()))
  return stream
}

/** As the driver reads it: `host` and `port` may also stand behind the question mark, a path is a Unix socket. */
const targetOf = (address: string): NetConnectOpts => {
  const url = new URL(address)
  const named = url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : decodeURIComponent(url.hostname)
  const host = url.searchParams.get("host") ?? (named === "" ? "localhost" : named)
  const port = Number(url.searchParams.get("port") ?? (url.port === "" ? "5432" : url.port))
  return host.startsWith("/") ? { path: `${host}/.s.PGSQL.${port}` } : { host, port, noDelay: true }
}
