import type { SqlClient, Statement } from "effect/sql"
import { instants } from "./cells.ts"
import { instant, type Span, type Windows } from "./facts.ts"
import { type MetricsFilter, noUtm, scopeOfMark, type UtmName, utmNames } from "./filter.ts"

type Sql = SqlClient.SqlClient

export interface CellRange extends Span {
  readonly grain: "s" | "h" | "d" | "m"
}

/** Where a period's numbers come from: cells, and rows. */
export interface ReadPlan {
  readonly cells: ReadonlyArray<CellRange>
  /** Hours that a border divides: read by these quarters. */
  readonly divided: ReadonlyArray<Date>
  readonly quarters: ReadonlyArray<Date>
  /** Quarters of an hour that a border cuts: read from the rows. */
  readonly cut: ReadonlyArray<Date>
  /** Ten seconds that a border cuts: read from the rows. */
  readonly cutTens: ReadonlyArray<Date>
  readonly spans: ReadonlyArray<Span>
}

/** What a question asks of the tables. */
export interface Reading {
  readonly filter: MetricsFilter
  readonly sources: ReadonlyArray<Statement.Fragment>
  readonly windows: Windows
  readonly rolledTo: Date | undefined
  /** Very many combinations come under the marks asked for. */
  readonly broad: boolean
  /** For the whole period. */
  readonly plan: ReadPlan
  /** For the groups, where there are any; its spans hold those of the whole. */
  readonly groups: Groups | undefined
  /** Where visits may still go on, and since when what people did is not in metrics_visits. */
  readonly open?: (Span & { readonly since: Date }) | undefined
}

export interface Groups {
  readonly plan: ReadPlan
  /** Beginnings of groups that are spans of time; the key of a row is then the number of its group, from 1. */
  readonly borders: ReadonlyArray<Date> | undefined
}

/** One of the two tables of an answer: the whole period or its groups. */
export interface Part {
  readonly name: "whole" | "groups"
  readonly filter: MetricsFilter
  readonly plan: ReadPlan
  readonly broad: boolean
  readonly grouped: boolean
  readonly borders: ReadonlyArray<Date> | undefined
  readonly cellsExist: boolean
}

/** A microsecond earlier: of instants in order, `width_bucket` counts those up to one, and wanted are those before. */
const justBefore = (date: Date) => new Date(date.getTime() - 1).toISOString().replace("Z", "999Z")

export const markOf = (group: MetricsFilter["group"]): UtmName | undefined => utmNames.find((name) => name === group)

export const askedOf = ({ filter, grouped }: Part) =>
  utmNames.filter((name) => filter.utm[name] !== undefined || (grouped && filter.group === name))

/** The scope of cells that answers: all, one kind of mark (by hour and ten seconds only sources and placements), or combinations. */
export const scopeOf = (part: Part, grain: CellRange["grain"]) => {
  const [asked, ...more] = askedOf(part)
  if (asked === undefined) return "a"
  return more.length === 0 && (grain === "d" || grain === "m" || asked === "utm_source" || asked === "utm_term")
    ? scopeOfMark[asked]
    : "t"
}

export const combined = (part: Part) => part.plan.cells.filter((range) => scopeOf(part, range.grain) === "t")

/** The column of a fact that tells when its unit did the same before with the same marks of those asked for. */
export const beforeOf = ({ name }: Part) => `before_${name}`

export const wantedMarks = (sql: Sql, filter: MetricsFilter, alias: string) =>
  sql.and([
    sql`true`,
    ...utmNames.flatMap((name) => {
      const wanted = filter.utm[name]
      const column = sql.literal(`${alias}.${name}`)
      return wanted === undefined ? [] : [wanted === noUtm ? sql`${column} is null` : sql`${column} = ${wanted}`]
    })
  ])

export const hasMarks = ({ utm }: MetricsFilter) => utmNames.some((name) => utm[name] !== undefined)

/** The combinations that a filter by marks lets through, looked up once. */
export const wanted = (sql: Sql, filter: MetricsFilter) =>
  hasMarks(filter)
    ? [sql`wanted as materialized (select m.marks from metrics_marks m where ${wantedMarks(sql, filter, "m")})`]
    : []

export const withAll = (sql: Sql, ctes: ReadonlyArray<Statement.Fragment>) =>
  ctes.length === 0 ? sql`` : sql`with ${ctes.reduce((a, b) => sql`${a}, ${b}`)}`

const manyCombinations = 200

/**
 * Whether the marks asked for are those of many combinations. Those are not looked up one by one where a few hours are read:
 * 4,000 of a year took 25 ms, the cells of a day take 5.
 */
export const isBroad = (sql: Sql, filter: MetricsFilter, plans: ReadonlyArray<ReadPlan>) =>
  hasMarks(filter) && plans.some((plan) => plan.cells.some(isBrief))
    ? sql<{ readonly broad: boolean }>`
        select count(*) > ${manyCombinations} as broad from metrics_marks m where ${wantedMarks(sql, filter, "m")}`
    : undefined

const isBrief = ({ from, grain, to }: CellRange) =>
  grain === "s" || (grain === "h" && to.getTime() - from.getTime() < 2 * 86_400_000)

/** What to look for in the tables of cells, range by range. */
export const wantedCells = (sql: Sql, part: Part): ReadonlyArray<Statement.Fragment> => {
  const { filter, grouped, plan } = part
  const of = (grain: string, scope: string, at: Statement.Fragment, brief = false) => {
    const ofBot =
      filter.bot !== undefined
        ? sql`and c.bot = ${filter.bot}`
        : scope !== "t" && !(grouped && filter.group === "bot")
          ? sql`and c.bot = '*'`
          : sql`and c.bot <> '*'`
    return sql`c.grain = ${grain} and c.scope = ${scope} ${ofBot} ${marksIn(sql, scope, filter, brief && part.broad)} and ${at}`
  }
  const without = (dates: ReadonlyArray<Date>) =>
    dates.length === 0 ? sql`` : sql`and c.at <> all(${instants(sql, dates)})`
  const ranges = plan.cells.map(({ from, grain, to }) => {
    const scope = scopeOf(part, grain)
    const until = sql`c.at < ${instant(sql, to)}`
    const within = sql`c.at >= ${instant(sql, from)} and ${until}`
    if (grain === "s") return of(grain, scope, sql`${within} ${without(plan.cutTens)}`, true)
    if (grain !== "h") return of(grain, scope, within)
    // Combinations have no hours, only quarters.
    return scope === "t"
      ? of(
          "q",
          scope,
          sql`c.at >= ${instant(sql, from < filter.from ? filter.from : from)} and ${until} ${without(plan.cut)}`,
          isBrief({ from, grain, to })
        )
      : of("h", scope, sql`${within} ${without(plan.divided)}`)
  })
  const scope = scopeOf(part, "h")
  return scope === "t" || plan.quarters.length === 0
    ? ranges
    : [...ranges, of("q", scope, sql`c.at = any(${instants(sql, plan.quarters)})`)]
}

const marksIn = (sql: Sql, scope: string, filter: MetricsFilter, byTime: boolean) => {
  if (scope === "a") return sql`and c.marks = 0`
  const name = utmNames.find((one) => filter.utm[one] !== undefined)
  if (name === undefined) return sql``
  // The sum keeps the planner from the index by marks.
  if (byTime) return sql`and c.marks + 0 in (select w.marks from wanted w)`
  // Looked up one by one: as a join, the planner read a year of everybody's cells for one combination.
  if (scope === "t") return sql`and c.marks = any(array(select w.marks from wanted w))`
  const value = filter.utm[name]
  return sql`and c.marks = metrics_marks_of(${scope}, ${value === noUtm || value === undefined ? null : value})`
}

/** The group of a row with `at`, `bot` and marks, and the instant since which its units are to be new. */
export const groupOf = (sql: Sql, { borders, filter, grouped }: Part, alias: string, marksAlias: string) => {
  const since = instant(sql, filter.from)
  const before = sql`${justBefore(filter.from)}::timestamptz`
  if (!grouped) return { key: sql`null::text`, since, before }
  if (borders !== undefined) {
    const number = sql`width_bucket(${sql.literal(alias)}.at, ${instants(sql, borders)})`
    return {
      key: sql`${number}::text`,
      since: sql`(${instants(sql, borders)})[${number}]`,
      before: sql`(${`{${borders.map(justBefore).join(",")}}`}::timestamptz[])[${number}]`
    }
  }
  const mark = markOf(filter.group)
  return mark === undefined
    ? { key: sql`coalesce(nullif(${sql.literal(alias)}.bot, ''), ${noUtm})`, since, before }
    : { key: sql`coalesce(${sql.literal(`${marksAlias}.${mark}`)}, ${noUtm})`, since, before }
}

export const partsOf = ({ broad, filter, groups, plan, rolledTo }: Reading): ReadonlyArray<Part> => {
  const cellsExist = rolledTo !== undefined
  const whole = { name: "whole", filter, plan, broad, grouped: false, borders: undefined, cellsExist } as const
  return groups === undefined ? [whole] : [whole, { ...whole, name: "groups", grouped: true, ...groups }]
}
