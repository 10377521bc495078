import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { PreviewView } from "../../domain/admin.ts"
import { AudienceInput, AudienceView, ShotInput, ShotPatch, ShotView, TestInput } from "../../domain/shot.ts"
import { Bearer } from "../AdminAuth.ts"
import { problems } from "../problem.ts"
import { CleanQuery, digits, page, text, whole } from "./query.ts"

const summary = (sentence: string) => OpenApi.annotations({ summary: sentence })

const slug = Schema.String.annotate({ description: "Slug do bot." })
const id = digits("Número do disparo.")

const writeRefusals = problems("bad_request", "not_found", "conflict", "too_large", "invalid", "unavailable")
const actionRefusals = problems("not_found", "conflict", "invalid", "unavailable")

export class ShotsGroup extends HttpApiGroup.make("shots")
  .add(
    HttpApiEndpoint.get("list", "/", {
      params: { slug },
      query: {
        cursor: text("O next_cursor da página anterior."),
        limit: whole("Itens por página: 50 quando falta, no máximo 200.")
      },
      success: page(ShotView, "ShotPage"),
      error: problems("bad_request", "not_found", "unavailable")
    }).annotateMerge(summary("Lista os disparos de um bot, do mais novo ao mais antigo")),
    HttpApiEndpoint.post("create", "/", {
      params: { slug },
      payload: ShotInput,
      success: ShotView.pipe(HttpApiSchema.status(201)),
      error: writeRefusals
    }).annotateMerge(summary("Cria um disparo: rascunho, ou agendado quando traz scheduled_at")),
    HttpApiEndpoint.post("audience", "/audience", {
      params: { slug },
      payload: AudienceInput,
      success: AudienceView,
      error: writeRefusals
    }).annotateMerge(summary("Diz a quantas pessoas estes filtros chegariam agora")),
    HttpApiEndpoint.get("get", "/:id", {
      params: { slug, id },
      success: ShotView,
      error: problems("not_found", "unavailable")
    }).annotateMerge(summary("Mostra um disparo: estado, contagem, ritmo e vendas")),
    HttpApiEndpoint.patch("patch", "/:id", {
      params: { slug, id },
      payload: ShotPatch,
      success: ShotView,
      error: writeRefusals
    }).annotateMerge(summary("Muda um disparo que ainda não começou")),
    HttpApiEndpoint.delete("remove", "/:id", {
      params: { slug, id },
      success: HttpApiSchema.NoContent,
      error: actionRefusals
    }).annotateMerge(summary("Apaga um disparo que ainda não começou")),
    HttpApiEndpoint.post("start", "/:id/start", {
      params: { slug, id },
      success: ShotView,
      error: actionRefusals
    }).annotateMerge(summary("Começa: escolhe as pessoas, uma vez, e envia")),
    HttpApiEndpoint.post("pause", "/:id/pause", {
      params: { slug, id },
      success: ShotView,
      error: actionRefusals
    }).annotateMerge(summary("Pausa; vale em até 2 segundos, em todos os servidores")),
    HttpApiEndpoint.post("resume", "/:id/resume", {
      params: { slug, id },
      success: ShotView,
      error: actionRefusals
    }).annotateMerge(summary("Continua de onde parou")),
    HttpApiEndpoint.post("cancel", "/:id/cancel", {
      params: { slug, id },
      success: ShotView,
      error: actionRefusals
    }).annotateMerge(summary("Cancela: quem ainda esperava não recebe")),
    HttpApiEndpoint.post("test", "/:id/test", {
      params: { slug, id },
      payload: TestInput,
      success: PreviewView,
      error: writeRefusals
    }).annotateMerge(summary("Manda a mensagem do disparo para um chat, e diz o que o Telegram achou dela")),
    HttpApiEndpoint.post("duplicate", "/:id/duplicate", {
      params: { slug, id },
      success: ShotView.pipe(HttpApiSchema.status(201)),
      error: actionRefusals
    }).annotateMerge(summary("Cria um rascunho igual a este disparo"))
  )
  .middleware(CleanQuery)
  .middleware(Bearer)
  .prefix("/api/admin/bots/:slug/shots")
  .annotateMerge(
    OpenApi.annotations({ title: "Disparos", description: "Uma mensagem para muitas pessoas, uma vez." })
  ) {}
