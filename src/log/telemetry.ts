import { EventName } from "../domain/events.ts"
import { version } from "../version.ts"
import { Family, type Shape } from "./family.ts"

// Every metric of the service, with every value its labels may take (docs/metrics-technical.md explains them). No label
// ever holds a person, a charge or anything else that strangers invent. Times are in seconds.

const counter = <const S extends Shape>(name: string, help: string, labels: S) =>
  new Family("counter", name, help, labels)

const gauge = <const S extends Shape>(name: string, help: string, labels: S) => new Family("gauge", name, help, labels)

const histogram = <const S extends Shape>(name: string, help: string, labels: S, boundaries: ReadonlyArray<number>) =>
  new Family("histogram", name, help, labels, boundaries)

const ackSteps = [0.001, 0.002, 0.004, 0.008, 0.012, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5]
const handlerSteps = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
const checkoutSteps = [0.01, 0.05, 0.1, 0.2, 0.5, 1, 2, 4, 8, 10]
const databaseSteps = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

const kinds = ["start", "text", "tap", "consent", "member", "join", "ignored"] as const
const gateways = ["pushinpay", "syncpay"] as const
const destinations = ["telegram", "facebook", "utmify"] as const

export const telemetry = {
  acks: histogram(
    "funil_ack_seconds",
    "Tempo entre a chegada de um aviso do Telegram e a resposta, por resultado",
    {
      result: ["ok", "bad_request", "unauthorized", "not_found", "too_large", "invalid", "internal", "unavailable"]
    },
    ackSteps
  ),
  updates: counter("funil_updates_total", "Mensagens do Telegram atendidas, por tipo e resultado", {
    kind: kinds,
    result: ["done", "silent", "retried", "dead"]
  }),
  updatesOfBots: counter("funil_bot_updates_total", "Mensagens do Telegram atendidas, por bot", { bot: "bot" }),
  repeatedUpdates: counter("funil_updates_repeated_total", "Avisos do Telegram que já estavam guardados", {}),
  recoveredUpdates: counter("funil_updates_recovered_total", "Atendimentos interrompidos que foram retomados", {}),
  deadUpdates: counter("funil_updates_dead_total", "Mensagens separadas depois de falharem de vez, por bot", {
    bot: "bot"
  }),
  updatesInProcess: gauge("funil_updates_in_process", "Mensagens em atendimento ou na vez neste processo", {}),
  handlers: histogram(
    "funil_handler_seconds",
    "Duração de um atendimento, por tipo e resultado",
    { kind: kinds, result: ["ok", "failed"] },
    handlerSteps
  ),
  checkouts: histogram(
    "funil_checkout_seconds",
    "Tempo do toque no plano até o código PIX ou a desistência, por gateway e resultado",
    {
      gateway: gateways,
      result: [
        "created",
        "reused",
        "below_minimum",
        "not_configured",
        "refused",
        "unavailable",
        "uncertain",
        "limited",
        "busy",
        "failed"
      ]
    },
    checkoutSteps
  ),
  gatewayEvents: counter("funil_gateway_events_total", "Avisos de pagamento, por gateway e estado", {
    gateway: gateways,
    state: ["received", "done", "refused", "unmatched", "later"]
  }),
  settlements: counter("funil_settlements_total", "Confirmações de gateways e o que mudaram, por prova", {
    result: ["pending", "paid", "expired", "canceled", "failed", "refunded", "charged_back", "unchanged", "refused"],
    proof: ["query", "request", "secret", "signed", "deadline"]
  }),
  gatewayOpen: gauge("funil_gateway_failing", "1 enquanto um gateway falha ao gerar cobranças", { gateway: gateways }),
  gatewayFailures: counter("funil_gateway_failures_total", "Chamadas a gateways que falharam, por operação e motivo", {
    gateway: gateways,
    operation: ["create", "query", "refund", "webhook", "register", "check"],
    reason: ["refused", "unauthorized", "rate_limited", "unavailable", "uncertain", "not_found", "webhook_refused"]
  }),
  funnelEvents: counter("funil_events_total", "Eventos do funil registrados por este processo", {
    event: EventName.literals
  }),
  revenue: counter("funil_revenue_cents_total", "Centavos recebidos, por gateway", { gateway: gateways }),
  refunded: counter("funil_refunded_cents_total", "Centavos devolvidos, por gateway", { gateway: gateways }),
  deliveries: counter("funil_deliveries_total", "Entregas tentadas, por destino e resultado", {
    destination: destinations,
    result: ["sent", "retry", "failed", "dropped"]
  }),
  deliverySeconds: histogram(
    "funil_delivery_seconds",
    "Duração de uma entrega ou de um lote delas, por destino",
    { destination: destinations },
    [0.05, 0.1, 0.25, 0.5, 1, 1.5, 2.5, 5, 10]
  ),
  webhookRepairs: counter("funil_webhook_repairs_total", "Endereços registrados de novo no Telegram, pelo motivo", {
    found: ["no_address", "other_address", "missing_updates", "wrong_secret", "not_found"]
  }),

  inboxAge: gauge("funil_inbox_oldest_seconds", "Idade da mensagem mais antiga que espera atendimento", {}),
  deadRows: gauge("funil_inbox_dead_rows", "Mensagens separadas que esperam uma decisão", {}),
  outboxRows: gauge("funil_outbox_rows", "Entregas na fila, por destino e estado", {
    destination: destinations,
    status: ["pending", "failed"]
  }),
  outboxAge: gauge("funil_outbox_oldest_seconds", "Idade da entrega pendente mais antiga, por destino", {
    destination: destinations
  }),
  webhookPending: gauge("funil_webhook_pending", "Avisos que o Telegram guarda para os bots ativos", {}),
  webhookErrors: gauge("funil_webhook_errors", "Bots ativos cujo endereço tem um erro", {}),
  botsUnusable: gauge("funil_bots_unusable", "Bots parados por um problema, como um token recusado", {}),
  rollupAge: gauge("funil_rollup_age_seconds", "Até quanto tempo atrás o funil já está contado", {}),
  nodes: gauge("funil_nodes_alive", "Processos do serviço com sinal de vida", {}),

  databaseUp: gauge("funil_database_up", "1 enquanto o banco de dados responde", {}),
  databasePlaces: gauge("funil_database_connections", "Conexões com o banco de dados em uso, livres e esperadas", {
    state: ["in_use", "free", "waiting"]
  }),
  databaseWait: histogram(
    "funil_database_wait_seconds",
    "Espera por uma conexão livre com o banco de dados",
    {},
    databaseSteps
  ),
  databaseAnswer: histogram(
    "funil_database_answer_seconds",
    "Tempo de resposta do banco de dados à pergunta mais simples",
    {},
    databaseSteps
  ),

  buildInfo: gauge("funil_build_info", "Versão do serviço que está no ar", { version: [version] }),
  residentMemory: gauge("process_resident_memory_bytes", "Memória do processo", {}),
  heapUsed: gauge("nodejs_heap_size_used_bytes", "Memória do JavaScript em uso", {}),
  heapTotal: gauge("nodejs_heap_size_total_bytes", "Memória do JavaScript reservada", {}),
  cpu: counter("process_cpu_seconds_total", "Tempo de processador gasto", {}),
  eventLoopLag: gauge("nodejs_eventloop_lag_p99_seconds", "Atraso do laço de eventos: p99 desde a última leitura", {}),
  startTime: gauge("process_start_time_seconds", "Quando o processo começou, em segundos desde 1970", {})
} as const

/** Seconds from now on, for a histogram. */
export const stopwatch = (): (() => number) => {
  const begun = performance.now()
  return () => (performance.now() - begun) / 1000
}
