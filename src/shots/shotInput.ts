import { Clock, Effect } from "effect"
import { invalid } from "../bots/refusals.ts"
import { readInstant, type ShotFilters } from "../domain/shot.ts"

const wrong = "Deve ser uma data com hora, como 2025-11-07T12:00:00-03:00."
/** A clock that goes a little wrong, or a form that was open for a while. */
const toleratedMs = 5 * 60_000

/** As it is stored: instants instead of dates. */
export const filtersFrom = Effect.fnUntraced(function* (filters: ShotFilters | null) {
  const { since, until, ...rest } = filters ?? {}
  const begin = since === undefined ? undefined : readInstant(since)
  const end = until === undefined ? undefined : readInstant(until, "end")
  const fields = {
    ...(since !== undefined && begin === undefined ? { "filters.since": wrong } : {}),
    ...(until !== undefined && end === undefined ? { "filters.until": wrong } : {}),
    ...(begin !== undefined && end !== undefined && begin >= end
      ? { "filters.until": "Deve ser depois de filters.since." }
      : {})
  }
  if (Object.keys(fields).length > 0) return yield* invalid(fields)
  return {
    ...rest,
    ...(begin === undefined ? {} : { since: begin.toISOString() }),
    ...(end === undefined ? {} : { until: end.toISOString() })
  } satisfies ShotFilters as ShotFilters
})

export const scheduleFrom = Effect.fnUntraced(function* (text: string | null) {
  if (text === null) return null
  const at = readInstant(text)
  if (at === undefined) return yield* invalid({ scheduled_at: wrong })
  if (at.getTime() < (yield* Clock.currentTimeMillis) - toleratedMs) {
    return yield* invalid({ scheduled_at: "Esta hora já passou. Escolha outra, ou comece o disparo agora." })
  }
  return at.toISOString()
})
