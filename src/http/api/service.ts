import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { problems } from "../problem.ts"
import { ViewAnswer, ViewInput } from "../tracking/view.ts"

const summary = (sentence: string) => OpenApi.annotations({ summary: sentence })

export const HealthView = Schema.Struct({ status: Schema.Literal("ok"), version: Schema.String })
export const ReadyView = Schema.Struct({ status: Schema.Literal("ready") })

/**
 * Routes outside of `HttpApi`'s machinery, described for `/openapi.json` only: Telegram and the gateways write bodies
 * that are stored as they come, and the rest has no body at all.
 */
export class ServiceGroup extends HttpApiGroup.make("service")
  .add(
    HttpApiEndpoint.get("healthz", "/healthz", { success: HealthView }).annotateMerge(
      summary("Responde enquanto o processo vive")
    ),
    HttpApiEndpoint.get("readyz", "/readyz", {
      success: ReadyView,
      error: problems("unavailable")
    }).annotateMerge(summary("Responde 200 quando o banco de dados responde e as migrações terminaram")),
    HttpApiEndpoint.get("prometheus", "/metrics", {
      success: Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/plain; version=0.0.4; charset=utf-8" })),
      error: problems("unauthorized")
    }).annotateMerge(summary("Números técnicos no formato do Prometheus; com a senha, ou da própria máquina")),
    HttpApiEndpoint.post("telegramWebhook", "/tg/:slug/webhook", {
      params: { slug: Schema.String },
      headers: { "x-telegram-bot-api-secret-token": Schema.String },
      payload: Schema.Struct({ update_id: Schema.Int }).annotate({ description: "Um Update da Bot API." }),
      success: HttpApiSchema.Empty(200),
      error: problems("bad_request", "unauthorized", "not_found", "too_large", "invalid", "unavailable")
    }).annotateMerge(summary("Recebe um aviso do Telegram; 200 só depois de guardado")),
    HttpApiEndpoint.post("paymentWebhook", "/api/payments/webhook/:gateway", {
      params: { gateway: Schema.String },
      payload: Schema.Record(Schema.String, Schema.Unknown),
      success: HttpApiSchema.Empty(200),
      error: problems("unauthorized", "not_found", "too_large", "unavailable")
    }).annotateMerge(summary("Recebe um aviso de pagamento; 200 só depois de guardado"))
  )
  .add(
    HttpApiEndpoint.post("trackView", "/api/track/view", {
      payload: ViewInput,
      success: ViewAnswer,
      error: problems("bad_request", "not_found", "too_large", "invalid", "too_many_requests", "unavailable")
    }).annotateMerge(summary("Uma pessoa viu a página de um bot; conta uma vez por sessão")),
    HttpApiEndpoint.get("goToBot", "/go/:slug", {
      params: { slug: Schema.String },
      query: {
        s: Schema.optionalKey(Schema.String).annotate({ description: "A sessão; sem ela, a do cookie ou uma nova." })
      },
      success: HttpApiSchema.Empty(302),
      error: problems("not_found", "unavailable")
    }).annotateMerge(summary("Conta o clique e leva ao bot no Telegram")),
    HttpApiEndpoint.get("presell", "/p/:slug", {
      params: { slug: Schema.String },
      success: Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/html; charset=utf-8" })),
      error: problems("not_found")
    }).annotateMerge(summary("A página de presell de um bot")),
    HttpApiEndpoint.get("trackingScript", "/t.js", {
      success: Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/javascript; charset=utf-8" }))
    }).annotateMerge(summary("O script de rastreamento para a página do vendedor"))
  )
  .annotateMerge(OpenApi.annotations({ title: "Serviço", description: "Saúde do serviço e avisos de fora." })) {}
