import { funnelSteps, type MetricsFilter } from "../repo/metrics/filter.ts"
import type { CountRow, TimeRow } from "../repo/MetricsRepo.ts"
import type { GroupView, MetricsView, StepView, TimeView } from "./model.ts"
import type { TimeGroup } from "./period.ts"

interface Found {
  readonly filter: MetricsFilter
  readonly total: ReadonlyArray<CountRow>
  readonly groups: ReadonlyArray<CountRow>
  readonly times: ReadonlyArray<TimeRow>
  /** When the groups are spans of time. */
  readonly spans: ReadonlyArray<TimeGroup> | undefined
  readonly settledBefore: Date
  /** What was written late is still being counted. */
  readonly recounting: boolean
}

const organicIndex = 5

export const viewOf = ({ filter, groups, recounting, settledBefore, spans, times, total }: Found): MetricsView => {
  const whole = total[0]
  const timeOf = (kind: TimeRow["kind"]): TimeView => {
    const row = times.find((time) => time.kind === kind)
    return { count: row?.count ?? 0, p50: row?.p50 ?? 0, p90: row?.p90 ?? 0, p95: row?.p95 ?? 0 }
  }
  const revenue = whole?.revenueCents ?? 0
  const payments = whole?.payments ?? 0
  return {
    from: filter.from.toISOString(),
    to: filter.to.toISOString(),
    tz: filter.tz,
    bot: filter.bot ?? null,
    funnel: stepsOf(whole),
    organic_starts: { events: whole?.events[organicIndex] ?? 0, unique: whole?.units[organicIndex] ?? 0 },
    revenue_cents: revenue,
    payments,
    average_ticket_cents: payments === 0 ? 0 : Math.round(revenue / payments),
    refunded_cents: whole?.refundedCents ?? 0,
    time_to_pix_seconds: timeOf("p"),
    time_to_pay_seconds: timeOf("v"),
    time_in_bot_seconds: timeOf("b"),
    provisional_from:
      filter.to <= settledBefore ? null : new Date(Math.max(+filter.from, +settledBefore)).toISOString(),
    recounting,
    groups: groupsOf(groups, spans, filter.to, settledBefore)
  }
}

/**
 * All five steps, also those without a row. Conversions are measured against steps that have people: a bot without a
 * presell page starts at `bot_start`, and its funnel is not a row of zeros.
 */
const stepsOf = (row: CountRow | undefined): ReadonlyArray<StepView> => {
  let first = 0
  let previous = 0
  return funnelSteps.map((event, i) => {
    const unique = row?.units[i] ?? 0
    const base = first === 0 ? unique : first
    const before = previous === 0 ? unique : previous
    first = base
    if (unique > 0) previous = unique
    return {
      event,
      events: row?.events[i] ?? 0,
      unique,
      conversion: ratio(unique, base),
      step_conversion: ratio(unique, before)
    }
  })
}

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : Math.round((part / whole) * 1000) / 1000)

const groupsOf = (
  rows: ReadonlyArray<CountRow>,
  spans: ReadonlyArray<TimeGroup> | undefined,
  to: Date,
  settledBefore: Date
): ReadonlyArray<GroupView> => {
  const named = rows.flatMap((row): ReadonlyArray<GroupView> => {
    if (row.key === null || !isTold(row)) return []
    const index = Number(row.key)
    const span = spans?.[index - 1]
    const ends = spans?.[index]?.from ?? to
    return [
      {
        key: span?.key ?? row.key,
        funnel: stepsOf(row),
        revenue_cents: row.revenueCents,
        refunded_cents: row.refundedCents,
        ...(spans === undefined ? {} : { provisional: ends > settledBefore })
      }
    ]
  })
  return named.toSorted((a, b) => (a.key < b.key ? -1 : 1))
}

const isTold = (row: CountRow) =>
  row.payments > 0 || row.revenueCents !== 0 || row.refundedCents !== 0 || row.events.some((n) => n > 0)
