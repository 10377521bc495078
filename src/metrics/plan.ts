import type { Span } from "../repo/metrics/facts.ts"
import type { CellRange, ReadPlan } from "../repo/metrics/parts.ts"
import { cellDay, cellMonth } from "./period.ts"

const hourMs = 3_600_000
const quarterMs = 900_000
const tenMs = 10_000
const floorTen = (ms: number) => Math.floor(ms / tenMs) * tenMs
const floorHour = (ms: number) => Math.floor(ms / hourMs) * hourMs
const floorQuarter = (ms: number) => Math.floor(ms / quarterMs) * quarterMs

interface Question {
  readonly from: Date
  readonly to: Date
  /** Cells hold everything before it. */
  readonly rolledTo: Date | undefined
  /** Cells of ten seconds go on up to here. */
  readonly recentTo?: Date | undefined
  /** Beginnings of the groups when they are spans of time. */
  readonly borders?: ReadonlyArray<Date> | undefined
  /** Coarser cells than these would blur the groups. */
  readonly coarsest: "h" | "d" | "m"
}

/**
 * Which cells and which raw rows answer for a period. Whole months, days and hours come from cells, an hour that a border
 * divides from its quarters, and what is newer than those from cells of ten seconds; a quarter or ten seconds that a border
 * cuts, and what is newer than all cells, comes from the rows.
 */
export const planOf = ({ borders = [], coarsest, from, recentTo, rolledTo, to }: Question): ReadPlan => {
  const start = from.getTime()
  const stop = to.getTime()
  const rolled = rolledTo?.getTime() ?? 0
  const recent = Math.max(recentTo?.getTime() ?? 0, rolled)
  const all = [start, ...borders.map((border) => border.getTime())]
  const older = olderOf(start, Math.min(stop, rolled), rolled, all, coarsest)
  const newer = newerOf(Math.max(start, rolled), Math.min(stop, recent), recent, all)
  const spans = [...older.spans, ...newer.spans]
  if (stop > recent) spans.push([Math.max(start, recent), stop])
  return {
    cells: [...older.cells, ...newer.cells],
    divided: datesOf(older.divided),
    quarters: datesOf(older.quarters),
    cut: datesOf(older.cut),
    cutTens: datesOf(newer.cut),
    spans: joined(spans)
  }
}

type Times = ReadonlyArray<readonly [number, number]>

/** Borders between `start` and `end`; the cell under way ends where all cells end. */
const bordersIn = (start: number, end: number, closes: boolean, all: ReadonlyArray<number>) => {
  const inside = all.filter((ms) => ms >= start && ms < end)
  return closes ? inside : [...inside, end]
}

const unlike = (all: ReadonlyArray<number>, floor: (ms: number) => number) => [
  ...new Set(all.filter((ms) => floor(ms) !== ms).map(floor))
]

const piecesOf = (cut: ReadonlyArray<number>, length: number, start: number, end: number): Times =>
  cut.map((one) => [Math.max(start, one), Math.min(end, one + length)] as const)

const olderOf = (
  start: number,
  end: number,
  rolled: number,
  borders: ReadonlyArray<number>,
  coarsest: "h" | "d" | "m"
) => {
  if (end <= start) return { cells: [], divided: [], quarters: [], cut: [], spans: [] as Times }
  const closes = end === rolled
  const all = bordersIn(start, end, closes, borders)
  const cut = unlike(all, floorQuarter)
  const divided = unlike(all, floorHour)
  const quarters = divided
    .flatMap((hour) => [0, 1, 2, 3].map((n) => hour + n * quarterMs))
    .filter((quarter) => quarter >= start && quarter < end && !cut.includes(quarter))
  return {
    cells: cellsOf(start, end, closes, coarsest),
    divided,
    quarters,
    cut,
    spans: piecesOf(cut, quarterMs, start, end)
  }
}

const newerOf = (start: number, end: number, recent: number, borders: ReadonlyArray<number>) => {
  if (end <= start) return { cells: [], cut: [], spans: [] as Times }
  const cut = unlike(bordersIn(start, end, end === recent, borders), floorTen)
  const cells: ReadonlyArray<CellRange> = [{ grain: "s", from: new Date(floorTen(start)), to: new Date(end) }]
  return { cells, cut, spans: piecesOf(cut, tenMs, start, end) }
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
