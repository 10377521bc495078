import type { Span } from "../repo/metrics/facts.ts"
import type { CellRange, ReadPlan } from "../repo/metrics/read.ts"
import { cellDay, cellMonth } from "./period.ts"

const hourMs = 3_600_000
const floorHour = (ms: number) => Math.floor(ms / hourMs) * hourMs

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
 * Which cells and which raw rows answer for a period. Whole months, days and hours come from cells; an hour that a
 * border cuts, and what is newer than the cells, comes from the rows.
 */
export const planOf = ({ borders = [], coarsest, from, rolledTo, to }: Question): ReadPlan => {
  const start = from.getTime()
  const stop = to.getTime()
  const end = Math.min(stop, rolledTo?.getTime() ?? 0)
  if (end <= start) return { cells: [], cut: [], spans: [{ from, to }] }
  // The cell under way ends where all cells end.
  const closes = stop >= end && end === rolledTo?.getTime()
  const isCut = (ms: number) => ms > start - hourMs && ms < end && floorHour(ms) !== ms
  const cut = new Set([start, ...borders.map((border) => border.getTime())].filter(isCut).map(floorHour))
  if (!closes && floorHour(end) !== end) cut.add(floorHour(end))
  const spans = [...cut].map((hour): readonly [number, number] => [Math.max(start, hour), Math.min(end, hour + hourMs)])
  if (stop > end) spans.push([end, stop])
  return {
    cells: cellsOf(start, end, closes, coarsest),
    cut: [...cut].map((hour) => new Date(hour)),
    spans: joined(spans)
  }
}

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
