import { Option, Result } from "effect"
import { parseBounds } from "../metrics/period.ts"
import { decodeCursor, type ListQuery } from "../repo/cursor.ts"
import { type Html, html, nothing } from "./html.ts"
import { input } from "./parts/fields.ts"
import { notice } from "./parts/ui.ts"
import type { Visit } from "./visit.ts"

const perPage = 50

export interface AskedList {
  readonly query: ListQuery
  /** What in the filters makes no sense, and was left out. */
  readonly complaint: Html
}

/** The filters of a list, as its form names them. */
export const listQueryOf = ({ query }: Visit, statuses: ReadonlyArray<string> = []): AskedList => {
  const bounds = parseBounds({ from: query["de"], to: query["ate"] })
  const person = query["pessoa"]?.trim()
  const isPerson = person === undefined || /^\d{1,15}$/.test(person)
  const faults = [
    ...(Result.isFailure(bounds) ? ["Uma das datas não existe."] : []),
    ...(isPerson ? [] : ["A pessoa se procura pelo número dela no Telegram."])
  ]
  const cursor = query["cursor"] === undefined ? Option.none() : decodeCursor(query["cursor"])
  return {
    complaint: faults.length === 0 ? nothing : notice("bad", faults.join(" ")),
    query: {
      bot: query["bot"],
      status: statuses.find((status) => status === query["situacao"]),
      telegramId: isPerson && person !== undefined ? Number(person) : undefined,
      ...(Result.isSuccess(bounds) ? bounds.success : {}),
      cursor: Option.getOrUndefined(cursor),
      limit: perPage
    }
  }
}

export const dateFilters = (query: Visit["query"]): Html =>
  html`${input("de", "De", { type: "date", value: query["de"] ?? "" })}
  ${input("ate", "Até", { type: "date", value: query["ate"] ?? "" })}`

export const personFilter = (query: Visit["query"]): Html =>
  input("pessoa", "Pessoa", {
    value: query["pessoa"] ?? "",
    inputmode: "numeric",
    placeholder: "número no Telegram",
    maxlength: 20
  })
