import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { mkdirSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import type { BrowserContextOptions } from "playwright-core"
import { inPage, openPage } from "../support/browser.ts"
import type { ServiceProcess } from "../support/service.ts"

export const desktop: BrowserContextOptions = { viewport: { width: 1280, height: 800 }, colorScheme: "light" }
export const phone: BrowserContextOptions = {
  viewport: { width: 360, height: 780 },
  colorScheme: "dark",
  hasTouch: true
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")

const audit = `axe.run(document).then((report) => report.violations
  .filter(({ impact }) => impact === "serious" || impact === "critical")
  .map(({ id, nodes }) => id + ": " + nodes.map((node) => node.html).join(" | ")))`

/** Where pictures of the pages are kept, when they are wanted: PANEL_PICTURES=docs/panel */
const pictures = process.env["PANEL_PICTURES"]

/** Somebody in the panel, logged in. What a page refuses to run or load fails the test at `calm`. */
export const enterPanel = Effect.fnUntraced(function* (service: ServiceProcess, options: BrowserContextOptions) {
  const { context, errors, page } = yield* openPage(options)
  page.on("dialog", (dialog) => void dialog.accept())
  const open = (path: string) => inPage(() => page.goto(service.url + path))

  yield* open("/admin")
  yield* inPage(async () => {
    await page.getByLabel("Senha").fill(service.password)
    await page.keyboard.press("Enter")
    await page.getByRole("heading", { name: "Visão geral" }).waitFor()
  })

  /** No serious fault of accessibility, nothing wider than the screen, nothing that the policy had to stop. */
  const fit = Effect.fnUntraced(function* (path: string, name: string) {
    yield* open(path)
    yield* inPage(() => page.evaluate(axe))
    assert.deepStrictEqual(yield* inPage(() => page.evaluate<ReadonlyArray<string>>(audit)), [], path)
    const over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert.isAtMost(yield* inPage(() => page.evaluate<number>(over)), 0, `${path} is wider than the screen`)
    if (pictures !== undefined) yield* picture(name)
  })

  const picture = (name: string) =>
    inPage(async () => {
      mkdirSync(pictures ?? "", { recursive: true })
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme })
        const size = (options.viewport?.width ?? 0) < 600 ? "celular" : "computador"
        const look = colorScheme === "light" ? "claro" : "escuro"
        await page.screenshot({ path: join(pictures ?? "", `${name}-${size}-${look}.jpg`), type: "jpeg", quality: 55 })
      }
      await page.emulateMedia({ colorScheme: options.colorScheme ?? "light" })
    })

  const calm = Effect.sync(() =>
    // A refused form is answered with its status, which the browser notes as an error.
    assert.deepStrictEqual(
      errors.filter((words) => !words.startsWith("Failed to load resource")),
      []
    )
  )
  return { context, page, open, fit, calm }
})
