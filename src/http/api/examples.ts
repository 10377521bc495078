/**
 * A body for each call of `/openapi.json` and `/docs` that takes one, by method and path; a test makes every call as it
 * is described there. Bot, plan and shot are the ones that the first of them makes.
 */
export const bodies: Readonly<Record<string, unknown>> = {
  "POST /api/admin/bots": {
    slug: "vip",
    token: "123456789:AAExemplo0de0token0do0BotFather0000",
    name: "Clube VIP",
    gateway: "pushinpay"
  },
  "PATCH /api/admin/bots/{slug}": {
    messages_per_second: 25,
    notice: "Suporte: @exemplo",
    shots_per_person: 2,
    shots_per_person_hours: 24,
    time_zone: "America/Manaus"
  },
  "POST /api/admin/bots/{slug}/plans": {
    name: "Mensal",
    price_cents: 1990,
    delivery: { text: "Seu acesso, {nome}: https://exemplo.com.br/entrar" }
  },
  "PATCH /api/admin/bots/{slug}/plans/{id}": { price_cents: 2490 },
  "PUT /api/admin/bots/{slug}/messages/{key}": {
    text: "Olá {nome}! <b>Oferta</b>",
    buttons: [
      [{ text: "Quero o mensal", plan_id: 1, price_cents: 1990 }],
      [{ text: "Ver canal", url: "https://exemplo.com.br/canal" }]
    ]
  },
  "POST /api/admin/bots/{slug}/messages/{key}/preview": {
    chat_id: 7205343917,
    content: { text: "Como fica esta oferta, {nome}?" }
  },
  "POST /api/admin/bots/{slug}/media": { file: "(os bytes do arquivo, como em curl -F file=@capa.jpg)", kind: "photo" },
  "PATCH /api/admin/bots/{slug}/tracking": { consent_required: false },
  "PUT /api/admin/bots/{slug}/presell": {
    title: "Clube VIP",
    text: "Conteúdo novo toda semana.\n\nEntre pelo Telegram.",
    button: "Entrar agora",
    color: "#2aabee"
  },
  "PATCH /api/admin/gateways/{name}": { fee_fixed_cents: 35, fee_percent_bps: 99 },
  "POST /api/admin/bots/{slug}/downsells": {
    name: "Quem não pagou",
    trigger: "pix",
    delay_seconds: 900,
    content: { text: "{nome}, seu PIX ainda está aqui. Hoje o plano sai por menos." }
  },
  "PATCH /api/admin/bots/{slug}/downsells/{id}": { delay_seconds: 1800 },
  "POST /api/admin/bots/{slug}/shots": {
    title: "Aula nova",
    content: { text: "{nome}, a aula nova já está no ar." },
    filters: { audience: "paid" }
  },
  "POST /api/admin/bots/{slug}/shots/audience": { filters: { audience: "all" } },
  "PATCH /api/admin/bots/{slug}/shots/{id}": { title: "Aula nova, parte 2" },
  "POST /api/admin/bots/{slug}/shots/{id}/test": { chat_id: 7205343917 },
  "POST /api/admin/bots/{slug}/simulate": { telegram_id: 7205343917, at: "2030-01-01T12:00:00-03:00" },
  "POST /api/admin/bots/{slug}/clone": { slug: "vip-2", name: "Clube VIP 2" },
  "POST /api/admin/bots/{slug}/funnel": {
    version: 1,
    bot: { slug: "vip", name: "Clube VIP", notice: null },
    media: [],
    plans: [{ id: 1, name: "Anual", price_cents: 9990, active: true, delivery: null, vip_chat_id: null }],
    messages: { start: { text: "Olá {nome}!", buttons: [[{ text: "Quero o anual", plan_id: 1 }]] } },
    downsells: [
      {
        name: "Um dia depois",
        trigger: "start",
        delay_seconds: 86_400,
        content: {
          text: "{nome}, hoje por menos.",
          buttons: [[{ text: "Por {valor}", plan_id: 1, price_cents: 7990 }]]
        },
        active: true,
        hours: { from: "09:00", to: "22:00" },
        repeat_after_seconds: null,
        drop_after_seconds: 86_400,
        to_buyers: false
      }
    ],
    shots: [
      {
        title: "Aula nova",
        content: { text: "{nome}, a aula nova já está no ar." },
        filters: { audience: "paid" },
        error_limit_percent: 20,
        valid_hours: null
      }
    ]
  },
  "PUT /api/admin/alerts": { bot: "vip", chat_id: "7205343917" },
  "POST /api/admin/alerts/test": { bot: "vip", chat_id: "7205343917" },
  "POST /tg/{slug}/webhook": {
    update_id: 123_456_789,
    message: {
      message_id: 1,
      date: 1_762_527_600,
      chat: { id: 7205343917, type: "private", first_name: "Ana" },
      from: { id: 7205343917, is_bot: false, first_name: "Ana", language_code: "pt-br" },
      text: "/start"
    }
  },
  "POST /api/track/view": { bot: "vip", url: "https://exemplo.com.br/?utm_source=instagram&utm_campaign=lancamento" }
}

/** Bodies of a call that has several shapes: here each gateway writes its own. By the name of the gateway. */
export const gatewayBodies: Readonly<Record<string, unknown>> = {
  pushinpay: {
    id: "9c29870c-9f69-4bb6-90d3-2dce9453bb45",
    value: 1990,
    status: "paid",
    end_to_end_id: "E18236120202511071200s0123456789",
    payer_name: "Ana Souza",
    payer_national_registration: "00000000000"
  },
  syncpay: {
    data: {
      id: "9c29870c-9f69-4bb6-90d3-2dce9453bb46",
      idtransaction: "9c29870c-9f69-4bb6-90d3-2dce9453bb46",
      client_name: "Ana Souza",
      amount: 19.9,
      final_amount: 19.31,
      status: "completed"
    }
  }
}

const severalBodies: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "POST /api/payments/webhook/{gateway}": gatewayBodies
}

/** What stands for the `{…}` of a path. */
const places: Readonly<Record<string, string | number>> = {
  slug: "vip",
  bot: "vip",
  id: 1,
  key: "start",
  name: "pushinpay",
  gateway: "pushinpay",
  telegram_id: 7205343917,
  update_id: 123_456_789
}

/** Behind the `?` and in headers. A `cursor` and a session come from an earlier answer only. */
const values: Readonly<Record<string, string>> = {
  bot: "vip",
  telegram_id: "7205343917",
  from: "2026-11-01",
  to: "2026-11-30",
  tz: "America/Sao_Paulo",
  limit: "50",
  format: "json",
  group: "day",
  utm_source: "instagram",
  utm_medium: "stories",
  utm_campaign: "lancamento",
  utm_content: "video-1",
  utm_term: "vip",
  "x-telegram-bot-api-secret-token": "(o segredo que o serviço registrou no Telegram)"
}

interface Parameter {
  readonly in: string
  readonly name: string
  readonly schema?: { readonly enum?: ReadonlyArray<string> }
}

interface Operation {
  readonly parameters?: ReadonlyArray<Parameter>
  readonly requestBody?: { readonly content: Record<string, object> }
}

/** The description with its examples in their places. */
export const withExamples = (spec: Record<string, unknown>): Record<string, unknown> => ({
  ...spec,
  paths: Object.fromEntries(
    Object.entries(spec["paths"] as Record<string, Record<string, Operation>>).map(([path, operations]) => [
      path,
      Object.fromEntries(
        Object.entries(operations).map(([method, operation]) => [
          method,
          exampled(operation, bodyExample(`${method.toUpperCase()} ${path}`))
        ])
      )
    ])
  )
})

const bodyExample = (call: string): object => {
  const several = severalBodies[call]
  if (several === undefined) return call in bodies ? { example: bodies[call] } : {}
  return { examples: Object.fromEntries(Object.entries(several).map(([name, value]) => [name, { value }])) }
}

/** Of a choice, its first word. */
const parameterExample = ({ in: where, name, schema }: Parameter): string | number | undefined =>
  where === "path" ? places[name] : (values[name] ?? schema?.enum?.[0])

const exampled = (operation: Operation, body: object): Operation => ({
  ...operation,
  ...(operation.parameters === undefined
    ? {}
    : {
        parameters: operation.parameters.map((parameter) => {
          const example = parameterExample(parameter)
          return example === undefined ? parameter : { ...parameter, example: String(example) }
        })
      }),
  ...(operation.requestBody === undefined
    ? {}
    : {
        requestBody: {
          ...operation.requestBody,
          content: Object.fromEntries(
            Object.entries(operation.requestBody.content).map(([type, content]) => [type, { ...content, ...body }])
          )
        }
      })
})
