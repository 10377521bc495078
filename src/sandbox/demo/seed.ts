import { Effect } from "effect"
import { picture } from "./pictures.ts"
import type { DemoService } from "./service.ts"

export const demoBot = {
  slug: "vip",
  name: "Clube VIP",
  token: "8240789012:AAHsandbox0demo0bot0nao0existe00LEOBE",
  username: "vip_demo_bot"
}

export const delivery = "Seu acesso está liberado, {nome}! Entre aqui: https://exemplo.com.br/entrar"

interface Listed {
  readonly items: ReadonlyArray<{ readonly id: number; readonly slug?: string; readonly name?: string }>
}

/** A bot with pictures, two plans, and a greeting, through the admin API; what is there already stays. */
export const seed = Effect.fn("Demo.seed")(function* (service: DemoService) {
  const bots = (yield* service.call("GET", "/api/admin/bots")) as Listed
  if (bots.items.some((bot) => bot.slug === demoBot.slug)) return
  const { slug, token, name } = demoBot
  yield* service.call("POST", "/api/admin/bots", { slug, token, name, gateway: "pushinpay" })
  const path = `/api/admin/bots/${demoBot.slug}`
  const add = (to: string, body: unknown) =>
    Effect.map(service.call("POST", path + to, body), (added) => (added as { readonly id: number }).id)
  const monthly = yield* add("/plans", { name: "Mensal", price_cents: 1990, delivery: { text: delivery } })
  const forLife = yield* add("/plans", { name: "Vitalício", price_cents: 9990, delivery: { text: delivery } })
  const pictures = yield* Effect.forEach(
    [
      picture([58, 92, 150], [60, 84, 60], 0.25),
      picture([140, 70, 120], [52, 44, 70], 0.5),
      picture([30, 110, 120], [40, 90, 70], 0.75)
    ],
    (bytes, index) => add("/media", fileForm(bytes, `amostra-${index + 1}.png`))
  )
  yield* service.call("PUT", `${path}/messages/start`, {
    text:
      "Olá {nome}! 🔥\n\nAqui está o <b>Clube VIP</b>: conteúdo novo toda semana, direto no seu Telegram.\n\n" +
      "Escolha o seu plano:",
    media: pictures.map((media_id) => ({ media_id })),
    buttons: [
      [{ text: "Mensal: R$ 19,90", plan_id: monthly }],
      [{ text: "Vitalício: R$ 99,90", plan_id: forLife }],
      [{ text: "Dúvidas frequentes", url: "https://exemplo.com.br/duvidas" }]
    ]
  })
  yield* service.call("PUT", `${path}/presell`, {
    title: "Clube VIP 🔥",
    text: "Conteúdo novo toda semana, direto no Telegram.\n\nEntre agora: o acesso sai na hora, por PIX.",
    button: "Quero entrar no Telegram",
    footer: "Esta página mede suas visitas para melhorar os anúncios."
  })
})

const fileForm = (bytes: Buffer, filename: string): FormData => {
  const form = new FormData()
  form.set("file", new Blob([new Uint8Array(bytes)], { type: "image/png" }), filename)
  return form
}
