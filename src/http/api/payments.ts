import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { GatewayFeePatch, GatewayName, GatewayView } from "../../domain/admin.ts"
import { PaymentView } from "../../domain/payment.ts"
import { Bearer } from "../AdminAuth.ts"
import { problems } from "../problem.ts"
import { CleanQuery, digits, page } from "./query.ts"

const summary = (sentence: string) => OpenApi.annotations({ summary: sentence })

export class PaymentsGroup extends HttpApiGroup.make("payments")
  .add(
    HttpApiEndpoint.post("refund", "/:id/refund", {
      params: { id: digits("Número do pagamento.") },
      success: PaymentView,
      error: problems("not_found", "conflict", "invalid", "unavailable")
    }).annotateMerge(summary("Devolve um pagamento inteiro ao comprador, onde o gateway sabe fazer isso"))
  )
  .middleware(CleanQuery)
  .middleware(Bearer)
  .prefix("/api/admin/payments")
  .annotateMerge(OpenApi.annotations({ title: "Pagamentos", description: "O que se faz com um pagamento." })) {}

export class GatewaysGroup extends HttpApiGroup.make("gateways")
  .add(
    HttpApiEndpoint.get("list", "/", {
      success: page(GatewayView, "GatewayPage"),
      error: problems("unavailable")
    }).annotateMerge(summary("Lista os gateways: o que sabem fazer, e quanto cobram de você")),
    HttpApiEndpoint.patch("patch", "/:name", {
      params: { name: GatewayName },
      payload: GatewayFeePatch,
      success: GatewayView,
      error: problems("bad_request", "not_found", "conflict", "too_large", "invalid", "unavailable")
    }).annotateMerge(summary("Muda a tarifa de um gateway; vale para os próximos pagamentos"))
  )
  .middleware(CleanQuery)
  .middleware(Bearer)
  .prefix("/api/admin/gateways")
  .annotateMerge(OpenApi.annotations({ title: "Gateways", description: "Quem cobra, e por quanto." })) {}
