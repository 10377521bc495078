import { Effect } from "effect"
import { demoBot } from "./seed.ts"
import { DemoError, type DemoService } from "./service.ts"

/** A phone inside of Facebook's app, which came by an advert. */
const headers = {
  "user-agent":
    "Mozilla/5.0 (Linux; Android 14; wv) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/440.0;]",
  "x-forwarded-for": "177.32.10.5",
  "accept-language": "pt-BR"
}

const advert =
  "utm_source=FB&utm_medium=Publico+frio%7C120200000000001&utm_campaign=Lan%C3%A7amento%7C120210000000001" +
  "&utm_content=Video+1%7C120220000000001&utm_term=Instagram_Feed&fbclid=IwAR0demoDEMOdemo_-123456789"

export const presellAddress = (service: DemoService): string => `${service.url}/p/${demoBot.slug}?${advert}`

const ask = (path: string, init: RequestInit = {}) =>
  Effect.tryPromise({
    try: async () => {
      const response = await fetch(path, { redirect: "manual", ...init, headers: { ...headers, ...init.headers } })
      return { status: response.status, location: response.headers.get("location") ?? "", text: await response.text() }
    },
    catch: (error) => new DemoError({ message: `A página de presell não respondeu: ${String(error)}` })
  })

/** What a browser does on the presell page without being one; answers what stands behind the buyer's /start. */
export const visitPresell = Effect.fn("Demo.visitPresell")(function* (service: DemoService) {
  const url = presellAddress(service)
  const page = yield* ask(url)
  if (page.status !== 200 || !page.text.includes(`go/${demoBot.slug}`)) {
    return yield* new DemoError({ message: `A página de presell respondeu ${page.status}.` })
  }
  const view = yield* ask(`${service.url}/api/track/view`, {
    method: "POST",
    body: JSON.stringify({
      bot: demoBot.slug,
      url,
      referrer: "https://l.facebook.com/",
      fbp: "fb.1.1730000000000.1234567890"
    })
  })
  if (view.status !== 200) return yield* new DemoError({ message: `A visita não foi contada: ${view.text}` })
  const { bot_url } = JSON.parse(view.text) as { readonly bot_url: string }
  const click = yield* ask(bot_url)
  const token = new RegExp(`^https://t\\.me/${demoBot.username}\\?start=([\\w-]{22})$`).exec(click.location)?.[1]
  if (token === undefined) return yield* new DemoError({ message: `O clique não levou ao bot: ${click.status}` })
  return token
})
