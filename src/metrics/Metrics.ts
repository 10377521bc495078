import { Context, DateTime, Effect, Layer, Option } from "effect"
import type { SqlError } from "effect/sql"
import { funnelSteps, type MetricsFilter } from "../repo/metrics/filter.ts"
import { MetricsRepo, type MoneyRow, type StepRow, type TimeRow } from "../repo/MetricsRepo.ts"
import type { GroupView, MetricsView, StepView, TimeView } from "./model.ts"

export {
  funnelSteps,
  type MetricsFilter,
  type MetricsGroup,
  metricsGroups,
  type UtmName,
  utmNames
} from "../repo/metrics/filter.ts"

/** The funnel of one bot or of all, over a period (contract, section 5). */
export class Metrics extends Context.Service<
  Metrics,
  { readonly funnel: (filter: MetricsFilter) => Effect.Effect<MetricsView, SqlError.SqlError> }
>()("funil/metrics/Metrics") {
  static readonly layer = Layer.effect(
    Metrics,
    Effect.gen(function* () {
      const repo = yield* MetricsRepo

      const funnel = Effect.fn("Metrics.funnel")(function* (filter: MetricsFilter) {
        const rows = yield* Effect.all(
          {
            steps: repo.steps(filter),
            money: repo.money(filter),
            timeToPix: repo.timeToPix(filter),
            timeToPay: repo.timeToPay(filter),
            timeInBot: repo.timeInBot(filter)
          },
          { concurrency: "unbounded" }
        )
        const whole = rows.money.find((row) => row.key === null) ?? { revenueCents: 0, payments: 0, refundedCents: 0 }
        const view: MetricsView = {
          from: filter.from.toISOString(),
          to: filter.to.toISOString(),
          tz: filter.tz,
          bot: filter.bot ?? null,
          funnel: stepsOf(rows.steps.filter((row) => row.key === null)),
          revenue_cents: whole.revenueCents,
          average_ticket_cents: whole.payments === 0 ? 0 : Math.round(whole.revenueCents / whole.payments),
          refunded_cents: whole.refundedCents,
          time_to_pix_seconds: timesOf(rows.timeToPix),
          time_to_pay_seconds: timesOf(rows.timeToPay),
          time_in_bot_seconds: timesOf(rows.timeInBot),
          groups: filter.group === undefined ? [] : groupsOf(filter, rows.steps, rows.money)
        }
        return view
      })

      return Metrics.of({ funnel })
    })
  )
}

type Steps = ReadonlyArray<typeof StepRow.Type>
type Money = ReadonlyArray<typeof MoneyRow.Type>

/**
 * All five steps, also those without a row. Conversions are measured against steps that have people: a bot without a
 * presell page starts at `bot_start`, and its funnel is not a row of zeros.
 */
const stepsOf = (rows: Steps): ReadonlyArray<StepView> => {
  let first = 0
  let previous = 0
  return funnelSteps.map((event) => {
    const row = rows.find(({ name }) => name === event)
    const unique = row?.people ?? 0
    const base = first === 0 ? unique : first
    const before = previous === 0 ? unique : previous
    first = base
    if (unique > 0) previous = unique
    return {
      event,
      events: row?.events ?? 0,
      unique,
      conversion: ratio(unique, base),
      step_conversion: ratio(unique, before)
    }
  })
}

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : Math.round((part / whole) * 1000) / 1000)

const timesOf = (rows: ReadonlyArray<typeof TimeRow.Type>): TimeView => {
  const row = rows[0]
  return { count: row?.count ?? 0, p50: row?.p50 ?? 0, p90: row?.p90 ?? 0, p95: row?.p95 ?? 0 }
}

const groupsOf = (filter: MetricsFilter, steps: Steps, money: Money): ReadonlyArray<GroupView> => {
  const stepsByKey = Map.groupBy(steps, (row) => row.key)
  const moneyByKey = new Map(money.map((row) => [row.key, row]))
  const keys = [...new Set([...stepsByKey.keys(), ...moneyByKey.keys()])].filter((key) => key !== null)
  return keys.toSorted().map((key) => ({
    key: filter.group === "hour" ? localHour(key, filter.tz) : key,
    funnel: stepsOf(stepsByKey.get(key) ?? []),
    revenue_cents: moneyByKey.get(key)?.revenueCents ?? 0,
    refunded_cents: moneyByKey.get(key)?.refundedCents ?? 0
  }))
}

/** With its offset, so that the hour a clock repeats stays two hours. */
const localHour = (instant: string, tz: string): string =>
  DateTime.makeZoned(instant, { timeZone: tz }).pipe(
    Option.map(DateTime.formatIsoOffset),
    Option.map((iso) => iso.replace(".000", "")),
    Option.getOrElse(() => instant)
  )
