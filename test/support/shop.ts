import { Effect } from "effect"
import type { Sandbox } from "../../src/sandbox/Sandbox.ts"
import type { Call } from "../../src/sandbox/telegram/CallLog.ts"
import { HarnessError, type ServiceProcess } from "./service.ts"

export const botToken = "8240789012:AAHk3fJ2nXq9vB7wZ5tR1yU8mP6sD4LEOBE"

export const ana = {
  id: 7_205_343_917,
  first_name: "Ana",
  last_name: "Souza",
  username: "ana_souza",
  language_code: "pt-br"
}

export interface Shop {
  readonly slug: string
  readonly planId: number
  readonly botId: number
}

/** A bot with one plan of R$ 19,90 and a greeting, made through the admin API. */
export const openShop = Effect.fnUntraced(function* (
  service: ServiceProcess,
  sandbox: Sandbox["Service"],
  slug = "vip",
  token = botToken
) {
  yield* sandbox.telegram.addBot({ token, username: `${slug}_bot`, name: "Clube VIP" })
  const expect = (wanted: number, answer: { readonly status: number; readonly text: string }) =>
    answer.status === wanted
      ? Effect.void
      : Effect.fail(new HarnessError({ message: `${answer.status} ${answer.text}` }))
  const bot = yield* service.admin("POST", "/api/admin/bots", { slug, token, gateway: "pushinpay" })
  yield* expect(201, bot)
  const plan = yield* service.admin("POST", `/api/admin/bots/${slug}/plans`, {
    name: "Mensal",
    price_cents: 1990,
    delivery: { text: "Seu acesso, {nome}: https://exemplo.com.br/entrar" }
  })
  yield* expect(201, plan)
  const start = yield* service.admin("PUT", `/api/admin/bots/${slug}/messages/start`, {
    text: "Olá {nome}! <b>Oferta</b>",
    buttons: [[{ text: "Quero o mensal", plan_id: plan.json.id }]]
  })
  yield* expect(200, start)
  return { slug, planId: plan.json.id as number, botId: bot.json.id as number } satisfies Shop
})

export const wordsOf = (call: Call): string =>
  `${String(call.params["text"] ?? "")}${String(call.params["caption"] ?? "")}`

/** A confirmed message to a person whose words match. */
export const sentTo = (personId: number, words: RegExp) => (call: Call) =>
  call.ok && call.method.startsWith("send") && Number(call.params["chat_id"]) === personId && words.test(wordsOf(call))

/** A person comes, sees the greeting and asks for the plan; answers the charge when the code is in the chat. */
export const orderPix = Effect.fnUntraced(function* (
  { pushinpay, telegram }: Sandbox["Service"],
  person: { readonly id: number; readonly first_name: string },
  { button = "Quero o mensal", greeting = /Olá/, token = botToken } = {}
) {
  yield* telegram.person(person)
  yield* telegram.sendText(token, person, "/start")
  yield* telegram.waitFor(sentTo(person.id, greeting))
  yield* telegram.press(token, person, button)
  const message = yield* telegram.waitFor(sentTo(person.id, /<code>/))
  const code = /<code>(.*)<\/code>/.exec(wordsOf(message))?.[1]
  return yield* pushinpay.waitForCharge((charge) => charge.code === code)
})
