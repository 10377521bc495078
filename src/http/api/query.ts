import { Effect, Layer, Schema, SchemaTransformation } from "effect"
import { HttpRouter, HttpServerRequest } from "effect/http"
import { HttpApiMiddleware } from "effect/http-api"
import { isStorable } from "../body.ts"
import { notFound, problem, problems } from "../problem.ts"

export const text = (description: string) => Schema.optionalKey(Schema.String.annotate({ description }))

export const oneOf = <const Words extends ReadonlyArray<string>>(words: Words, description: string) =>
  Schema.optionalKey(Schema.Literals(words).annotate({ description }))

/** Digits only: `Number("")`, `Number("1e3")` and `Number(" 7 ")` are numbers too. */
export const digits = (description: string) =>
  Schema.String.check(Schema.isPattern(/^\d{1,15}$/))
    .annotate({ description })
    .pipe(Schema.decodeTo(Schema.Int, SchemaTransformation.numberFromString))

export const whole = (description: string) => Schema.optionalKey(digits(description))

/** The filters of every list (contract, section 4). */
export const listFilters = {
  bot: text("Slug do bot."),
  telegram_id: whole("Número da pessoa no Telegram."),
  from: text("A partir de quando: data (2025-11-07) ou instante (2025-11-07T12:00:00-03:00)."),
  to: text("Até quando: data (o dia inteiro entra) ou instante (ele mesmo não entra)."),
  tz: text("Fuso das datas; sem ele, America/Sao_Paulo."),
  cursor: text("O next_cursor da página anterior."),
  limit: whole("Itens por página: 50 quando falta, no máximo 200."),
  format: oneOf(["json", "csv"], "csv traz a lista inteira como planilha, a menos que limit diga quantas linhas.")
}

export const page = <Item extends Schema.Top>(item: Item, name: string) =>
  Schema.Struct({ items: Schema.Array(item), next_cursor: Schema.NullOr(Schema.String) }).annotate({
    identifier: name,
    description: "Uma página; next_cursor é null na última."
  })

/**
 * Before anything is decoded: an empty parameter (`?bot=&from=`) is one that was not given, and characters that
 * PostgreSQL cannot hold are refused in the address as they are in a body.
 */
export class CleanQuery extends HttpApiMiddleware.Service<CleanQuery>()("funil/http/CleanQuery", {
  error: problems("bad_request", "not_found")
}) {
  static readonly layer = Layer.succeed(CleanQuery, (handler) =>
    Effect.gen(function* () {
      const params = yield* HttpRouter.params
      if (Object.values(params).some((value) => value !== undefined && !isStorable(value))) {
        return yield* Effect.fail(notFound)
      }
      const search = yield* HttpServerRequest.ParsedSearchParams
      const given = Object.entries(search).filter(([, value]) => value !== "")
      const bad = given.find(([, value]) => ![value].flat().every(isStorable))
      if (bad !== undefined) {
        const fields = { [bad[0]]: "Tem um caractere que não pode ser guardado." }
        return yield* Effect.fail(problem("bad_request", `Há um parâmetro errado: ${bad[0]}.`, fields))
      }
      return yield* Effect.provideService(handler, HttpServerRequest.ParsedSearchParams, Object.fromEntries(given))
    })
  )
}
