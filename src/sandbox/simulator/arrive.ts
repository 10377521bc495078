import { Effect } from "effect"
import { notPossible, type SandboxError } from "../SandboxError.ts"
import type { Seller } from "./Seller.ts"

/** The service does not count crawlers, and a program without a browser's name is one. */
const userAgent =
  "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"

/**
 * Somebody taps an ad: the presell page is seen, its button is clicked, and Telegram opens with the session.
 * Answers what the person's Telegram sends to the bot.
 */
export const arrive = (seller: Seller, ad: string): Effect.Effect<string, SandboxError> =>
  Effect.tryPromise({
    try: async () => {
      const page = new URL(`${seller.url}/p/${seller.slug}`)
      page.searchParams.set("utm_source", "instagram")
      page.searchParams.set("utm_medium", "anuncio")
      page.searchParams.set("utm_campaign", ad)
      await expectGood(await fetch(page, { headers: { "user-agent": userAgent } }))
      const seen = await expectGood(
        await fetch(`${seller.url}/api/track/view`, {
          method: "POST",
          headers: { "content-type": "application/json", "user-agent": userAgent },
          body: JSON.stringify({ bot: seller.slug, url: page.href, referrer: "https://www.instagram.com/" })
        })
      )
      const { bot_url } = (await seen.json()) as { readonly bot_url: string }
      const click = await fetch(new URL(bot_url, seller.url), {
        redirect: "manual",
        headers: { "user-agent": userAgent, referer: page.href }
      })
      const target = new URL(click.headers.get("location") ?? "missing:")
      return `/start ${target.searchParams.get("start") ?? ""}`.trim()
    },
    catch: (error) => notPossible(`O caminho do anúncio até o bot falhou: ${(error as Error).message}`)
  })

const expectGood = async (response: Response): Promise<Response> => {
  if (response.ok) return response
  throw new Error(`${new URL(response.url).pathname} respondeu ${response.status}`)
}
