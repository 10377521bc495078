import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { PresellContent, TrackingPatch, TrackingView } from "../../domain/tracking.ts"
import { Bearer } from "../AdminAuth.ts"
import { problems } from "../problem.ts"
import { CleanQuery } from "./query.ts"

const summary = (sentence: string) => OpenApi.annotations({ summary: sentence })

const slug = Schema.String.annotate({ description: "Slug do bot." })

const writeRefusals = problems("bad_request", "not_found", "conflict", "too_large", "invalid", "unavailable")

export class TrackingGroup extends HttpApiGroup.make("tracking")
  .add(
    HttpApiEndpoint.get("get", "/tracking", {
      params: { slug },
      success: TrackingView,
      error: problems("not_found", "unavailable")
    }).annotateMerge(summary("Mostra como um bot é rastreado: pixel, eventos da Meta, consentimento")),
    HttpApiEndpoint.patch("patch", "/tracking", {
      params: { slug },
      payload: TrackingPatch,
      success: TrackingView,
      error: writeRefusals
    }).annotateMerge(summary("Muda o rastreamento de um bot; o token do pixel é guardado cifrado")),
    HttpApiEndpoint.get("presell", "/presell", {
      params: { slug },
      success: PresellContent,
      error: problems("not_found", "unavailable")
    }).annotateMerge(summary("Mostra os textos da página de presell de um bot")),
    HttpApiEndpoint.put("putPresell", "/presell", {
      params: { slug },
      payload: PresellContent,
      success: PresellContent,
      error: writeRefusals
    }).annotateMerge(summary("Grava os textos da página de presell; valem na hora"))
  )
  .middleware(CleanQuery)
  .middleware(Bearer)
  .prefix("/api/admin/bots/:slug")
  .annotateMerge(
    OpenApi.annotations({ title: "Rastreamento", description: "Do anúncio ao bot: presell, pixel, consentimento." })
  ) {}
