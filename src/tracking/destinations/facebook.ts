import { Clock, Effect, Option, type Redacted, Schema } from "effect"
import { type HttpClient, HttpClientRequest } from "effect/http"
import type { Bots } from "../../bots/Bots.ts"
import type { ConfigShape } from "../../config/parse.ts"
import { isReportedStep, ReportPayload } from "../../domain/report.ts"
import * as Log from "../../log/Log.ts"
import type { OutboxRow } from "../../repo/OutboxRepo.ts"
import type { ReportFacts, ReportFactsRepo } from "../../repo/ReportFactsRepo.ts"
import type { OutboxBatch, OutboxOutcome } from "../Outbox.ts"
import { verdictOf } from "./facebook/answer.ts"
import { eventOf, longestAgeMs, type Occurrence } from "./facebook/event.ts"
import { isAnswer, makeExchange } from "./http.ts"
import { isAgreed, trackingOf } from "./shared.ts"

interface Needs {
  readonly config: Pick<ConfigShape, "facebook">
  readonly bots: Pick<Bots["Service"], "byId">
  readonly facts: ReportFactsRepo["Service"]
  readonly client: HttpClient.HttpClient
}

interface Prepared {
  readonly rowId: number
  readonly testCode: string | undefined
  readonly event: Readonly<Record<string, unknown>>
}

/** Meta takes so many events in one request (facts/tracking, B.6). */
const batchSize = 1_000
/** Most answers come within 0.6 s; a thousand events take longer. */
const timeout = "10 seconds"

/** Meta's Conversions API: many events at once, one pixel after another. */
export const makeFacebook = ({ bots, client, config: { facebook }, facts }: Needs): OutboxBatch => {
  const exchange = makeExchange(client, timeout)

  /** The pixel's own token: of whichever bot it belongs to now, else of the environment. */
  const tokenOf = (pixelId: string, rows: ReadonlyArray<OutboxRow>) => {
    for (const botId of new Set(rows.map((row) => row.botId))) {
      const { pixel } = trackingOf(bots, botId)
      if (Option.isSome(pixel) && pixel.value.id === pixelId && Option.isSome(pixel.value.token))
        return pixel.value.token
    }
    return Option.contains(facebook.pixelId, pixelId) ? facebook.accessToken : Option.none()
  }

  const testCodeOf = (pixelId: string, { pixel, testEventCode }: ReturnType<typeof trackingOf>) => {
    const own = Option.exists(pixel, ({ id }) => id === pixelId) ? testEventCode : Option.none()
    const common = Option.contains(facebook.pixelId, pixelId) ? facebook.testEventCode : Option.none()
    return Option.getOrUndefined(Option.orElse(own, () => common))
  }

  const request = (pixelId: string, token: Redacted.Redacted<string>, events: ReadonlyArray<Prepared>) => {
    const testCode = events[0]?.testCode
    return HttpClientRequest.post(`${facebook.url}/${pixelId}/events`).pipe(
      // Not in the address: those end up in the logs of whatever stands between.
      HttpClientRequest.bearerToken(token),
      HttpClientRequest.acceptJson,
      HttpClientRequest.bodyJsonUnsafe({
        data: events.map(({ event }) => event),
        ...(testCode === undefined ? {} : { test_event_code: testCode })
      })
    )
  }

  /** Meta refuses a whole request for one event: halves find it, and the others get in. */
  const send = (
    pixelId: string,
    token: Redacted.Redacted<string>,
    events: ReadonlyArray<Prepared>,
    outcomes: Map<number, OutboxOutcome>
  ): Effect.Effect<boolean> =>
    Effect.gen(function* () {
      const answer = yield* exchange(request(pixelId, token, events))
      const verdict = isAnswer(answer)
        ? verdictOf(answer, pixelId)
        : ({ _tag: "Away", trouble: { reason: `o Meta não respondeu (${answer.detail})` } } as const)
      const all = (outcome: OutboxOutcome) => {
        for (const { rowId } of events) outcomes.set(rowId, outcome)
      }
      if (verdict._tag === "Accepted") all({ _tag: "Sent" })
      if (verdict._tag === "Away") all({ _tag: "Away", ...verdict.trouble })
      if (verdict._tag !== "Refused") return verdict._tag === "Accepted"
      if (events.length === 1) {
        all({ _tag: "Failed", reason: verdict.reason })
        return true
      }
      const middle = events.length >> 1
      return yield* sendParts(pixelId, token, [events.slice(0, middle), events.slice(middle)], outcomes)
    })

  /** One after the other; those that were not sent any more wait with the one that met a Meta that is away. */
  const sendParts = Effect.fnUntraced(function* (
    pixelId: string,
    token: Redacted.Redacted<string>,
    parts: ReadonlyArray<ReadonlyArray<Prepared>>,
    outcomes: Map<number, OutboxOutcome>
  ): Effect.fn.Return<boolean> {
    for (const part of parts) if (!(yield* send(pixelId, token, part, outcomes))) break
    const away = [...outcomes.values()].find((outcome) => outcome._tag === "Away")
    if (away === undefined) return true
    for (const { rowId } of parts.flat()) if (!outcomes.has(rowId)) outcomes.set(rowId, away)
    return false
  })

  const deliver = Effect.fn("Facebook.deliver")(function* (rows: ReadonlyArray<OutboxRow>) {
    const latencyMs = Log.timer()
    const pixelId = rows[0]?.account ?? ""
    const nowMs = yield* Clock.currentTimeMillis
    const known = yield* facts.load(rows)
    const outcomes = new Map<number, OutboxOutcome>()
    const events: Array<Prepared> = []
    for (const row of rows) {
      const tracking = trackingOf(bots, row.botId)
      const prepared = prepare(row, known.get(row.id), tracking, nowMs)
      if ("_tag" in prepared) outcomes.set(row.id, prepared)
      else events.push({ ...prepared, testCode: testCodeOf(pixelId, tracking) })
    }
    const token = tokenOf(pixelId, rows)
    if (events.length > 0 && Option.isNone(token)) {
      const reason = `o pixel ${pixelId} está sem token; grave um token ou tire o pixel do bot`
      for (const { rowId } of events) outcomes.set(rowId, { _tag: "Away", reason, alarm: true })
    } else if (events.length > 0 && Option.isSome(token)) {
      // A code holds for all events of a request.
      const parts = [...Map.groupBy(events, ({ testCode }) => testCode).values()]
      yield* sendParts(pixelId, token.value, parts, outcomes)
      const sent = [...outcomes.values()].filter(({ _tag }) => _tag === "Sent").length
      if (sent > 0) {
        yield* Log.info(
          `[TRACKING][META] ${sent} ${sent === 1 ? "evento entregue" : "eventos entregues"} ao pixel ${pixelId}`,
          {
            destination: "facebook",
            event_name: rows[0]?.eventName,
            latency_ms: latencyMs()
          }
        )
      }
    }
    return rows.map((row): OutboxOutcome => outcomes.get(row.id) ?? { _tag: "Retry", reason: "falha interna" })
  })

  return { size: batchSize, deliver }
}

const failed = (reason: string): OutboxOutcome => ({ _tag: "Failed", reason, unsent: true })

const prepare = (
  row: OutboxRow,
  facts: ReportFacts | undefined,
  tracking: ReturnType<typeof trackingOf>,
  nowMs: number
): Omit<Prepared, "testCode"> | OutboxOutcome => {
  const step = row.eventName
  if (facts === undefined || !isReportedStep(step)) return failed("este evento não é enviado ao Meta")
  const { action_source, name } = tracking.metaEvents[step]
  // Switched off, or taken back, while it waited.
  if (name === null || !isAgreed(tracking, facts)) return { _tag: "Dropped" }
  if (row.paymentId !== null && facts.transactionId === null) return failed("o pagamento não existe mais")
  if (row.paymentId !== null && (facts.valueCents ?? 0) <= 0) return failed("o pagamento não diz o valor")
  if (!isSomebody(facts)) return failed("não há nada que diga ao Meta de quem é este evento")
  const occurrence = { ...occurrenceOf(row, facts), step, meta: { action_source, name } } satisfies Occurrence
  if (nowMs - occurrence.at.getTime() > longestAgeMs)
    return failed("o evento tem mais de 7 dias; o Meta não aceita mais")
  return { rowId: row.id, event: eventOf(occurrence, facts, nowMs) }
}

const isSomebody = ({ fbc, fbp, ip, sessionId, telegramId }: ReportFacts) =>
  [fbc, fbp, ip, sessionId, telegramId].some((trait) => trait !== null)

const decodePayload = Schema.decodeUnknownOption(ReportPayload)

/** The instant and the id never change from one attempt to the next: Meta tells repetitions by them. */
const occurrenceOf = (row: OutboxRow, facts: ReportFacts) => {
  const payload = Option.getOrUndefined(decodePayload(row.payload))
  if (facts.transactionId !== null) {
    const at = row.eventName === "pix_paid" ? facts.paidAt : facts.createdAt
    return { eventId: `${row.eventName}:${facts.transactionId}`, at: at ?? row.createdAt }
  }
  const occurredAt = payload?.occurred_at ?? null
  return {
    eventId: payload?.event_id ?? `${row.eventName}:${row.id}`,
    at: occurredAt === null ? row.createdAt : new Date(occurredAt)
  }
}
