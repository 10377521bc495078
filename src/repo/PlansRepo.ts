import { Context, Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { type BotKeys, wanted } from "./botKeys.ts"

export interface PlanRow {
  readonly id: number
  readonly botId: number
  readonly name: string
  readonly priceCents: number
  readonly active: boolean
  readonly deleted: boolean
  readonly delivery: unknown
  readonly vipChatId: string | null
  readonly legacyKey: string | null
  readonly createdAt: Date
}

export interface PlanColumns {
  readonly name?: string
  readonly price_cents?: number
  readonly active?: boolean
  readonly delivery?: object | null
  readonly vip_chat_id?: string | null
}

export type NewPlan = PlanColumns & Required<Pick<PlanColumns, "name" | "price_cents">>

/** A plan that stands inside an old message and gets, or has, a row of its own. */
export interface AdoptedPlan {
  readonly botId: number
  readonly legacyKey: string
  readonly name: string
  readonly priceCents: number
  readonly position: number
}

export interface RevisedPlan {
  readonly plan: AdoptedPlan
  /** The key of the row so far. */
  readonly knownAs: string
}

type Answer<A> = Effect.Effect<A, SqlError.SqlError>

/** The table `bot_plans`. */
export class PlansRepo extends Context.Service<
  PlansRepo,
  {
    /** Removed plans too: who bought one before is owed its delivery, and an old message must not bring one back. */
    readonly load: (keys?: BotKeys) => Answer<ReadonlyArray<PlanRow>>
    readonly insert: (botId: number, plan: NewPlan) => Answer<number>
    readonly update: (botId: number, id: number, columns: PlanColumns) => Answer<void>
    readonly remove: (botId: number, id: number) => Answer<void>
    /** Rows for plans that have none yet; another node may be faster. */
    readonly adopt: (plans: ReadonlyArray<AdoptedPlan>) => Answer<void>
    /** The old message names another price now: its row follows. */
    readonly revise: (plans: ReadonlyArray<RevisedPlan>) => Answer<void>
  }
>()("funil/repo/PlansRepo") {
  static readonly layer = Layer.effect(
    PlansRepo,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient

      const load = (keys?: BotKeys) =>
        sql<PlanRow>`
          select p.id, p.bot_id as "botId", p.name, p.price_cents as "priceCents", p.active,
            p.deleted_at is not null as deleted, p.delivery, p.vip_chat_id as "vipChatId",
            p.legacy_key as "legacyKey", p.created_at as "createdAt"
          from bot_plans p join bots b on b.id = p.bot_id
          where ${wanted(sql, keys)}
          order by p.bot_id, p.position, p.id`

      const insert = (botId: number, plan: NewPlan) =>
        Effect.map(
          sql<{ readonly id: number }>`
            insert into bot_plans (bot_id, name, price_cents, active, delivery, vip_chat_id, position)
            select ${botId}::bigint, ${plan.name}::text, ${plan.price_cents}::int, ${plan.active ?? true}::boolean,
              ${jsonOf(plan.delivery)}::jsonb, ${plan.vip_chat_id ?? null}::text, coalesce(max(position), 0) + 1
            from bot_plans where bot_id = ${botId}
            returning id`,
          (rows) => rows[0]!.id
        )

      const update = (botId: number, id: number, { delivery, ...columns }: PlanColumns) =>
        Effect.asVoid(sql`
          update bot_plans set updated_at = now(), ${sql.update({
            ...columns,
            ...(delivery === undefined ? {} : { delivery: jsonOf(delivery) })
          })}
          where bot_id = ${botId} and id = ${id}`)

      const remove = (botId: number, id: number) =>
        Effect.asVoid(sql`
          update bot_plans set deleted_at = now(), updated_at = now() where bot_id = ${botId} and id = ${id}`)

      const adopt = (plans: ReadonlyArray<AdoptedPlan>) =>
        Effect.asVoid(sql`
          insert into bot_plans (bot_id, legacy_key, name, price_cents, position)
          select * from unnest(${plans.map((plan) => plan.botId)}::bigint[], ${plans.map((plan) => plan.legacyKey)}::text[],
            ${plans.map((plan) => plan.name)}::text[], ${plans.map((plan) => plan.priceCents)}::int[],
            ${plans.map((plan) => plan.position)}::int[])
          on conflict do nothing`)

      const revise = (plans: ReadonlyArray<RevisedPlan>) =>
        Effect.asVoid(sql`
          update bot_plans p set legacy_key = r.legacy_key, name = r.name, price_cents = r.price_cents, updated_at = now()
          from unnest(${plans.map(({ plan }) => plan.botId)}::bigint[], ${plans.map((one) => one.knownAs)}::text[],
            ${plans.map(({ plan }) => plan.legacyKey)}::text[], ${plans.map(({ plan }) => plan.name)}::text[],
            ${plans.map(({ plan }) => plan.priceCents)}::int[]) r (bot_id, known_as, legacy_key, name, price_cents)
          where p.bot_id = r.bot_id and p.legacy_key = r.known_as`)

      return PlansRepo.of({ load, insert, update, remove, adopt, revise })
    })
  )
}

const jsonOf = (value: object | null | undefined): string | null =>
  value === null || value === undefined ? null : JSON.stringify(value)
