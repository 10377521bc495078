import type { SqlClient, Statement } from "effect/sql"
import { unionAll } from "./facts.ts"
import { freshName } from "./fresh.ts"
import { type Part, partsOf, type Reading, wanted, wantedCells, wantedMarks, withAll } from "./parts.ts"

type Sql = SqlClient.SqlClient

/** `unnest` beside the row and not in a join: a join fills a table in memory for every cell, four times as slow. */
const cellTimes = (sql: Sql, part: Part, kinds: ReadonlyArray<"p" | "v" | "b">) =>
  wantedCells(sql, part).map(
    (wanted) => sql`
      select kind, (b >> 32)::int as bin, b & 4294967295 as n from (
        select c.kind, unnest(c.bins) as b from metrics_times c
        where c.kind in (${sql.csv(kinds.map((kind) => sql`${kind}`))}) and ${wanted}) c`
  )

/** To PIX and to payment. */
export const timesOf = (sql: Sql, part: Part) => {
  const rows = sql`
    select k.kind, metrics_bin(k.seconds), 1 from ${freshName(sql, part)} f
      cross join lateral (values ('p'::"char", f.pix_seconds), ('v', f.pay_seconds)) k (kind, seconds)
    where k.seconds is not null and ${wantedMarks(sql, part.filter, "f")}`
  return [...cellTimes(sql, part, ["p", "v"]), ...(part.plan.spans.length === 0 ? [] : [rows])]
}

/** The time in the bot; its plan ends earlier. `bins`: the histogram of the visits that are in no cell. */
export const visitTimes = (sql: Sql, reading: Reading, bins: string | undefined) => {
  const [part] = partsOf({ ...reading, groups: undefined })
  const cells = cellTimes(sql, part as Part, ["b"])
  const fresh =
    bins === undefined
      ? []
      : [sql`select 'b'::"char", (b->>0)::int, (b->>1)::bigint from json_array_elements(${bins}::json) b`]
  return sql`${withAll(sql, wanted(sql, reading.filter))} ${percentiles(sql, [...cells, ...fresh])}`
}

export const percentiles = (sql: Sql, parts: ReadonlyArray<Statement.Fragment>) => {
  const none = sql`select 'p'::"char" as kind, 0 as bin, 0::bigint as n where false`
  // Kind and bin as one number: sorting ten thousand bins by two columns was most of a question's time.
  return sql`
    select chr(bin >> 16) as kind, max(total)::bigint as count,
      metrics_bin_seconds(min(bin & 65535) filter (where upto >= 0.5 * total)) as p50,
      metrics_bin_seconds(min(bin & 65535) filter (where upto >= 0.9 * total)) as p90,
      metrics_bin_seconds(min(bin & 65535) filter (where upto >= 0.95 * total)) as p95
    from (
      select bin, sum(n) over (partition by bin >> 16 order by bin) as upto, sum(n) over (partition by bin >> 16) as total
      from (
        select (x.kind::int << 16) + x.bin as bin, sum(x.n) as n
        from (${unionAll(sql, parts.length === 0 ? [none] : parts)}) x (kind, bin, n) group by 1) y) z
    group by bin >> 16`
}
