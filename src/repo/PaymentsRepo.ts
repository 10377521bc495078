import { Context, Effect, Layer, type Option } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import type { EventName } from "../domain/events.ts"
import type { PaymentStatus, PaymentView } from "../domain/payment.ts"
import type { ListQuery, Page } from "./cursor.ts"
import type { NewOutboxRow } from "./OutboxRepo.ts"
import * as create from "./payments/create.ts"
import { list, view } from "./payments/list.ts"
import { type NewCharge, openOrCreate, type Opening } from "./payments/open.ts"
import * as messages from "./payments/messages.ts"
import * as query from "./payments/query.ts"
import * as refund from "./payments/refund.ts"
import type { Payment } from "./payments/row.ts"
import { type PaymentFact, search, story } from "./payments/story.ts"
import * as settle from "./payments/settle.ts"

export type { Created } from "./payments/create.ts"
export type { NewCharge, Opening } from "./payments/open.ts"
export type { DueQuery, QuerySlot } from "./payments/query.ts"
export type { Payment } from "./payments/row.ts"
export type { PaymentFact } from "./payments/story.ts"
export type { ChargeDetails } from "./payments/settle.ts"

type Sql<A> = Effect.Effect<A, SqlError.SqlError>

/** The payments table and what one payment moves elsewhere. Every deadline is by the database's clock. */
export class PaymentsRepo extends Context.Service<
  PaymentsRepo,
  {
    readonly openOrCreate: (charge: NewCharge) => Sql<Opening>
    /** None only for an id that is not there. */
    readonly markPending: (
      created: create.Created,
      reports?: ReadonlyArray<NewOutboxRow>
    ) => Sql<Option.Option<Payment>>
    readonly markSuperseded: (created: create.Created, error: string) => Sql<void>
    readonly markNotCreated: (paymentId: number, status: "failed" | "unknown", error: string) => Sql<void>
    readonly reassign: (paymentId: number, gateway: string) => Sql<Option.Option<Payment>>
    readonly markStaleUnknown: (error: string) => Sql<ReadonlyArray<{ readonly id: number }>>
    readonly adoptChargeId: (paymentId: number, chargeId: string) => Sql<Option.Option<Payment>>
    readonly lock: (paymentId: number) => Sql<Option.Option<Payment>>
    readonly move: (paymentId: number, to: PaymentStatus, details: settle.ChargeDetails) => Sql<Option.Option<Payment>>
    readonly addDetails: (paymentId: number, details: settle.ChargeDetails) => Sql<void>
    readonly markProblem: (paymentId: number, error: string) => Sql<boolean>
    readonly markBuyer: (paymentId: number) => Sql<void>
    readonly estimateFee: (paymentId: number) => Sql<void>
    readonly recordEvent: (paymentId: number, name: EventName) => Sql<void>
    readonly cancelDownsells: (botId: number, botSlug: string | null, telegramId: number) => Sql<number>
    readonly claimQuery: (paymentId: number, secondsBetween: number) => Sql<query.QuerySlot>
    readonly keepPixMessage: (paymentId: number, chatId: number, messageId: number) => Sql<void>
    readonly pixMessages: (paymentId: number) => Sql<ReadonlyArray<number>>
    readonly claimHint: (paymentId: number) => Sql<boolean>
    readonly queryAnswered: (paymentId: number) => Sql<void>
    readonly askSoon: (paymentId: number, seconds: number) => Sql<void>
    readonly claimDue: (
      gateway: string,
      secondsBetween: number,
      which: "open" | "expired",
      limit: number
    ) => Sql<ReadonlyArray<query.DueQuery>>
    readonly forgotten: Sql<ReadonlyArray<Payment>>
    readonly findById: (paymentId: number) => Sql<Option.Option<Payment>>
    readonly findByChargeId: (gateway: string, chargeId: string) => Sql<Option.Option<Payment>>
    readonly findByWebhookKey: (gateway: string, key: string) => Sql<Option.Option<Payment>>
    readonly findAtOther: (
      gateway: string,
      chargeId: string | undefined,
      key: string | null
    ) => Sql<Option.Option<Payment>>
    readonly claimRefund: (paymentId: number) => Sql<boolean>
    readonly releaseRefund: (paymentId: number) => Sql<void>
    readonly view: (paymentId: number) => Sql<Option.Option<PaymentView>>
    readonly list: (query: ListQuery) => Sql<Page<PaymentView>>
    readonly story: (paymentId: number) => Sql<ReadonlyArray<PaymentFact>>
    readonly search: (text: string) => Sql<ReadonlyArray<PaymentView>>
  }
>()("funil/repo/PaymentsRepo") {
  static readonly layer = Layer.effect(
    PaymentsRepo,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      return PaymentsRepo.of({
        openOrCreate: openOrCreate(sql),
        markPending: create.markPending(sql),
        markSuperseded: create.markSuperseded(sql),
        markNotCreated: create.markNotCreated(sql),
        reassign: create.reassign(sql),
        markStaleUnknown: create.markStaleUnknown(sql),
        adoptChargeId: create.adoptChargeId(sql),
        lock: settle.lock(sql),
        move: settle.move(sql),
        addDetails: settle.addDetails(sql),
        markProblem: settle.markProblem(sql),
        markBuyer: settle.markBuyer(sql),
        estimateFee: settle.estimateFee(sql),
        recordEvent: settle.recordEvent(sql),
        cancelDownsells: settle.cancelDownsells(sql),
        claimQuery: query.claimQuery(sql),
        keepPixMessage: messages.keepPixMessage(sql),
        pixMessages: messages.pixMessages(sql),
        claimHint: query.claimHint(sql),
        queryAnswered: query.queryAnswered(sql),
        askSoon: query.askSoon(sql),
        claimDue: query.claimDue(sql),
        forgotten: query.forgotten(sql),
        findById: query.findById(sql),
        findByChargeId: query.findByChargeId(sql),
        findByWebhookKey: query.findByWebhookKey(sql),
        findAtOther: query.findAtOther(sql),
        claimRefund: refund.claimRefund(sql),
        releaseRefund: refund.releaseRefund(sql),
        view: view(sql),
        list: list(sql),
        story: story(sql),
        search: search(sql)
      })
    })
  )
}
