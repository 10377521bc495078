import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { updateStatuses, UpdateView } from "../../repo/updates/list.ts"
import { Bearer } from "../AdminAuth.ts"
import { problems } from "../problem.ts"
import { CleanQuery, digits, oneOf, page, text, whole } from "./query.ts"

const summary = (sentence: string) => OpenApi.annotations({ summary: sentence })

export class UpdatesGroup extends HttpApiGroup.make("updates")
  .add(
    HttpApiEndpoint.get("list", "/", {
      query: {
        bot: text("Slug do bot."),
        status: oneOf(updateStatuses, "dead: as que falharam de vez e foram separadas."),
        cursor: text("O next_cursor da página anterior."),
        limit: whole("Itens por página: 50 quando falta, no máximo 200.")
      },
      success: page(UpdateView, "UpdatePage"),
      error: problems("bad_request", "not_found", "unavailable")
    }).annotateMerge(summary("Lista as mensagens recebidas do Telegram nas últimas 48 horas e as separadas")),
    HttpApiEndpoint.post("replay", "/:bot/:update_id/replay", {
      params: {
        bot: Schema.String.annotate({ description: "Slug do bot." }),
        update_id: digits("Número da mensagem.")
      },
      success: UpdateView,
      error: problems("not_found", "conflict", "invalid", "unavailable")
    }).annotateMerge(summary("Põe uma mensagem separada de volta na fila; ela é atendida em seguida")),
    HttpApiEndpoint.post("replayAll", "/replay", {
      query: { bot: text("Slug do bot; sem ele, as de todos os bots.") },
      success: Schema.Struct({ replayed: Schema.Int }).annotate({ identifier: "UpdatesReplayed" }),
      error: problems("bad_request", "not_found", "conflict", "invalid", "unavailable")
    }).annotateMerge(summary("Põe todas as mensagens separadas de volta na fila e diz quantas eram"))
  )
  .middleware(CleanQuery)
  .middleware(Bearer)
  .prefix("/api/admin/updates")
  .annotateMerge(
    OpenApi.annotations({ title: "Caixa de entrada", description: "O que o Telegram entregou, e o que falhou." })
  ) {}
