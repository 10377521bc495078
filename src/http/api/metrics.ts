import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { MetricsView } from "../../metrics/model.ts"
import { metricsGroups } from "../../metrics/Metrics.ts"
import { Bearer } from "../AdminAuth.ts"
import { problems } from "../problem.ts"
import { CleanQuery, oneOf, text } from "./query.ts"

export class MetricsGroup extends HttpApiGroup.make("metrics")
  .add(
    HttpApiEndpoint.get("funnel", "/api/metrics", {
      query: {
        bot: text("Slug do bot; sem ele, todos."),
        from: text("A partir de quando: data (2025-11-07) ou instante. Sem ele, 30 dias antes de to."),
        to: text("Até quando: data (o dia inteiro entra) ou instante (ele mesmo não entra). Sem ele, até hoje."),
        tz: text("Fuso das datas e dos grupos; sem ele, America/Sao_Paulo."),
        utm_source: text("Só esta origem; (none) é sem origem."),
        utm_medium: text("Só este meio."),
        utm_campaign: text("Só esta campanha."),
        utm_content: text("Só este conteúdo."),
        utm_term: text("Só este termo."),
        group: oneOf(metricsGroups, "Repete os números para cada dia, hora, bot ou UTM."),
        format: oneOf(["json", "csv"], "csv: uma planilha, com uma linha por grupo.")
      },
      success: [MetricsView, Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/csv; charset=utf-8" }))],
      error: problems("bad_request", "not_found", "unavailable")
    }).annotateMerge(OpenApi.annotations({ summary: "O funil: etapas, conversões, receita e tempos" }))
  )
  .middleware(CleanQuery)
  .middleware(Bearer)
  .annotateMerge(OpenApi.annotations({ title: "Métricas", description: "Os números do funil." })) {}
