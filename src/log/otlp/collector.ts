import { Effect, Layer } from "effect"
import { HttpClient, HttpClientError, type HttpClientRequest } from "effect/http"
import * as Log from "../Log.ts"

const patience = "5 seconds"

/**
 * The way to the collector. A collector that is away is one WARN line and, when it is
 * back, one INFO line. Whatever fails is final for the exporter: it then throws away what it has and rests for a minute,
 * instead of keeping ever more in memory for a next try.
 */
export const collectorClient = (endpoint: string): Layer.Layer<HttpClient.HttpClient, never, HttpClient.HttpClient> =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.map(HttpClient.HttpClient, (client) => {
      const failing = new Set<string>()
      const host = URL.parse(endpoint)?.host ?? ""

      const failed = (url: string, why: string) =>
        Effect.suspend(() => {
          const first = failing.size === 0
          failing.add(url)
          return first
            ? Log.warn(
                `[AVISO] O coletor OTLP em ${host} não recebe os nossos números (${why}); o serviço segue sem ele e continua tentando`
              )
            : Effect.void
        })

      const succeeded = (url: string) =>
        Effect.suspend(() =>
          failing.delete(url) && failing.size === 0
            ? Log.info(`[SERVIÇO] O coletor OTLP em ${host} voltou a receber`)
            : Effect.void
        )

      const final = (request: HttpClientRequest.HttpClientRequest) =>
        new HttpClientError.HttpClientError({
          reason: new HttpClientError.EncodeError({ request, description: "the collector is away" })
        })

      return HttpClient.transform(client, (response, request) =>
        response.pipe(
          // The body too: one that never ends would hold the exporter.
          Effect.tap((answer) => answer.arrayBuffer),
          Effect.timeout(patience),
          Effect.matchEffect({
            onFailure: () => Effect.andThen(failed(request.url, "sem resposta"), Effect.fail(final(request))),
            onSuccess: (answer) => {
              if (answer.status < 300) return Effect.as(succeeded(request.url), answer)
              return Effect.andThen(failed(request.url, `resposta ${answer.status}`), Effect.fail(final(request)))
            }
          })
        )
      )
    })
  )
