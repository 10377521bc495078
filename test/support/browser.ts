import { Effect } from "effect"
import { accessSync, constants } from "node:fs"
import { delimiter, join } from "node:path"
import { type BrowserContextOptions, chromium, type Page } from "playwright-core"

/** The installed Chromium; none is downloaded. */
const findChromium = (): string => {
  const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"]
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    for (const name of names) {
      try {
        accessSync(join(folder, name), constants.X_OK)
        return join(folder, name)
      } catch {
        // Not in this one.
      }
    }
  }
  throw new Error("Nenhum Chromium no PATH: instale o pacote chromium.")
}

/** A browser for a test, closed with its scope. */
export const openBrowser = Effect.acquireRelease(
  Effect.promise(() =>
    chromium.launch({ executablePath: findChromium(), args: ["--no-sandbox", "--disable-dev-shm-usage"] })
  ),
  (browser) => Effect.promise(() => browser.close())
)

/** Somebody's own browser, with cookies of its own. What the page throws or logs as an error fails the test. */
export const openPage = Effect.fnUntraced(function* (options: BrowserContextOptions = {}) {
  const browser = yield* openBrowser
  const context = yield* Effect.promise(() => browser.newContext({ locale: "pt-BR", ...options }))
  const page = yield* Effect.promise(() => context.newPage())
  page.setDefaultTimeout(15_000)
  const errors: Array<string> = []
  page.on("pageerror", (error) => errors.push(error.message))
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()))
  return { context, page, errors }
})

/** One step in the browser, whose failure says what it was about. */
export const inPage = <A>(step: () => Promise<A>) => Effect.promise(step)

export type { Page }
