import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { DeliveryView } from "../../domain/payment.ts"
import { Bearer } from "../AdminAuth.ts"
import { problems } from "../problem.ts"
import { CleanQuery, digits } from "./query.ts"

export class DeliveriesGroup extends HttpApiGroup.make("deliveries")
  .add(
    HttpApiEndpoint.post("replay", "/:id/replay", {
      params: { id: digits("Número da entrega.") },
      success: DeliveryView,
      error: problems("not_found", "conflict", "unavailable")
    }).annotateMerge(
      OpenApi.annotations({ summary: "Envia de novo, já, uma entrega que falhou ou que espera por uma nova tentativa" })
    )
  )
  .middleware(CleanQuery)
  .middleware(Bearer)
  .prefix("/api/admin/deliveries")
  .annotateMerge(
    OpenApi.annotations({
      title: "Entregas",
      description: "O que foi e o que ainda vai ao Telegram, à Meta e à UTMify."
    })
  ) {}
