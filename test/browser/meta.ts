import { Effect } from "effect"
import type { Sandbox } from "../../src/sandbox/Sandbox.ts"
import type { Page } from "../support/browser.ts"

/** In this browser Meta's library comes from its stand-in, and Telegram's site is an empty page that is remembered. */
export const standIns = Effect.fnUntraced(function* (page: Page, { meta }: Sandbox["Service"]) {
  const opened: Array<string> = []
  yield* Effect.promise(async () => {
    const context = page.context()
    await context.route("https://connect.facebook.net/**", async (route) => {
      const { pathname } = new URL(route.request().url())
      return route.fulfill({ response: await route.fetch({ url: `${meta.url}${pathname}` }) })
    })
    await context.route("https://t.me/**", (route) => {
      opened.push(route.request().url())
      return route.fulfill({ contentType: "text/html", body: "<title>Telegram</title>" })
    })
  })
  return { opened }
})

/** What Meta has, in the order in which it came: who told it, what it was, which id. */
export const toldTo = ({ meta }: Sandbox["Service"]) =>
  Effect.map(meta.received, (all) => all.map(({ eventId, name, source }) => `${source} ${name} ${eventId ?? ""}`))
