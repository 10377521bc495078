import { Schema } from "effect"
import { funnelSteps } from "../repo/metrics/filter.ts"

const described = <S extends Schema.Top>(schema: S, description: string) => schema.annotate({ description })

export const StepView = Schema.Struct({
  event: Schema.Literals(funnelSteps),
  events: described(Schema.Int, "Eventos registrados."),
  unique: described(Schema.Int, "Sessões; a partir de bot_start, pessoas."),
  conversion: described(Schema.Finite, "unique dividido pelo da primeira etapa que tem alguém."),
  step_conversion: described(Schema.Finite, "unique dividido pelo da etapa anterior que tem alguém.")
})
export type StepView = typeof StepView.Type

export const TimeView = Schema.Struct({
  count: Schema.Int,
  p50: Schema.Int,
  p90: Schema.Int,
  p95: Schema.Int
}).annotate({ identifier: "Times", description: "Em segundos; 0 quando não há ninguém." })
export type TimeView = typeof TimeView.Type

export const GroupView = Schema.Struct({
  key: described(Schema.String, "Dia (2025-11-07), hora (2025-11-07T13:00:00-03:00), bot ou UTM; (none) é sem UTM."),
  funnel: Schema.Array(StepView),
  revenue_cents: Schema.Int,
  refunded_cents: Schema.Int
})
export type GroupView = typeof GroupView.Type

/** `GET /api/metrics` (contract, section 5). */
export const MetricsView = Schema.Struct({
  from: Schema.String,
  to: described(Schema.String, "Este instante já não entra."),
  tz: Schema.String,
  bot: Schema.NullOr(Schema.String),
  funnel: Schema.Array(StepView),
  revenue_cents: described(Schema.Int, "O que foi pago no período; reembolsos não diminuem."),
  average_ticket_cents: described(Schema.Int, "revenue_cents dividido pelo número de pagamentos."),
  refunded_cents: described(Schema.Int, "O que foi devolvido no período, seja de quando for a venda."),
  /** From a person's last /start to their first PIX of the period. */
  time_to_pix_seconds: TimeView,
  /** From charge to payment, of a person's first payment in the period. */
  time_to_pay_seconds: TimeView,
  /** From a person's first to their last event with the bot in the period. */
  time_in_bot_seconds: TimeView,
  groups: described(Schema.Array(GroupView), "Só quando group é dado; grupos sem nenhum número não aparecem.")
}).annotate({ identifier: "Metrics" })
export type MetricsView = typeof MetricsView.Type
