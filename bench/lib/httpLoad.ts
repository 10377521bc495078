import { connect, type Socket } from "node:net"

// A load client over plain sockets: undici would spend more CPU per request than the servers under test.

export interface LoadTarget {
  readonly port: number
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: (index: number) => string
}

export interface LoadResult {
  /** Milliseconds of each answered request. */
  readonly latencies: Float64Array
  readonly statuses: Readonly<Record<string, number>>
  readonly seconds: number
}

const frame = (target: LoadTarget, index: number): string => {
  const body = target.body(index)
  const headers = Object.entries(target.headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return (
    `POST ${target.path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n${headers.join("")}` +
    `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  )
}

interface Connection {
  readonly send: (request: string) => Promise<string>
  /** The server closes one that says nothing for 15 s. */
  readonly isOpen: () => boolean
  readonly close: () => void
}

/** One keep-alive connection; resolves each request with its status. */
const openConnection = (port: number) =>
  new Promise<Connection>((resolve, reject) => {
    const socket: Socket = connect(port, "127.0.0.1")
    socket.setNoDelay(true)
    let waiting: ((status: string) => void) | undefined
    let received = ""
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1")
      const end = received.indexOf("\r\n\r\n")
      if (end === -1) return
      const length = Number(/content-length: (\d+)/i.exec(received)?.[1] ?? 0)
      if (received.length < end + 4 + length) return
      const status = received.slice(9, 12)
      received = ""
      waiting?.(status)
    })
    const fail = () => waiting?.("reset")
    socket.on("close", fail)
    socket.on("error", (error) => (waiting === undefined ? reject(error) : fail()))
    socket.on("connect", () =>
      resolve({
        send: (request) =>
          new Promise((answer) => {
            waiting = answer
            socket.write(request)
          }),
        isOpen: () => socket.writable,
        close: () => socket.destroy()
      })
    )
  })

/** Closed loop: `connections` senders, each with one request under way, until `total` are answered. */
export const closedLoop = async (target: LoadTarget, connections: number, total: number): Promise<LoadResult> => {
  const latencies = new Float64Array(total)
  const statuses: Record<string, number> = {}
  let next = 0
  const open = await Promise.all(Array.from({ length: connections }, () => openConnection(target.port)))
  const begun = performance.now()
  await Promise.all(
    open.map(async (connection) => {
      while (next < total) {
        const index = next++
        const sent = performance.now()
        const status = await connection.send(frame(target, index))
        latencies[index] = performance.now() - sent
        statuses[status] = (statuses[status] ?? 0) + 1
      }
    })
  )
  const seconds = (performance.now() - begun) / 1000
  for (const connection of open) connection.close()
  return { latencies, statuses, seconds }
}

/** Open loop: `rate` requests a second by the clock, however slow the answers are; latency counts from the due time. */
export const openLoop = async (target: LoadTarget, rate: number, total: number): Promise<LoadResult> => {
  const latencies = new Float64Array(total)
  const statuses: Record<string, number> = {}
  const idle = await Promise.all(Array.from({ length: 64 }, () => openConnection(target.port)))
  const queued: Array<number> = []
  const running: Array<Promise<void>> = []
  const begun = performance.now()
  const due = (index: number) => begun + (index * 1000) / rate

  const start = (index: number) => {
    const connection = idle.pop()
    if (connection === undefined) {
      queued.push(index)
      return
    }
    const open = connection.isOpen() ? Promise.resolve(connection) : openConnection(target.port)
    running.push(
      open.then(async (fresh) => {
        const status = await fresh.send(frame(target, index))
        latencies[index] = performance.now() - due(index)
        statuses[status] = (statuses[status] ?? 0) + 1
        idle.push(fresh)
        const waiting = queued.shift()
        if (waiting !== undefined) start(waiting)
      })
    )
  }

  await new Promise<void>((resolve) => {
    let index = 0
    const tick = () => {
      const now = performance.now()
      while (index < total && due(index) <= now) start(index++)
      if (index < total) setTimeout(tick, 1)
      else resolve()
    }
    tick()
  })
  for (let done = 0; done < running.length; done++) await running[done]
  const seconds = (performance.now() - begun) / 1000
  for (const connection of idle) connection.close()
  return { latencies, statuses, seconds }
}

export const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0) / values.length

export const percentile = (values: ArrayLike<number>, p: number): number => {
  const sorted = Float64Array.from(values).toSorted()
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? 0
}
