import type { MetricsFilter } from "../../src/metrics/Metrics.ts"
import { type Fact, type Sale, sessionMarks, utmOf } from "./history.ts"

// The same definitions once more, over plain arrays, with nothing shared with the queries.

const utmNames = ["utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"] as const
const steps = ["presell_view", "to_bot_click", "bot_start", "pix_created", "pix_paid"] as const
const modern: Readonly<Record<string, string>> = { start: "bot_start", payment_approved: "pix_paid" }
const nameOf = (fact: Fact) => modern[fact.name] ?? fact.name
const ofSession = (name: string) => name === "presell_view" || name === "to_bot_click"
const markOf = (fact: Fact) => fact.mark ?? (fact.session === null ? null : (sessionMarks[fact.session] ?? null))

const within = (at: Date | null, from: Date, to: Date): at is Date => at !== null && at >= from && at < to

const matches = (value: string | null, wanted: string | undefined) =>
  wanted === undefined || (wanted === "(none)" ? value === null : value === wanted)

const fits = (row: { readonly bot: string | null }, mark: string | null, { bot, utm }: MetricsFilter) =>
  (bot === undefined || row.bot === bot) && utmNames.every((name) => matches(utmOf(mark)[name] ?? null, utm[name]))

export const windows = { to_bot_click_seconds: 86_400, pix_created_seconds: 259_200, pix_paid_seconds: 172_800 }

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
  const name = utmNames.find((one) => one === filter.group)
  return name === undefined ? "(none)" : (utmOf(mark)[name] ?? "(none)")
}

const round = (part: number, whole: number) => (whole === 0 ? 0 : Math.round((part / whole) * 1000) / 1000)

interface Deed extends Fact {
  readonly step: number
  readonly unit: string
  readonly ok: boolean
}

const stepOf = (fact: Fact) => steps.indexOf(nameOf(fact) as "pix_paid")

const inOrder = (a: Fact, b: Fact) => a.at.getTime() - b.at.getTime() || stepOf(a) - stepOf(b)

/** Every event with whether it counts for its unit, found by going through each unit's history from its beginning. */
const deedsOf = (facts: ReadonlyArray<Fact>): ReadonlyArray<Deed> => {
  const unitOf = (fact: Fact) => {
    const known = ofSession(nameOf(fact)) ? fact.session : fact.person
    return known === null
      ? `nobody ${fact.id}`
      : `${ofSession(nameOf(fact)) ? "session" : "person"} ${known} of ${fact.bot}`
  }
  return [...Map.groupBy(facts, unitOf)].flatMap(([unit, rows]) => {
    const last: { view?: number; start?: number; pix?: number; anyPix?: boolean } = {}
    return rows.toSorted(inOrder).map((fact): Deed => {
      const at = fact.at.getTime() / 1000
      const step = stepOf(fact)
      let ok = true
      if (step === 1) ok = last.view === undefined || at - last.view <= windows.to_bot_click_seconds
      if (step === 3) ok = last.start === undefined || at - last.start <= windows.pix_created_seconds
      if (step === 4) {
        ok =
          last.pix === undefined
            ? last.anyPix !== true && last.start === undefined
            : at - last.pix <= windows.pix_paid_seconds
      }
      if (step === 0) last.view = at
      if (step === 2) last.start = at
      if (step === 3) {
        last.anyPix = true
        if (ok) last.pix = at
      }
      return Object.assign({}, fact, { step, unit, ok })
    })
  })
}

const distinct = (deeds: ReadonlyArray<Deed>) => new Set(deeds.filter(({ ok }) => ok).map(({ unit }) => unit)).size

const funnelOf = (deeds: ReadonlyArray<Deed>) => {
  const counts = steps.map((event, i) => {
    const rows = deeds.filter(({ step }) => step === i)
    return { event, events: rows.length, unique: distinct(rows) }
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

/** The middle of the bin a time falls into: exact below 64 s, 32 bins per doubling above. */
const binned = (seconds: number) => {
  if (seconds < 64) return seconds
  const width = 2 ** (Math.floor(Math.log2(seconds)) - 5)
  return Math.floor(seconds / width) * width + Math.floor((width - 1) / 2)
}

/** Nearest rank. */
const timesOf = (seconds: ReadonlyArray<number>) => {
  const sorted = seconds.map(binned).toSorted((a, b) => a - b)
  const at = (p: number) => sorted[Math.max(0, Math.ceil(p * sorted.length - 1e-9) - 1)] ?? 0
  return { count: sorted.length, p50: at(0.5), p90: at(0.9), p95: at(0.95) }
}

const secondsBetween = (from: Date, to: Date) => Math.floor((to.getTime() - from.getTime()) / 1000)

/** Per person, the times of their visits and of the first PIX after a /start, each at the event that ends it. */
const spansOf = (deeds: ReadonlyArray<Deed>) => {
  const people = Map.groupBy(
    deeds.filter(({ person, step }) => person !== null && step !== 0 && step !== 1),
    ({ unit }) => unit
  )
  const toPix: Array<{ readonly end: Deed; readonly seconds: number }> = []
  const visits: Array<{ readonly end: Deed; readonly seconds: number }> = []
  for (const rows of people.values()) {
    let start: Deed | undefined
    let first: Deed | undefined
    for (const [i, deed] of rows.entries()) {
      const pause = (a: Deed, b: Deed) => b.at.getTime() - a.at.getTime() > 1_800_000
      const before = rows[i - 1]
      if (before === undefined || pause(before, deed)) first = deed
      const next = rows[i + 1]
      if (first !== undefined && (next === undefined || pause(deed, next)))
        visits.push({ end: deed, seconds: secondsBetween(first.at, deed.at) })
      if (deed.step === 2) start = deed
      if (deed.step === 3) {
        if (start !== undefined && deed.ok) toPix.push({ end: deed, seconds: secondsBetween(start.at, deed.at) })
        start = undefined
      }
    }
  }
  return { toPix, visits }
}

/** Every number of `GET /api/metrics`, counted by hand. */
export const naive = (facts: ReadonlyArray<Fact>, sales: ReadonlyArray<Sale>, filter: MetricsFilter) => {
  const { from, to } = filter
  const deeds = deedsOf(facts)
  const counts = (deed: Deed) => within(deed.at, from, to) && fits(deed, markOf(deed), filter)
  const inside = deeds.filter(counts)
  const paid = sales.filter((sale) => within(sale.paidAt, from, to) && fits(sale, sale.mark, filter))
  const back = sales.filter((sale) => within(sale.backAt, from, to) && fits(sale, sale.mark, filter))
  const sum = (rows: ReadonlyArray<Sale>) => rows.reduce((total, { cents }) => total + cents, 0)
  const { toPix, visits } = spansOf(deeds)
  const organic = inside.filter(({ session, step }) => step === 2 && session === null)

  const ofFact = (fact: Fact) => keyOf(fact.at, fact.bot, markOf(fact), filter)
  const counted = inside.filter(({ step }) => step >= 0)
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
    organic_starts: { events: organic.length, unique: distinct(organic) },
    revenue_cents: sum(paid),
    payments: paid.length,
    average_ticket_cents: paid.length === 0 ? 0 : Math.round(sum(paid) / paid.length),
    refunded_cents: sum(back),
    time_to_pix_seconds: timesOf(toPix.filter(({ end }) => counts(end)).map(({ seconds }) => seconds)),
    time_to_pay_seconds: timesOf(paid.map((sale) => secondsBetween(sale.createdAt, sale.paidAt as Date))),
    time_in_bot_seconds: timesOf(visits.filter(({ end }) => counts(end)).map(({ seconds }) => seconds)),
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
