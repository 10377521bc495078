import { Context, Effect, Layer, type Option, Schema } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { firstOf } from "./decode.ts"
import { type NewGatewayEvent, store, type Stored } from "./gatewayEvents/store.ts"
import { leaseSeconds } from "./lease.ts"

export type { NewGatewayEvent } from "./gatewayEvents/store.ts"

export const GatewayEvent = Schema.Struct({
  id: Schema.Int,
  gateway: Schema.String,
  events: Schema.Array(Schema.Unknown),
  pathKey: Schema.NullOr(Schema.String),
  proof: Schema.NullOr(Schema.String),
  attempts: Schema.Int,
  requestId: Schema.NullOr(Schema.String)
})
export type GatewayEvent = typeof GatewayEvent.Type

export interface DueEvent {
  readonly id: number
  readonly gateway: string
}

export interface Verdict {
  readonly state: "done" | "refused" | "unmatched"
  readonly proof?: string | undefined
  readonly error?: string | undefined
  readonly paymentId?: number | undefined
}

type Sql<A> = Effect.Effect<A, SqlError.SqlError>

/** How long events of unknown charges are matched with all charges, for those whose creation died half-way. */
const matchWindow = "1 hour"

const decode = firstOf(GatewayEvent)

/** The inbox of webhooks (`gateway_events`). Rows of the older systems have no raw body and are never touched. */
export class GatewayEventsRepo extends Context.Service<
  GatewayEventsRepo,
  {
    /** Commits a webhook. A repeated one is counted, and worked on again unless it had its effect. */
    readonly store: (event: NewGatewayEvent) => Sql<Stored>
    /** None: somebody else has it, or it is done. */
    readonly claim: (id: number, owner: string) => Sql<Option.Option<GatewayEvent>>
    /**
     * Events whose time has come and that nobody works on, but for those of the gateways in `without`; several
     * processes may see the same.
     */
    readonly due: (limit: number, without: ReadonlyArray<string>) => Sql<ReadonlyArray<DueEvent>>
    readonly renew: (id: number, owner: string) => Sql<boolean>
    readonly finish: (id: number, owner: string, verdict: Verdict) => Sql<void>
    /** `counts`: the gateway contradicted the event, which it may do only a few times. */
    readonly retry: (id: number, owner: string, afterSeconds: number, reason: string, counts: boolean) => Sql<void>
    readonly release: (owner: string) => Sql<void>
    /** Events that came before their charge. Answers whether there were any. */
    readonly rearm: (gateway: string, chargeId: string) => Sql<boolean>
    readonly rearmMatched: Sql<boolean>
  }
>()("funil/repo/GatewayEventsRepo") {
  static readonly layer = Layer.effect(
    GatewayEventsRepo,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient

      const columns = sql`e.id, e.provider as "gateway", e.payload->'events' as "events",
        e.headers->>'path_key' as "pathKey", e.proof, e.attempts, e.request_id as "requestId"`
      const lease = sql`now() + make_interval(secs => ${leaseSeconds})`
      const rearmed = sql`state = 'waiting', next_attempt_at = now(), processed_at = null, attempts = 0`

      const free = sql`e.state = 'waiting' and e.raw is not null and e.next_attempt_at <= now()
        and (e.lease_until is null or e.lease_until < now())`

      // Waits for the row instead of skipping it: a repetition that is just being counted must not hide the event.
      const claim = (id: number, owner: string) =>
        decode(sql`
          update gateway_events e set owner = ${owner}, lease_until = ${lease} where e.id = ${id} and ${free}
          returning ${columns}`)

      const due = (limit: number, without: ReadonlyArray<string>) =>
        sql<DueEvent>`
          select e.id, e.provider as gateway from gateway_events e
          where ${sql.and([free, ...(without.length === 0 ? [] : [sql`not ${sql.in("e.provider", without)}`])])}
          order by e.next_attempt_at limit ${limit}`

      const renew = (id: number, owner: string) =>
        Effect.map(
          sql`update gateway_events e set lease_until = ${lease} where e.id = ${id} and e.owner = ${owner} returning e.id`,
          (rows) => rows.length > 0
        )

      const finish = (id: number, owner: string, verdict: Verdict) =>
        Effect.asVoid(sql`
          update gateway_events set state = ${verdict.state}, processed_at = now(), owner = null, lease_until = null,
            proof = coalesce(${verdict.proof ?? null}, proof), error = ${verdict.error ?? null},
            payment_id = coalesce(${verdict.paymentId ?? null}::bigint, payment_id)
          where id = ${id} and owner = ${owner}`)

      const retry = (id: number, owner: string, afterSeconds: number, reason: string, counts: boolean) =>
        Effect.asVoid(sql`
          update gateway_events set next_attempt_at = now() + make_interval(secs => ${afterSeconds}), owner = null,
            lease_until = null, error = ${reason}, attempts = attempts + ${counts ? 1 : 0}::int
          where id = ${id} and owner = ${owner}`)

      const release = (owner: string) =>
        Effect.asVoid(sql`
          update gateway_events set owner = null, lease_until = null where owner = ${owner} and state = 'waiting'`)

      const rearm = (gateway: string, chargeId: string) =>
        Effect.map(
          sql`
            update gateway_events set ${rearmed}
            where state = 'unmatched' and provider = ${gateway} and lower(gateway_charge_id) = ${chargeId}
            returning id`,
          (rows) => rows.length > 0
        )

      const rearmMatched = Effect.map(
        sql`
          update gateway_events e set ${rearmed}
          where e.state = 'unmatched' and e.occurred_at > now() - ${matchWindow}::text::interval
            and (exists (select 1 from payments p
                where p.gateway = e.provider and lower(p.gateway_charge_id) = e.gateway_charge_id)
              or exists (select 1 from payments p where p.webhook_key = e.headers->>'path_key'))
          returning e.id`,
        (rows) => rows.length > 0
      )

      return GatewayEventsRepo.of({
        store: store(sql),
        claim,
        due,
        renew,
        finish,
        retry,
        release,
        rearm,
        rearmMatched
      })
    })
  )
}
