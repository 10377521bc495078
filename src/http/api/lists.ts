import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { DeliveryView, PaymentStatus, PaymentView } from "../../domain/payment.ts"
import { eventNames, EventView, userStatuses, UserView } from "../../repo/ListsRepo.ts"
import { Bearer } from "../AdminAuth.ts"
import { problems } from "../problem.ts"
import { CleanQuery, listFilters, oneOf, page } from "./query.ts"

const summary = (sentence: string) => OpenApi.annotations({ summary: sentence })

const spreadsheet = Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/csv; charset=utf-8" }))

const refusals = problems("bad_request", "not_found", "unavailable")

export class ListsGroup extends HttpApiGroup.make("lists")
  .add(
    HttpApiEndpoint.get("payments", "/payments", {
      query: { ...listFilters, status: oneOf(PaymentStatus.literals, "Só os pagamentos neste estado.") },
      success: [page(PaymentView, "PaymentPage"), spreadsheet],
      error: refusals
    }).annotateMerge(summary("Lista os pagamentos, do mais novo ao mais antigo")),
    HttpApiEndpoint.get("users", "/users", {
      query: { ...listFilters, status: oneOf(userStatuses, "Só as pessoas nesta situação.") },
      success: [page(UserView, "UserPage"), spreadsheet],
      error: refusals
    }).annotateMerge(summary("Lista as pessoas, da mais nova à mais antiga")),
    HttpApiEndpoint.get("events", "/events", {
      query: { ...listFilters, status: oneOf(eventNames, "Só os eventos com este nome.") },
      success: [page(EventView, "EventPage"), spreadsheet],
      error: refusals
    }).annotateMerge(summary("Lista os eventos do funil, do mais novo ao mais antigo")),
    HttpApiEndpoint.get("deliveries", "/deliveries", {
      query: { ...listFilters, status: oneOf(DeliveryView.fields.status.literals, "Só as entregas neste estado.") },
      success: [page(DeliveryView, "DeliveryPage"), spreadsheet],
      error: refusals
    }).annotateMerge(summary("Lista as entregas (Telegram, Meta, UTMify), da mais nova à mais antiga"))
  )
  .middleware(CleanQuery)
  .middleware(Bearer)
  .prefix("/api/admin")
  .annotateMerge(
    OpenApi.annotations({
      title: "Listas",
      description: "Pagamentos, pessoas, eventos e entregas, em páginas ou como planilha (format=csv)."
    })
  ) {}
