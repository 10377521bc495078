import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { MediaKind } from "../../domain/contentModel.ts"
import { MediaView } from "../../domain/media.ts"
import { Bearer } from "../AdminAuth.ts"
import { problems } from "../problem.ts"
import { CleanQuery, digits, page, text, whole } from "./query.ts"

const summary = (sentence: string) => OpenApi.annotations({ summary: sentence })

const slug = Schema.String.annotate({ description: "Slug do bot." })
const id = digits("Número da mídia.")

const form = Schema.Struct({
  file: Schema.Uint8Array.annotate({ description: "O arquivo: fotos até 10 MB, o resto até 50 MB." }),
  kind: Schema.optionalKey(
    MediaKind.annotate({ description: "Como o arquivo será enviado; sem ele, o conteúdo do arquivo decide." })
  )
}).pipe(HttpApiSchema.asMultipartStream())

export class MediaGroup extends HttpApiGroup.make("media")
  .add(
    HttpApiEndpoint.get("list", "/", {
      params: { slug },
      query: {
        cursor: text("O next_cursor da página anterior."),
        limit: whole("Itens por página: 50 quando falta, no máximo 200.")
      },
      success: page(MediaView, "MediaPage"),
      error: problems("bad_request", "not_found")
    }).annotateMerge(summary("Lista as mídias de um bot, da mais nova à mais antiga")),
    HttpApiEndpoint.post("add", "/", {
      params: { slug },
      payload: form,
      success: MediaView.pipe(HttpApiSchema.status(201)),
      error: problems("bad_request", "not_found", "too_large", "invalid", "unavailable")
    }).annotateMerge(summary("Guarda um arquivo na biblioteca do bot; o mesmo arquivo duas vezes é um só")),
    HttpApiEndpoint.get("content", "/:id/content", {
      params: { slug, id },
      success: Schema.Uint8Array.pipe(HttpApiSchema.asUint8Array({ contentType: "application/octet-stream" })),
      error: problems("not_found", "unavailable")
    }).annotateMerge(summary("Traz o arquivo de uma mídia")),
    HttpApiEndpoint.delete("remove", "/:id", {
      params: { slug, id },
      success: HttpApiSchema.NoContent,
      error: problems("not_found", "conflict", "invalid", "unavailable")
    }).annotateMerge(summary("Apaga uma mídia que nenhuma mensagem usa"))
  )
  .middleware(CleanQuery)
  .middleware(Bearer)
  .prefix("/api/admin/bots/:slug/media")
  .annotateMerge(
    OpenApi.annotations({ title: "Mídias", description: "Fotos, vídeos, áudios e documentos de cada bot." })
  ) {}
