import { Context, Effect, Layer, type Option, Schema } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { firstOf } from "./decode.ts"

/** A place in a VIP group or channel that somebody paid for. */
export const Access = Schema.Struct({
  paymentId: Schema.Int,
  botId: Schema.Int,
  telegramId: Schema.Int,
  chatId: Schema.String,
  inviteLink: Schema.NullOr(Schema.String),
  state: Schema.Literals(["inviting", "invited", "joined", "withdrawn"])
})
export type Access = typeof Access.Type

type Sql<A> = Effect.Effect<A, SqlError.SqlError>

const decode = firstOf(Access)

/** The table `vip_access`, and what a bot's row says of it. */
export class AccessRepo extends Context.Service<
  AccessRepo,
  {
    /**
     * The place of a paid payment, made now if there is none. None: it is not paid (any more). Waits for a settlement
     * of the same payment, so that a refund either finds this row or keeps it from coming into being.
     */
    readonly open: (paymentId: number, chatId: string) => Sql<Option.Option<Access>>
    readonly ofPayment: (paymentId: number) => Sql<Option.Option<Access>>
    readonly invited: (paymentId: number, link: string) => Sql<void>
    readonly joined: (paymentId: number) => Sql<void>
    readonly withdrawn: (paymentId: number) => Sql<void>
    /** A place that this person holds in this chat, under any of the chat's names. */
    readonly held: (botId: number, telegramId: number, chatNames: ReadonlyArray<string>) => Sql<Option.Option<Access>>
    /** Whether the bot made this link for a buyer. */
    readonly isOurs: (botId: number, link: string) => Sql<boolean>
    /** The group became a supergroup with another id. */
    readonly moved: (botId: number, from: string, to: string) => Sql<void>
    /** What the seller has to mend; null: nothing. Answers whether this is news. */
    readonly setTrouble: (botId: number, trouble: string | null) => Sql<boolean>
  }
>()("funil/repo/AccessRepo") {
  static readonly layer = Layer.effect(
    AccessRepo,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const columns = sql`a.payment_id as "paymentId", a.bot_id as "botId", a.telegram_id as "telegramId",
        a.chat_id as "chatId", a.invite_link as "inviteLink", a.state`

      const open = (paymentId: number, chatId: string) =>
        decode(sql`
          with paid as (
            select p.id, p.bot_id, p.telegram_id from payments p
            where p.id = ${paymentId} and p.status = 'paid' and p.bot_id is not null and p.telegram_id is not null
            for no key update)
          insert into vip_access as a (payment_id, bot_id, telegram_id, chat_id)
          select paid.id, paid.bot_id, paid.telegram_id, ${chatId}::text from paid
          on conflict (payment_id) do update set updated_at = now()
          returning ${columns}`)

      const ofPayment = (paymentId: number) =>
        decode(sql`select ${columns} from vip_access a where a.payment_id = ${paymentId}`)

      const invited = (paymentId: number, link: string) =>
        Effect.asVoid(sql`
          update vip_access set invite_link = ${link}, updated_at = now(),
            state = case when state = 'inviting' then 'invited' else state end
          where payment_id = ${paymentId}`)

      const becomes = (state: Access["state"]) => (paymentId: number) =>
        Effect.asVoid(sql`update vip_access set state = ${state}, updated_at = now() where payment_id = ${paymentId}`)

      const held = (botId: number, telegramId: number, chatNames: ReadonlyArray<string>) =>
        decode(sql`
          select ${columns} from vip_access a join payments p on p.id = a.payment_id
          where a.bot_id = ${botId} and a.telegram_id = ${telegramId} and ${sql.in("a.chat_id", chatNames)}
            and a.state <> 'withdrawn' and p.status = 'paid'
          order by a.payment_id desc limit 1`)

      const isOurs = (botId: number, link: string) =>
        Effect.map(
          sql`select 1 from vip_access where invite_link = ${link} and bot_id = ${botId} limit 1`,
          (rows) => rows.length > 0
        )

      const moved = (botId: number, from: string, to: string) =>
        Effect.asVoid(sql`
          with accesses as (update vip_access set chat_id = ${to} where bot_id = ${botId} and chat_id = ${from}),
            plans as (update bot_plans set vip_chat_id = ${to} where bot_id = ${botId} and vip_chat_id = ${from})
          update bots set vip_chat_id = ${to} where id = ${botId} and vip_chat_id = ${from}`)

      const setTrouble = (botId: number, trouble: string | null) =>
        Effect.map(
          sql`update bots set vip_error = ${trouble} where id = ${botId} and vip_error is distinct from ${trouble}
            returning id`,
          (rows) => rows.length > 0
        )

      return AccessRepo.of({
        open,
        ofPayment,
        invited,
        joined: becomes("joined"),
        withdrawn: becomes("withdrawn"),
        held,
        isOurs,
        moved,
        setTrouble
      })
    })
  )
}
