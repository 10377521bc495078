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
  refunded_cents: Schema.Int,
  provisional: Schema.optionalKey(
    described(Schema.Boolean, "Dias e horas: ainda pode mudar, porque quem entrou ainda pode avançar.")
  )
})
export type GroupView = typeof GroupView.Type

/** `GET /api/metrics` (contract, section 5). */
export const MetricsView = Schema.Struct({
  from: Schema.String,
  to: described(Schema.String, "Este instante já não entra."),
  tz: Schema.String,
  bot: Schema.NullOr(Schema.String),
  funnel: Schema.Array(StepView),
  organic_starts: described(
    Schema.Struct({ events: Schema.Int, unique: Schema.Int }),
    "Dos bot_start, os que vieram sem sessão de página: direto, por busca ou indicação."
  ),
  revenue_cents: described(Schema.Int, "O que foi pago no período; reembolsos não diminuem."),
  payments: described(Schema.Int, "Cobranças pagas no período."),
  average_ticket_cents: described(Schema.Int, "revenue_cents dividido pelo número de pagamentos."),
  refunded_cents: described(Schema.Int, "O que foi devolvido no período, seja de quando for a venda."),
  time_to_pix_seconds: described(TimeView, "Do /start ao primeiro PIX depois dele, de cada visita que gerou um."),
  time_to_pay_seconds: described(TimeView, "Da cobrança ao pagamento, de cada cobrança paga no período."),
  time_in_bot_seconds: described(
    TimeView,
    "Do primeiro ao último sinal de cada visita ao bot (pausa de 30 minutos encerra)."
  ),
  provisional_from: described(
    Schema.NullOr(Schema.String),
    "A partir daqui os números ainda podem crescer; null: o período está assentado."
  ),
  recounting: described(
    Schema.Boolean,
    "Eventos antigos acabam de ser incluídos, mudados ou apagados e ainda estão sendo contados: pergunte de novo."
  ),
  groups: described(Schema.Array(GroupView), "Só quando group é dado; grupos sem nenhum número não aparecem.")
}).annotate({ identifier: "Metrics" })
export type MetricsView = typeof MetricsView.Type
