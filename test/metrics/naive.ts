import type { MetricsFilter } from "../../src/metrics/Metrics.ts"
import { type Fact, type Sale, sessionMarks } from "./history.ts"

// The same definitions once more, over plain arrays, with nothing shared with the queries.

const steps = ["presell_view", "to_bot_click", "bot_start", "pix_created", "pix_paid"] as const
const isStep = (name: string) => steps.some((step) => step === name)
const modern: Readonly<Record<string, string>> = { start: "bot_start", payment_approved: "pix_paid" }
const nameOf = (fact: Fact) => modern[fact.name] ?? fact.name
const ofSession = (name: string) => name === "presell_view" || name === "to_bot_click"
const markOf = (fact: Fact) => fact.mark ?? (fact.session === null ? null : (sessionMarks[fact.session] ?? null))

const within = (at: Date | null, from: Date, to: Date): at is Date => at !== null && at >= from && at < to

const fits = (row: { readonly bot: string | null }, mark: string | null, filter: MetricsFilter) => {
  if (filter.bot !== undefined && row.bot !== filter.bot) return false
  const wanted = filter.utm.utm_source
  return wanted === undefined || (wanted === "(none)" ? mark === null : mark === wanted)
}

const localParts = (at: Date, tz: string) => {
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone: tz,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    hourCycle: "h23",
    timeZoneName: "longOffset"
  }).formatToParts(at)
  const part = (type: string) => parts.find((p) => p.type === type)?.value ?? ""
  const offset = part("timeZoneName").replace("GMT", "")
  return {
    day: `${part("year")}-${part("month")}-${part("day")}`,
    hour: part("hour"),
    offset: offset === "" ? "+00:00" : offset
  }
}

const keyOf = (at: Date, bot: string | null, mark: string | null, filter: MetricsFilter): string => {
  const { day, hour, offset } = localParts(at, filter.tz)
  if (filter.group === "day") return day
  if (filter.group === "hour") return `${day}T${hour}:00:00${offset}`
  if (filter.group === "bot") return bot ?? "(none)"
  return filter.group === "utm_source" ? (mark ?? "(none)") : "(none)"
}

const round = (part: number, whole: number) => (whole === 0 ? 0 : Math.round((part / whole) * 1000) / 1000)

const funnelOf = (facts: ReadonlyArray<Fact>) => {
  const counts = steps.map((event) => {
    const rows = facts.filter((fact) => nameOf(fact) === event)
    const units = rows.map((fact) =>
      ofSession(event)
        ? (fact.session ?? `nobody ${fact.id}`)
        : fact.person === null
          ? `nobody ${fact.id}`
          : `${fact.bot} ${fact.person}`
    )
    return { event, events: rows.length, unique: new Set(units).size }
  })
  return counts.map((count, i) => {
    const base = counts.find(({ unique }) => unique > 0)?.unique ?? 0
    const before = counts.slice(0, i).findLast(({ unique }) => unique > 0)?.unique ?? count.unique
    const started = counts.slice(0, i + 1).some(({ unique }) => unique > 0)
    return {
      event: count.event,
      events: count.events,
      unique: count.unique,
      conversion: started ? round(count.unique, base) : 0,
      step_conversion: started ? round(count.unique, before) : 0
    }
  })
}

/** Nearest rank. */
const timesOf = (seconds: ReadonlyArray<number>) => {
  const sorted = seconds.toSorted((a, b) => a - b)
  const at = (p: number) => sorted[Math.max(0, Math.ceil(p * sorted.length - 1e-9) - 1)] ?? 0
  return { count: sorted.length, p50: at(0.5), p90: at(0.9), p95: at(0.95) }
}

const secondsBetween = (from: Date, to: Date) => Math.floor((to.getTime() - from.getTime()) / 1000)

const byPerson = (facts: ReadonlyArray<Fact>) =>
  [
    ...Map.groupBy(
      facts.filter(({ person }) => person !== null),
      ({ bot, person }) => `${bot} ${person}`
    ).values()
  ].map((rows) => rows.toSorted((a, b) => a.at.getTime() - b.at.getTime()))

/** Every number of `GET /api/metrics`, counted by hand. */
export const naive = (facts: ReadonlyArray<Fact>, sales: ReadonlyArray<Sale>, filter: MetricsFilter) => {
  const { from, to } = filter
  const inside = facts.filter((fact) => within(fact.at, from, to) && fits(fact, markOf(fact), filter))
  const paid = sales.filter((sale) => within(sale.paidAt, from, to) && fits(sale, sale.mark, filter))
  const back = sales.filter((sale) => within(sale.backAt, from, to) && fits(sale, sale.mark, filter))
  const sum = (rows: ReadonlyArray<Sale>) => rows.reduce((total, { cents }) => total + cents, 0)

  const toPix = byPerson(inside.filter((fact) => nameOf(fact) === "pix_created")).flatMap(([first]) => {
    if (first === undefined) return []
    const starts = facts.filter(
      (fact) =>
        nameOf(fact) === "bot_start" &&
        fact.bot === first.bot &&
        fact.person === first.person &&
        fact.at <= first.at &&
        fact.at.getTime() >= first.at.getTime() - 7 * 86_400_000 &&
        fact.at.getTime() >= from.getTime() - 7 * 86_400_000
    )
    const last = starts.toSorted((a, b) => a.at.getTime() - b.at.getTime()).at(-1)
    return last === undefined ? [] : [secondsBetween(last.at, first.at)]
  })
  const firstPaid = Map.groupBy(
    paid.toSorted((a, b) => (a.paidAt?.getTime() ?? 0) - (b.paidAt?.getTime() ?? 0) || a.id - b.id),
    (sale) => (sale.person === null || sale.bot === null ? `nobody ${sale.id}` : `${sale.bot} ${sale.person}`)
  )
  const toPay = [...firstPaid.values()].flatMap(([sale]) =>
    sale?.paidAt == null ? [] : [secondsBetween(sale.createdAt, sale.paidAt)]
  )
  const inBot = byPerson(inside.filter((fact) => !ofSession(nameOf(fact)))).map((rows) =>
    secondsBetween((rows[0] as Fact).at, (rows.at(-1) as Fact).at)
  )

  const ofFact = (fact: Fact) => keyOf(fact.at, fact.bot, markOf(fact), filter)
  const counted = inside.filter((fact) => isStep(nameOf(fact)))
  const keys = new Set([
    ...counted.map(ofFact),
    ...paid.map((sale) => keyOf(sale.paidAt as Date, sale.bot, sale.mark, filter)),
    ...back.map((sale) => keyOf(sale.backAt as Date, sale.bot, sale.mark, filter))
  ])
  return {
    from: from.toISOString(),
    to: to.toISOString(),
    tz: filter.tz,
    bot: filter.bot ?? null,
    funnel: funnelOf(inside),
    revenue_cents: sum(paid),
    average_ticket_cents: paid.length === 0 ? 0 : Math.round(sum(paid) / paid.length),
    refunded_cents: sum(back),
    time_to_pix_seconds: timesOf(toPix),
    time_to_pay_seconds: timesOf(toPay),
    time_in_bot_seconds: timesOf(inBot),
    groups:
      filter.group === undefined
        ? []
        : [...keys].map((key) => ({
            key,
            funnel: funnelOf(counted.filter((fact) => ofFact(fact) === key)),
            revenue_cents: sum(paid.filter((sale) => keyOf(sale.paidAt as Date, sale.bot, sale.mark, filter) === key)),
            refunded_cents: sum(back.filter((sale) => keyOf(sale.backAt as Date, sale.bot, sale.mark, filter) === key))
          }))
  }
}
