import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { Bearer } from "../AdminAuth.ts"
import { problems } from "../problem.ts"
import { CleanQuery, digits } from "./query.ts"

export class PeopleGroup extends HttpApiGroup.make("people")
  .add(
    HttpApiEndpoint.delete("erase", "/:bot/:telegram_id", {
      params: {
        bot: Schema.String.annotate({ description: "Slug do bot." }),
        telegram_id: digits("Número da pessoa no Telegram.")
      },
      success: HttpApiSchema.NoContent,
      error: problems("not_found", "unavailable")
    }).annotateMerge(
      OpenApi.annotations({ summary: "Apaga uma pessoa (LGPD); os pagamentos dela ficam, sem dizer de quem são" })
    )
  )
  .middleware(CleanQuery)
  .middleware(Bearer)
  .prefix("/api/admin/users")
  .annotateMerge(OpenApi.annotations({ title: "Pessoas", description: "Os direitos de quem fala com os bots." })) {}
