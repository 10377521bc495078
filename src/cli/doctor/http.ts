import { NodeHttpClient } from "@effect/platform-node"
import { Effect } from "effect"
import { HttpClient, type HttpClientRequest } from "effect/http"

export const askLayer = NodeHttpClient.layerUndici

/** One question over HTTP; `undefined` when nobody answered in time. The address is never told: it may hold a token. */
export const ask = (request: HttpClientRequest.HttpClientRequest) =>
  HttpClient.execute(request).pipe(
    Effect.flatMap((response) => Effect.map(response.text, (text) => ({ status: response.status, text }))),
    Effect.timeout("8 seconds"),
    Effect.catch(() => Effect.undefined),
    Effect.provideService(HttpClient.TracerDisabledWhen, () => true),
    Effect.provideService(HttpClient.TracerPropagationEnabled, false)
  )
