import { Effect, Option, Result, Stream } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import type { SqlError } from "effect/sql"
import { Bots } from "../../bots/Bots.ts"
import { DeliveryView, PaymentView } from "../../domain/payment.ts"
import * as Log from "../../log/Log.ts"
import { parseBounds } from "../../metrics/period.ts"
import { decodeCursor, type ListQuery, maxLimit, type Page } from "../../repo/cursor.ts"
import { EventView, ListsRepo, UserView } from "../../repo/ListsRepo.ts"
import { OutboxRepo } from "../../repo/OutboxRepo.ts"
import { PaymentsRepo } from "../../repo/PaymentsRepo.ts"
import { Api } from "../api/Api.ts"
import { csvLine } from "../csv.ts"
import { badParameters, orUnavailable, unknownBot } from "../errors.ts"

interface Filters {
  readonly bot?: string
  readonly status?: string
  readonly telegram_id?: number
  readonly from?: string
  readonly to?: string
  readonly tz?: string
  readonly cursor?: string
  readonly limit?: number
  readonly format?: "json" | "csv"
}

/** The four lists of the panel and of spreadsheets, from whichever repository holds the rows. */
export const ListsHandlers = HttpApiBuilder.group(Api, "lists", (handlers) =>
  Effect.gen(function* () {
    const bots = yield* Bots
    const payments = yield* PaymentsRepo
    const outbox = yield* OutboxRepo
    const lists = yield* ListsRepo

    const serve = <A extends object>(
      read: (query: ListQuery) => Effect.Effect<Page<A>, SqlError.SqlError>,
      columns: ReadonlyArray<string>
    ) =>
      Effect.fnUntraced(function* (filters: Filters) {
        if (filters.bot !== undefined && Option.isNone(bots.find(filters.bot))) return yield* Effect.fail(unknownBot)
        const query = yield* toQuery(filters)
        if (filters.format === "csv") return sheet(read, query, columns)
        return yield* orUnavailable(read(query))
      })

    const columnsOf = (view: { readonly fields: object }) => Object.keys(view.fields)
    const servePayments = serve(payments.list, columnsOf(PaymentView))
    const serveUsers = serve(lists.users, columnsOf(UserView))
    const serveEvents = serve(lists.events, columnsOf(EventView))
    const serveDeliveries = serve(outbox.list, columnsOf(DeliveryView))

    return handlers.handleAll({
      payments: ({ query }) => servePayments(query),
      users: ({ query }) => serveUsers(query),
      events: ({ query }) => serveEvents(query),
      deliveries: ({ query }) => serveDeliveries(query)
    })
  })
)

const toQuery = Effect.fnUntraced(function* (filters: Filters) {
  const bounds = parseBounds(filters)
  if (Result.isFailure(bounds)) return yield* Effect.fail(badParameters(bounds.failure))
  const cursor = filters.cursor === undefined ? Option.none() : decodeCursor(filters.cursor)
  if (filters.cursor !== undefined && Option.isNone(cursor)) {
    return yield* Effect.fail(badParameters({ cursor: "Deve ser o next_cursor de uma resposta anterior." }))
  }
  if (filters.limit === 0)
    return yield* Effect.fail(badParameters({ limit: "Deve ser um número inteiro a partir de 1." }))
  const query: ListQuery = {
    bot: filters.bot,
    status: filters.status,
    telegramId: filters.telegram_id,
    ...bounds.success,
    cursor: Option.getOrUndefined(cursor),
    limit: filters.limit
  }
  return query
})

/** Page after page as it is sent: a list of any length costs the memory of one page. */
export const sheet = <A extends object>(
  read: (query: ListQuery) => Effect.Effect<Page<A>, SqlError.SqlError>,
  query: ListQuery,
  columns: ReadonlyArray<string>
) => {
  const lines = Stream.paginate({ query, left: query.limit ?? Infinity }, ({ left, query }) =>
    Effect.map(read({ ...query, limit: Math.min(left, maxLimit) }), ({ items, next_cursor }) => {
      const rest = left - items.length
      const cursor = next_cursor === null || rest <= 0 ? Option.none() : decodeCursor(next_cursor)
      const page = items.map((item) => csvLine(columns.map((name) => (item as Record<string, unknown>)[name])))
      return [page, Option.map(cursor, (cursor) => ({ left: rest, query: { ...query, cursor } }))] as const
    })
  )
  const text = Stream.prepend(lines, [csvLine(columns)]).pipe(
    // The status has left by now: a connection that breaks off is all the client can be told.
    Stream.tapError((error) => Log.failure("Uma lista em CSV parou no meio", error)),
    Stream.encodeText
  )
  return HttpServerResponse.stream(text, { contentType: "text/csv; charset=utf-8" })
}
