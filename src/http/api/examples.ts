/**
 * A body for each call of `/openapi.json` and `/docs` that takes one, by method and path, in an order in which they can
 * be made one after another: a test does so. Bot, plan and shot are the ones that the first of them makes.
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
  "PUT /api/admin/alerts": { bot: "vip", chat_id: "7205343917" },
  "POST /api/track/view": { bot: "vip", url: "https://exemplo.com.br/?utm_source=instagram&utm_campaign=lancamento" }
}

/** What stands for the `{…}` of a path. */
export const places: Readonly<Record<string, string | number>> = {
  slug: "vip",
  bot: "vip",
  id: 1,
  key: "start",
  name: "pushinpay",
  gateway: "pushinpay",
  update_id: 123_456_789
}

interface Parameter {
  readonly in: string
  readonly name: string
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
          exampled(operation, bodies[`${method.toUpperCase()} ${path}`])
        ])
      )
    ])
  )
})

const exampled = (operation: Operation, body: unknown): Operation => ({
  ...operation,
  ...(operation.parameters === undefined
    ? {}
    : {
        parameters: operation.parameters.map((parameter) => {
          const example = parameter.in === "path" ? places[parameter.name] : undefined
          return example === undefined ? parameter : { ...parameter, example: String(example) }
        })
      }),
  ...(operation.requestBody === undefined || body === undefined
    ? {}
    : {
        requestBody: {
          ...operation.requestBody,
          content: Object.fromEntries(
            Object.entries(operation.requestBody.content).map(([type, content]) => [
              type,
              { ...content, example: body }
            ])
          )
        }
      })
})
