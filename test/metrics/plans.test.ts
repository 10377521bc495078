import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { planOf } from "../../src/metrics/plan.ts"
import { countedSources } from "../../src/repo/eventSources.ts"
import { freshFacts } from "../../src/repo/metrics/fresh.ts"
import { TestDatabase } from "../support/postgres.ts"

interface Node {
  readonly "Actual Rows": number
  readonly "Actual Loops": number
  readonly Plans?: ReadonlyArray<Node>
}

/** The most rows that any step of the plan let through. */
const mostRows = (node: Node): number =>
  Math.max(node["Actual Rows"] * node["Actual Loops"], ...(node.Plans ?? []).map(mostRows))

const windows = {
  to_bot_click_seconds: 86_400,
  pix_created_seconds: 2_592_000,
  pix_paid_seconds: 604_800,
  settled_seconds: 604_800
}

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`

/** A parameter as it may stand in `execute`: lists come typed by our client. */
const literalOf = (parameter: unknown): string => {
  if (typeof parameter === "string") return quoted(parameter)
  if (typeof parameter === "number") return String(parameter)
  const { value } = parameter as { readonly value: ReadonlyArray<string> }
  return quoted(JSON.stringify(value).replace("[", "{").replace("]", "}"))
}

describe("what a question reads from the rows", () => {
  it.live("is what lies between its cut borders, not the range between them", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`
        insert into funnel_events (event_id, event_name, occurred_at, bot_slug, telegram_id)
        select 'e' || n, 'bot_start', timestamptz '2024-01-01' + n * interval '26 minutes', 'x', n
        from generate_series(1, 20000) n`
      yield* sql`analyze funnel_events`
      const asked = { from: new Date("2024-01-02T10:07:00Z"), to: new Date("2024-12-20T10:07:00Z") }
      const plan = planOf({ ...asked, rolledTo: new Date("2025-06-01T00:00:00Z"), coarsest: "m" })
      assert.lengthOf(plan.spans, 2)
      const reading = {
        filter: { ...asked, tz: "UTC", utm: {} },
        sources: yield* countedSources(sql),
        windows,
        rolledTo: new Date("2025-06-01T00:00:00Z"),
        broad: false,
        plan,
        groups: undefined
      }
      const [text, parameters] = freshFacts(sql, reading).compile()
      // Planned without the values, as the service has it.
      const [row] = yield* sql.withTransaction(
        Effect.gen(function* () {
          yield* sql`set local plan_cache_mode = force_generic_plan`
          yield* sql`prepare fresh as ${sql.literal(text)}`.unprepared
          return yield* sql<{ readonly "QUERY PLAN": ReadonlyArray<{ readonly Plan: Node }> }>`
            explain (analyze, format json) execute fresh (${sql.literal(parameters.map(literalOf).join(", "))})`
            .unprepared
        })
      )
      assert.isBelow(mostRows(row!["QUERY PLAN"][0]!.Plan), 100)
    }).pipe(Effect.provide(TestDatabase.layer))
  )
})
