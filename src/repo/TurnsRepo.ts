import { Context, Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import type { UpdateKey } from "./UpdatesRepo.ts"

export interface TurnKey {
  readonly botId: number
  readonly personId: number
}

export interface TurnAsked extends TurnKey, UpdateKey {}

type Sql<A> = Effect.Effect<A, SqlError.SqlError>

/** Whose turn it is with a person, among several processes (`person_turns`). */
export class TurnsRepo extends Context.Service<
  TurnsRepo,
  {
    /**
     * Answers for each whether the turn is the asker's now. Not while another process has it, nor while an older update
     * of the same person waits at another process: the order is that of Telegram's numbers.
     */
    readonly take: (owner: string, asked: ReadonlyArray<TurnAsked>) => Sql<ReadonlyArray<boolean>>
    /** For those who are being served already, whatever waits elsewhere. */
    readonly claim: (owner: string, keys: ReadonlyArray<TurnKey>) => Sql<ReadonlyArray<boolean>>
    readonly release: (owner: string, keys: ReadonlyArray<TurnKey>) => Sql<void>
    /** Of owners that are no more. */
    readonly releaseOrphans: Sql<void>
  }
>()("funil/repo/TurnsRepo") {
  static readonly layer = Layer.effect(
    TurnsRepo,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const botIds = (keys: ReadonlyArray<TurnKey>) => sql`${keys.map((key) => key.botId)}::bigint[]`
      const personIds = (keys: ReadonlyArray<TurnKey>) => sql`${keys.map((key) => key.personId)}::bigint[]`

      // Always in the order of the keys, so that two processes do not wait for each other.
      const upsert = (owner: string) => sql`
        insert into person_turns as t (bot_id, person_id, owner)
        select bot_id, person_id, ${owner} from free order by bot_id, person_id
        on conflict (bot_id, person_id) do update set owner = excluded.owner where t.owner = excluded.owner
        returning bot_id as "botId", person_id as "personId"`

      const take = (owner: string, asked: ReadonlyArray<TurnAsked>) =>
        Effect.map(
          sql<TurnKey>`
            with asked as (
              select a.* from unnest(${botIds(asked)}, ${personIds(asked)}, ${asked.map((one) => one.updateId)}::bigint[])
                a (bot_id, person_id, update_id)),
            waiting as materialized (
              select u.bot_id, u.person_id, u.update_id from telegram_updates u
              where u.state = 0 and u.owner is distinct from ${owner} and u.person_id is not null),
            free as (
              select distinct a.bot_id, a.person_id from asked a where not exists (
                select 1 from waiting w
                where w.bot_id = a.bot_id and w.person_id = a.person_id and w.update_id < a.update_id))
            ${upsert(owner)}`,
          grantedTo(asked)
        )

      const claim = (owner: string, keys: ReadonlyArray<TurnKey>) =>
        Effect.map(
          sql<TurnKey>`
            with free as (select * from unnest(${botIds(keys)}, ${personIds(keys)}) a (bot_id, person_id))
            ${upsert(owner)}`,
          grantedTo(keys)
        )

      const release = (owner: string, keys: ReadonlyArray<TurnKey>) =>
        Effect.asVoid(sql`
          delete from person_turns t using unnest(${botIds(keys)}, ${personIds(keys)}) k (bot_id, person_id)
          where t.bot_id = k.bot_id and t.person_id = k.person_id and t.owner = ${owner}`)

      const releaseOrphans = Effect.asVoid(sql`
        delete from person_turns t where not exists (select 1 from nodes n where n.id = t.owner)`)

      return TurnsRepo.of({ take, claim, release, releaseOrphans })
    })
  )
}

const grantedTo = (asked: ReadonlyArray<TurnKey>) => (rows: ReadonlyArray<TurnKey>) => {
  const granted = new Set(rows.map(keyOf))
  return asked.map((one) => granted.has(keyOf(one)))
}

const keyOf = ({ botId, personId }: TurnKey) => `${botId}:${personId}`
