import { Effect } from "effect"
import type { DemoService } from "./service.ts"

export const demoBot = {
  slug: "vip",
  token: "8240789012:AAHsandbox0demo0bot0nao0existe00LEOBE",
  username: "vip_demo_bot"
}

export const delivery = "Seu acesso está liberado, {nome}! Entre aqui: https://exemplo.com.br/entrar"

interface Listed {
  readonly items: ReadonlyArray<{ readonly id: number; readonly slug?: string; readonly name?: string }>
}

/** A bot with two plans and a greeting, through the admin API; what is there already stays. */
export const seed = Effect.fn("Demo.seed")(function* (service: DemoService) {
  const bots = (yield* service.call("GET", "/api/admin/bots")) as Listed
  if (!bots.items.some((bot) => bot.slug === demoBot.slug)) {
    yield* service.call("POST", "/api/admin/bots", {
      slug: demoBot.slug,
      token: demoBot.token,
      name: "Clube VIP",
      gateway: "pushinpay"
    })
  }
  const path = `/api/admin/bots/${demoBot.slug}`
  const plans = (yield* service.call("GET", `${path}/plans`)) as Listed
  const planOf = Effect.fnUntraced(function* (name: string, price_cents: number) {
    const known = plans.items.find((plan) => plan.name === name)
    if (known !== undefined) return known.id
    const added = yield* service.call("POST", `${path}/plans`, { name, price_cents, delivery: { text: delivery } })
    return (added as { readonly id: number }).id
  })
  const monthly = yield* planOf("Mensal", 1990)
  const forLife = yield* planOf("Vitalício", 9990)
  yield* service.call("PUT", `${path}/messages/start`, {
    text: "Olá {nome}! 🔥\n\nAqui está o <b>Clube VIP</b>: conteúdo novo toda semana.\nEscolha o seu plano:",
    buttons: [[{ text: "Mensal: R$ 19,90", plan_id: monthly }], [{ text: "Vitalício: R$ 99,90", plan_id: forLife }]]
  })
})
