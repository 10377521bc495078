import { NodeHttpClient } from "@effect/platform-node"
import { type Duration, Effect, type Layer } from "effect"
import { HttpClient, type HttpClientError, type HttpClientRequest } from "effect/http"

/** Apart from gateways and Telegram: a destination that hangs holds connections of its own. */
export const destinationHttpLayer: Layer.Layer<HttpClient.HttpClient> = NodeHttpClient.layerUndiciOptions({
  connections: 24,
  keepAliveTimeout: 30_000,
  connect: { timeout: 3_000 }
})

export interface Answer {
  readonly status: number
  /** Parsed JSON; `undefined` where it was something else. */
  readonly body: unknown
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly retryAfterSeconds: number | undefined
}

/** No answer came. Why, without address, header or body: those hold tokens and people. */
export interface NoAnswer {
  readonly _tag: "NoAnswer"
  readonly detail: string
}

/** Sends one request to a destination; never fails. */
export const makeExchange =
  (client: HttpClient.HttpClient, timeout: Duration.Input) =>
  (request: HttpClientRequest.HttpClientRequest): Effect.Effect<Answer | NoAnswer> =>
    client.execute(request).pipe(
      Effect.flatMap((response) =>
        Effect.map(response.text, (text): Answer => ({
          status: response.status,
          body: parseJson(text),
          headers: response.headers,
          retryAfterSeconds: retryAfter(response.headers["retry-after"])
        }))
      ),
      Effect.catch((error) => Effect.succeed(noAnswer(codeOf(error)))),
      Effect.timeoutOrElse({ duration: timeout, orElse: () => Effect.succeed(noAnswer("sem resposta a tempo")) }),
      // The delivery's span says enough; the client's would hold the address and send its id along.
      Effect.provideService(HttpClient.TracerDisabledWhen, () => true),
      Effect.provideService(HttpClient.TracerPropagationEnabled, false)
    )

export const isAnswer = (result: Answer | NoAnswer): result is Answer => !("_tag" in result)

const noAnswer = (detail: string): NoAnswer => ({ _tag: "NoAnswer", detail })

const codeOf = ({ reason }: HttpClientError.HttpClientError): string => {
  const cause: unknown = "cause" in reason ? reason.cause : undefined
  const code = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined
  return typeof code === "string" ? code : reason._tag
}

const retryAfter = (header: string | undefined): number | undefined =>
  header !== undefined && /^\d{1,6}$/.test(header) ? Math.min(Number(header), 3600) : undefined

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
