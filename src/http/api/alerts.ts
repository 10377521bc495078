import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { AlertSettings } from "../../domain/alert.ts"
import { Bearer } from "../AdminAuth.ts"
import { problems } from "../problem.ts"
import { CleanQuery } from "./query.ts"

const summary = (sentence: string) => OpenApi.annotations({ summary: sentence })

export class AlertsGroup extends HttpApiGroup.make("alerts")
  .add(
    HttpApiEndpoint.get("get", "/", {
      success: AlertSettings,
      error: problems("unavailable")
    }).annotateMerge(summary("Mostra para qual chat do Telegram vão os avisos ao operador")),
    HttpApiEndpoint.put("put", "/", {
      payload: AlertSettings,
      success: AlertSettings,
      error: problems("bad_request", "not_found", "conflict", "too_large", "invalid", "unavailable")
    }).annotateMerge(summary("Muda para onde vão os avisos; null nos dois desliga")),
    HttpApiEndpoint.post("test", "/test", {
      payload: AlertSettings,
      success: AlertSettings,
      error: problems("bad_request", "not_found", "conflict", "too_large", "invalid", "unavailable")
    }).annotateMerge(summary("Envia um aviso de teste a este chat, sem gravar nada"))
  )
  .middleware(CleanQuery)
  .middleware(Bearer)
  .prefix("/api/admin/alerts")
  .annotateMerge(
    OpenApi.annotations({ title: "Avisos", description: "O que o operador fica sabendo no próprio Telegram." })
  ) {}
