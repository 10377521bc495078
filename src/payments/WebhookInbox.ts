import { Context, Effect, Latch, Layer, Option, Queue, Schema } from "effect"
import type { SqlError } from "effect/sql"
import { createHash, randomUUID } from "node:crypto"
import { sanitiseText } from "../domain/text.ts"
import { FloodGuard } from "../log/FloodGuard.ts"
import { sentenceOf } from "../log/sentences.ts"
import { telemetry } from "../log/telemetry.ts"
import { type DueEvent, GatewayEventsRepo, type NewGatewayEvent } from "../repo/GatewayEventsRepo.ts"
import { PollPace } from "../repo/PollPace.ts"
import { surviving } from "../repo/surviving.ts"
import { Gateways } from "./Gateways.ts"
import { ChargeState, type GatewayError, type PaymentGateway, type WebhookRequest } from "./PaymentGateway.ts"
import { makeProcessing } from "./processing.ts"

/** No gateway has this name here. */
export class UnknownGateway extends Schema.TaggedError<UnknownGateway>()("UnknownGateway", {
  gateway: Schema.String
}) {
  readonly retryable = false
}

export interface IncomingWebhook extends WebhookRequest {
  /** What stands behind the gateway's name in the address: the secret of one charge. */
  readonly pathKey?: string | undefined
  readonly requestId: string
}

/** Webhooks of one gateway worked on at once in this process: one that does not answer fills its own places only. */
const workers = 8
/** Rows whose hand-over was lost with a process, or whose time has come. */
const pollMs = 2_000
const idlePollMs = 10_000
const pollLimit = 200
/** An event is matched with its charge when that is created; this is for a crash in between. */
const matchEvery = "30 seconds"

/** The door for the gateways' webhooks: what was answered 200 is in the database, and is worked on until it is over. */
export class WebhookInbox extends Context.Service<
  WebhookInbox,
  {
    /**
     * Returns once the raw webhook is committed; its effect follows in the background. Fails with `WebhookRefused` when
     * its header or signature is there and wrong; it is kept all the same.
     */
    readonly receive: (
      gateway: string,
      webhook: IncomingWebhook
    ) => Effect.Effect<void, GatewayError | SqlError.SqlError | UnknownGateway>
    /** There may be events whose time has come. */
    readonly wake: Effect.Effect<void>
  }
>()("funil/payments/WebhookInbox") {
  static readonly layer = Layer.effect(
    WebhookInbox,
    Effect.gen(function* () {
      const gateways = yield* Gateways
      const events = yield* GatewayEventsRepo
      const flood = yield* FloodGuard
      const owner = randomUUID()
      const process = yield* makeProcessing(owner)
      const others = yield* Queue.unbounded<number>()
      const queues = new Map([["", others]])
      for (const { name } of gateways.all) queues.set(name, yield* Queue.unbounded<number>())
      const offer = ({ gateway, id }: DueEvent) => Queue.offer(queues.get(gateway) ?? others, id)
      const signal = Latch.makeUnsafe(false)
      const wake = Effect.sync(() => void signal.openUnsafe())
      const pace = new PollPace(pollMs, idlePollMs)

      const refuse = Effect.fnUntraced(function* (row: NewGatewayEvent, error: GatewayError) {
        yield* events.store({ ...row, state: "refused", error: "o cabeçalho ou a assinatura não confere" })
        telemetry.gatewayEvents.record({ gateway: row.gateway, state: "refused" })
        yield* flood.warn(`signature:${row.gateway}`, `Um aviso de pagamento foi recusado: ${sentenceOf(error)}`, {
          gateway: row.gateway
        })
        return yield* error
      })

      const receive = Effect.fn("WebhookInbox.receive")(function* (name: string, webhook: IncomingWebhook) {
        const gateway = gateways.get(name)
        if (Option.isNone(gateway)) return yield* new UnknownGateway({ gateway: sanitiseText(name).slice(0, 50) })
        const row = rowOf(gateway.value, webhook)
        const reading = yield* Effect.result(gateway.value.readWebhook(webhook))
        if (reading._tag === "Failure") return yield* refuse(row, reading.failure)
        const { proof, events: states } = reading.success
        const empty = states.length === 0
        const stored = yield* events.store({
          ...row,
          proof,
          events: yield* encodeStates(states),
          chargeId: states.find((state) => state.id !== undefined)?.id,
          ...(empty ? { state: "done", error: "o corpo não fala de nenhuma cobrança" } : {})
        })
        telemetry.gatewayEvents.record({ gateway: row.gateway, state: "received" })
        if (stored.waiting) return yield* offer({ id: stored.id, gateway: row.gateway })
        if (empty) {
          yield* flood.warn(
            `empty:${row.gateway}`,
            `Um aviso da ${row.gateway} não fala de nenhuma cobrança; foi guardado e ignorado`
          )
        }
      })

      const work = (queue: Queue.Queue<number>) =>
        Effect.flatMap(Queue.take(queue), (id) => {
          pace.news()
          return process(id)
        })

      const matchLate = Effect.gen(function* () {
        if (yield* events.rearmMatched) yield* wake
        yield* Effect.sleep(matchEvery)
      }).pipe(Effect.withTracerEnabled(false))

      // Rows in the queue are found here again after a while; whoever claims one first has it.
      const sweep = Effect.gen(function* () {
        signal.closeUnsafe()
        const busy = [...queues].filter(([, queue]) => Queue.sizeUnsafe(queue) > 0).map(([name]) => name)
        yield* Effect.forEach(yield* events.due(pollLimit, busy), offer, { discard: true })
        yield* Effect.timeoutOption(signal.await, pace.waitMs)
      }).pipe(Effect.withTracerEnabled(false))

      yield* Effect.addFinalizer(() => Effect.ignore(events.release(owner)))
      for (const queue of queues.values()) {
        for (let i = 0; i < workers; i++) {
          yield* Effect.forkScoped(surviving("O processamento dos avisos de pagamento")(work(queue)))
        }
      }
      yield* Effect.forkScoped(surviving("A busca por avisos de pagamento pendentes")(sweep))
      yield* Effect.forkScoped(surviving("A busca por avisos que chegaram antes da cobrança")(matchLate))

      return WebhookInbox.of({ receive: (name, webhook) => Effect.asVoid(receive(name, webhook)), wake })
    })
  ).pipe(Layer.provide(FloodGuard.layer))
}

const encodeStates = (states: ReadonlyArray<ChargeState>) =>
  Effect.orDie(Schema.encodeEffect(Schema.Array(ChargeState))(states))

/** Signatures and labels of the webhook itself. Whatever may be a credential stays out of the database. */
const harmlessHeaders = ["content-type", "user-agent", "event", "x-syncpay-event", "x-syncpay-delivery"]

const rowOf = (gateway: PaymentGateway, webhook: IncomingWebhook): NewGatewayEvent => {
  const pathKey = /^[\w-]{8,100}(?=\/|$)/.exec(webhook.pathKey ?? "")?.[0]
  return {
    gateway: gateway.name,
    sha256: createHash("sha256")
      .update(`${pathKey ?? ""}\n`)
      .update(webhook.body)
      .digest("hex"),
    raw: webhook.body,
    headers: Object.fromEntries(
      harmlessHeaders.flatMap((name) => {
        const value = webhook.headers[name]
        return value === undefined ? [] : [[name, sanitiseText(value).slice(0, 300).toWellFormed()]]
      })
    ),
    query: sanitiseText(webhook.query).slice(0, 1000).toWellFormed(),
    pathKey,
    chargeId: undefined,
    events: [],
    proof: "none",
    state: "waiting",
    error: undefined,
    requestId: webhook.requestId
  }
}
