import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { BotCopyInput, BotView } from "../../domain/admin.ts"
import { FunnelFile, FunnelImported, FunnelInput } from "../../domain/funnelFile.ts"
import { SimulationInput, SimulationView } from "../../domain/simulation.ts"
import { Bearer } from "../AdminAuth.ts"
import { problems } from "../problem.ts"
import { CleanQuery } from "./query.ts"

const summary = (sentence: string) => OpenApi.annotations({ summary: sentence })

const slug = Schema.String.annotate({ description: "Slug do bot." })
const writeRefusals = problems("bad_request", "not_found", "conflict", "too_large", "invalid", "unavailable")

export class FunnelGroup extends HttpApiGroup.make("funnel")
  .add(
    HttpApiEndpoint.post("simulate", "/:slug/simulate", {
      params: { slug },
      payload: SimulationInput,
      success: SimulationView,
      error: writeRefusals
    }).annotateMerge(
      summary("Viagem no tempo: o que uma pessoa receberia de um /start neste momento, sem enviar nada")
    ),
    HttpApiEndpoint.post("clone", "/:slug/clone", {
      params: { slug },
      payload: BotCopyInput,
      success: BotView.pipe(HttpApiSchema.status(201)),
      error: writeRefusals
    }).annotateMerge(
      summary("Copia um bot inteiro, menos o token e as pessoas; a cópia fica parada até receber um token")
    ),
    HttpApiEndpoint.get("take", "/:slug/funnel", {
      params: { slug },
      success: FunnelFile,
      error: problems("not_found", "unavailable")
    }).annotateMerge(
      summary("Exporta o funil de um bot: planos, mensagens, downsells, disparos e as mídias que eles usam")
    ),
    HttpApiEndpoint.post("put", "/:slug/funnel", {
      params: { slug },
      payload: FunnelInput,
      success: FunnelImported,
      error: writeRefusals
    }).annotateMerge(
      summary("Importa um funil exportado, inteiro ou nada; repetir não duplica nada, e disparos entram como rascunho")
    )
  )
  .middleware(CleanQuery)
  .middleware(Bearer)
  .prefix("/api/admin/bots")
  .annotateMerge(OpenApi.annotations({ title: "Funil", description: "O funil de um bot como um todo." })) {}
