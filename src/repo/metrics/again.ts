import type { SqlClient } from "effect/sql"
import { bitOf, instants, quarterOf, tenOf } from "./cells.ts"
import { instant } from "./facts.ts"
import { utmNames } from "./filter.ts"
import { askedOf, combined, groupOf, hasMarks, type Part, wantedMarks } from "./parts.ts"

type Sql = SqlClient.SqlClient

export const againName = (sql: Sql, { name }: Part) => sql.literal(`again_${name}`)

/**
 * How often cells by combinations counted units too much, because those came under several of the combinations asked
 * for, which then had all asked kinds of marks in common (`alike`). A unit counts in its first cell of each combination
 * and should in its first row alone. Units and keys go as numbers: sorted as texts by the rules of a language they took
 * half of a question's time.
 */
export const again = (sql: Sql, part: Part) => {
  const { filter, plan } = part
  // One by one, as the statistics are.
  const alike = sql.and(askedOf(part).map((name) => sql.literal(`(r.alike & ${bitOf(name)}) = ${bitOf(name)}`)))
  const ranges = combined(part)
  const isIn = (at: string) =>
    sql.or(
      ranges.map((range) => {
        const column = sql.literal(at)
        const inside = sql`${column} >= ${instant(sql, range.from)} and ${column} < ${instant(sql, range.to)}`
        const cut = range.grain === "h" ? plan.cut : range.grain === "s" ? plan.cutTens : []
        const bin = range.grain === "h" ? quarterOf(at) : tenOf(at)
        return cut.length > 0
          ? sql`(${inside} and ${sql.literal(bin)} <> all(${instants(sql, cut)}))`
          : sql`(${inside})`
      })
    )
  const ofBot = filter.bot === undefined ? sql`` : sql`and r.bot = ${filter.bot}`
  const inPeriod = sql`r.at >= ${instant(sql, filter.from)} and r.at < ${instant(sql, filter.to)}`
  const all = ranges.length === plan.cells.length
  // Where only hours are read by combinations, those hours' units alone.
  const returns = all
    ? sql`metrics_returns r`
    : sql`(select distinct r.bot, r.unit from metrics_returns r where ${isIn("r.at")} and ${alike} ${ofBot}) u
          join metrics_returns r on r.bot = u.bot and r.unit = u.unit`
  const ofMarks = all && hasMarks(filter) ? sql`and r.marks = any(array(select w.marks from wanted w))` : sql``
  const key = groupOf(sql, part, "r", "r").key
  return sql`
    ${againName(sql, part)} as (
      select max(key) as key, step, sum(again) as again from (
        select k, step, max(key) as key,
          count(*) filter (where ${isIn("r.at")}) - case when ${isIn("min(r.at)")} then 1 else 0 end as again
        from (
          select who, step, k, marks, max(key) as key, min(at) as at from (
            select hashtextextended(r.unit, hashtextextended(r.bot, 0)) as who, r.step, r.marks, r.at,
              hashtextextended(${key}, 0) as k, ${key} collate "C" as key
            from (
              select r.*, ${sql.literal(utmNames.map((name) => `m.${name}`).join(", "))}
              from ${returns} join metrics_marks m on m.marks = r.marks
              where ${alike} and ${inPeriod} ${ofBot} ${ofMarks}
              -- Read once: taken for one combination, fifty had the returns read fifty times.
              offset 0) r
            where ${wantedMarks(sql, filter, "r")}) r
          group by who, step, k, marks) r
        group by who, step, k having count(*) > 1) r
      group by k, step)`
}
