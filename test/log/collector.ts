import { Effect } from "effect"
import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

export interface Span {
  readonly name: string
  readonly attributes: ReadonlyArray<{ readonly key: string; readonly value: unknown }>
}

export interface Collected {
  readonly path: string
  /** As it came, for what must not be in it. */
  readonly body: string
}

/** A collector of OTLP over HTTP that keeps everything it was sent. */
export const startCollector = Effect.gen(function* () {
  const collected: Array<Collected> = []
  const answer = (response: ServerResponse) => response.writeHead(200, { "content-type": "application/json" }).end("{}")
  const server = yield* Effect.acquireRelease(
    Effect.callback<ReturnType<typeof createServer>>((resume) => {
      const made = createServer((request, response) => {
        const chunks: Array<Buffer> = []
        request.on("data", (chunk: Buffer) => chunks.push(chunk))
        request.on("end", () => {
          collected.push({ path: request.url ?? "", body: Buffer.concat(chunks).toString() })
          answer(response)
        })
      })
      made.listen(0, "127.0.0.1", () => resume(Effect.succeed(made)))
    }),
    (made) =>
      Effect.sync(() => {
        made.closeAllConnections()
        made.close()
      })
  )
  const parsed = (path: string) => collected.filter((one) => one.path === path).map((one) => JSON.parse(one.body))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    collected,
    spans: Effect.sync((): ReadonlyArray<Span> =>
      parsed("/v1/traces").flatMap((body) =>
        body.resourceSpans.flatMap(
          (resource: { readonly scopeSpans: ReadonlyArray<{ readonly spans: Array<Span> }> }) =>
            resource.scopeSpans.flatMap((scope) => scope.spans)
        )
      )
    ),
    metricNames: Effect.sync((): ReadonlySet<string> => {
      const names = new Set<string>()
      for (const body of parsed("/v1/metrics")) {
        for (const metric of body.resourceMetrics[0].scopeMetrics[0].metrics) names.add(metric.name)
      }
      return names
    })
  }
})
