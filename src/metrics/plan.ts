import type { Span } from "../repo/metrics/facts.ts"
import type { CellRange, ReadPlan } from "../repo/metrics/parts.ts"
import { cellDay, cellMonth } from "./period.ts"

const hourMs = 3_600_000
const quarterMs = 900_000
const floorHour = (ms: number) => Math.floor(ms / hourMs) * hourMs
const floorQuarter = (ms: number) => Math.floor(ms / quarterMs) * quarterMs

interface Question {
  readonly from: Date
  readonly to: Date
  /** Cells hold everything before it. */
  readonly rolledTo: Date | undefined
  /** Beginnings of the groups when they are spans of time. */
  readonly borders?: ReadonlyArray<Date> | undefined
  /** Coarser cells than these would blur the groups. */
  readonly coarsest: "h" | "d" | "m"
}

/**
 * Which cells and which raw rows answer for a period. Whole months, days and hours come from cells, an hour that a border
 * divides from its quarters; a quarter that a border cuts, and what is newer than the cells, comes from the rows.
 */
export const planOf = ({ borders = [], coarsest, from, rolledTo, to }: Question): ReadPlan => {
  const start = from.getTime()
  const stop = to.getTime()
  const end = Math.min(stop, rolledTo?.getTime() ?? 0)
  if (end <= start) return { cells: [], divided: [], quarters: [], cut: [], spans: [{ from, to }] }
  // The cell under way ends where all cells end.
  const closes = stop >= end && end === rolledTo?.getTime()
  const inside = [start, ...borders.map((border) => border.getTime())].filter((ms) => ms >= start && ms < end)
  const all = closes ? inside : [...inside, end]
  const unlike = (floor: (ms: number) => number) => [...new Set(all.filter((ms) => floor(ms) !== ms).map(floor))]
  const cut = unlike(floorQuarter)
  const divided = unlike(floorHour)
  const quarters = divided
    .flatMap((hour) => [0, 1, 2, 3].map((n) => hour + n * quarterMs))
    .filter((quarter) => quarter >= start && quarter < end && !cut.includes(quarter))
  const spans = cut.map((one): readonly [number, number] => [Math.max(start, one), Math.min(end, one + quarterMs)])
  if (stop > end) spans.push([end, stop])
  return {
    cells: cellsOf(start, end, closes, coarsest),
    divided: datesOf(divided),
    quarters: datesOf(quarters),
    cut: datesOf(cut),
    spans: joined(spans)
  }
}

const datesOf = (all: ReadonlyArray<number>) => all.map((ms) => new Date(ms))

const cellsOf = (start: number, end: number, closes: boolean, coarsest: "h" | "d" | "m"): ReadonlyArray<CellRange> => {
  const days = coarsest === "h" ? undefined : inner(start, end, closes, cellDay)
  const months = coarsest !== "m" || days === undefined ? undefined : inner(days[0], days[1], closes, cellMonth)
  const ranges: Array<readonly ["h" | "d" | "m", number, number]> = []
  if (days === undefined) ranges.push(["h", floorHour(start), end])
  else {
    ranges.push(["h", floorHour(start), days[0]], ["h", days[1], end])
    if (months === undefined) ranges.push(["d", days[0], days[1]])
    else ranges.push(["d", days[0], months[0]], ["m", months[0], months[1]], ["d", months[1], days[1]])
  }
  return ranges.flatMap(([grain, from, to]) => (from < to ? [{ grain, from: new Date(from), to: new Date(to) }] : []))
}

/** The whole units inside; `closes`: the last may be under way. */
const inner = (start: number, end: number, closes: boolean, beginning: (ms: number, add: number) => number) => {
  const first = beginning(start, 0) === start ? start : beginning(start, 1)
  const last = closes ? end : beginning(end, 0)
  return first < last ? ([first, last] as const) : undefined
}

const joined = (spans: ReadonlyArray<readonly [number, number]>): ReadonlyArray<Span> => {
  const merged: Array<[number, number]> = []
  for (const [from, to] of spans.toSorted((a, b) => a[0] - b[0])) {
    const last = merged.at(-1)
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to)
    else merged.push([from, to])
  }
  return merged.map(([from, to]) => ({ from: new Date(from), to: new Date(to) }))
}
