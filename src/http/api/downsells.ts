import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { DownsellInput, DownsellPatch, DownsellView } from "../../domain/downsellInput.ts"
import { Bearer } from "../AdminAuth.ts"
import { problems } from "../problem.ts"
import { CleanQuery, digits, page } from "./query.ts"

const summary = (sentence: string) => OpenApi.annotations({ summary: sentence })

const slug = Schema.String.annotate({ description: "Slug do bot." })
const id = digits("Número do downsell.")

const writeRefusals = problems("bad_request", "not_found", "conflict", "too_large", "invalid", "unavailable")

export class DownsellsGroup extends HttpApiGroup.make("downsells")
  .add(
    HttpApiEndpoint.get("list", "/", {
      params: { slug },
      success: page(DownsellView, "DownsellPage"),
      error: problems("not_found")
    }).annotateMerge(summary("Lista os downsells de um bot, com o que cada um enviou e vendeu")),
    HttpApiEndpoint.post("create", "/", {
      params: { slug },
      payload: DownsellInput,
      success: DownsellView.pipe(HttpApiSchema.status(201)),
      error: writeRefusals
    }).annotateMerge(summary("Cria um downsell: sai sozinho depois do /start ou de um PIX sem pagamento")),
    HttpApiEndpoint.get("get", "/:id", {
      params: { slug, id },
      success: DownsellView,
      error: problems("not_found")
    }).annotateMerge(summary("Mostra um downsell")),
    HttpApiEndpoint.patch("patch", "/:id", {
      params: { slug, id },
      payload: DownsellPatch,
      success: DownsellView,
      error: writeRefusals
    }).annotateMerge(summary("Muda um downsell; quem já espera recebe como ele ficou")),
    HttpApiEndpoint.delete("remove", "/:id", {
      params: { slug, id },
      success: HttpApiSchema.NoContent,
      error: problems("not_found", "conflict", "invalid", "unavailable")
    }).annotateMerge(summary("Apaga um downsell e cancela os envios que esperam"))
  )
  .middleware(CleanQuery)
  .middleware(Bearer)
  .prefix("/api/admin/bots/:slug/downsells")
  .annotateMerge(
    OpenApi.annotations({ title: "Downsells", description: "Ofertas que seguem o /start ou um PIX sem pagamento." })
  ) {}
