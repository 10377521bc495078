import { Context, Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { type BotKeys, wanted } from "./botKeys.ts"
import { rowsOf } from "./decode.ts"
import { columnsOf, DownsellRow } from "./downsells/row.ts"
import { type Foresight, simulate } from "./downsells/simulate.ts"
import { type DownsellTally, tallies } from "./downsells/tallies.ts"

export type { DownsellRow } from "./downsells/row.ts"
export type { Foresight } from "./downsells/simulate.ts"
export type { DownsellTally } from "./downsells/tallies.ts"

/** What the writing side may set. */
export interface DownsellColumns {
  readonly name?: string
  readonly trigger?: "start" | "pix"
  readonly delay_seconds?: number
  readonly content?: object
  readonly active?: boolean
  readonly repeat_after_seconds?: number | null
  readonly drop_after_seconds?: number | null
  readonly window_from_minutes?: number | null
  readonly window_to_minutes?: number | null
  readonly to_buyers?: boolean
}

export type NewDownsell = DownsellColumns &
  Required<Pick<DownsellColumns, "name" | "trigger" | "delay_seconds" | "content">>

type Answer<A> = Effect.Effect<A, SqlError.SqlError>

/** Downsells of bots (`bot_downsells`). */
export class DownsellsRepo extends Context.Service<
  DownsellsRepo,
  {
    /** Not removed ones, in the order in which they follow. */
    readonly load: (keys?: BotKeys) => Answer<ReadonlyArray<DownsellRow>>
    readonly insert: (botId: number, downsell: NewDownsell) => Answer<number>
    readonly update: (id: number, columns: DownsellColumns) => Answer<void>
    /** Cancels who waits for it; what it sent and sold stays. Answers how many waited. */
    readonly remove: (id: number) => Answer<number>
    /** What a /start at that moment would bring this person, or somebody new; nothing is written. */
    readonly simulate: (botId: number, telegramId: number | undefined, at: Date) => Answer<Foresight>
    readonly tallies: (botId: number) => Answer<ReadonlyMap<number, DownsellTally>>
  }
>()("funil/repo/DownsellsRepo") {
  static readonly layer = Layer.effect(
    DownsellsRepo,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const decode = rowsOf(DownsellRow)

      // Not a join: the view reads `bots` itself, and until the tables have statistics a thousand bots take 8 s (0.1 so).
      const load = (keys?: BotKeys) =>
        decode(sql`
          select ${columnsOf(sql)} from downsell_rules d
          where d.bot_id = any(array(select b.id from bots b where ${wanted(sql, keys)})) order by d.bot_id, d.delay_seconds, d.id`)

      // V3 wants one slug per item and bot; the older columns say the same as ours, for whoever reads them.
      const insert = (botId: number, downsell: NewDownsell) =>
        Effect.map(
          sql<{ readonly id: number }>`
            insert into bot_downsells ${sql.insert({ bot_id: botId, slug: "", ...stored(downsell) })}
            returning id`,
          (rows) => rows[0]!.id
        ).pipe(
          Effect.tap((id) => sql`update bot_downsells set slug = ${`downsell-${id}`} where id = ${id}`),
          sql.withTransaction
        )

      const update = (id: number, columns: DownsellColumns) =>
        Effect.asVoid(sql`
          update bot_downsells set updated_at = now(), ${sql.update(stored(columns))} where id = ${id}`)

      const remove = (id: number) =>
        Effect.map(
          sql<{ readonly waited: number }>`
            with gone as (update bot_downsells set deleted_at = now(), active = false where id = ${id}),
            canceled as (
              update downsells_queue set status = 'canceled', cancel_reason = 'deleted', updated_at = now()
              where downsell_id = ${id} and status = 'pending' and sending_at is null returning id)
            select count(*)::int as waited from canceled`,
          (rows) => rows[0]?.waited ?? 0
        )

      return DownsellsRepo.of({ load, insert, update, remove, simulate: simulate(sql), tallies: tallies(sql) })
    })
  )
}

const stored = ({ content, delay_seconds, trigger, ...columns }: DownsellColumns) => ({
  ...columns,
  ...(content === undefined ? {} : { content: JSON.stringify(content), media_refs: "[]" }),
  ...(delay_seconds === undefined ? {} : { delay_seconds, delay_minutes: Math.round(delay_seconds / 60) }),
  ...(trigger === undefined
    ? {}
    : { trigger_type: trigger, after_start: trigger === "start", after_pix: trigger === "pix" })
})
