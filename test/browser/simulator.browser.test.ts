import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { Sandbox } from "../../src/sandbox/Sandbox.ts"
import type { Funnel } from "../../src/sandbox/simulator/Seller.ts"
import { startSimulator } from "../../src/sandbox/simulator/Simulator.ts"
import { inPage, openPage } from "../support/browser.ts"
import { World } from "../support/world.ts"
import { desktop, phone } from "./panelVisitor.ts"

const token = "8240789777:AAHsimulador0no0navegador000000000LEOBE"
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")
const audit = `axe.run(document).then((report) => report.violations
  .filter(({ impact }) => impact === "serious" || impact === "critical")
  .map(({ id, nodes }) => id + ": " + nodes.map((node) => node.html).join(" | ")))`

layer(World.layerWith(), { excludeTestServices: true, timeout: 120_000 })("the simulator", (it) => {
  it.effect("sells from the ad to the delivery, on a computer and at 360 px, without a fault of accessibility", () =>
    Effect.gen(function* () {
      const { sandbox, service } = yield* World
      yield* sandbox.telegram.addBot({ token, username: "simulado_bot", name: "Clube <VIP>" })
      yield* service.admin("POST", "/api/admin/bots", { slug: "simulado", token, gateway: "pushinpay" })
      const path = "/api/admin/bots/simulado"
      const plan = yield* service.admin("POST", `${path}/plans`, {
        name: "Mensal",
        price_cents: 1990,
        delivery: { text: "Seu acesso, {nome}" }
      })
      yield* service.admin("PUT", `${path}/messages/start`, {
        text: "Olá {nome}",
        buttons: [[{ text: "Quero", plan_id: plan.json.id }]]
      })
      const simulator = yield* startSimulator({
        slug: "simulado",
        botName: "Clube <VIP>",
        botToken: token,
        url: service.url,
        metrics: Effect.map(service.admin("GET", "/api/metrics?bot=simulado"), ({ json }) => json as Funnel),
        onLine: (hear) =>
          Effect.sync(() => hear("2025-11-07 12:00:00.123 INFO  [BOT][START] Mensagem inicial enviada | slug=vip"))
      }).pipe(Effect.provideService(Sandbox, sandbox))

      for (const [index, options] of [desktop, phone].entries()) {
        const { errors, page } = yield* openPage(options)
        yield* inPage(() => page.goto(simulator.url))
        yield* inPage(async () => {
          const one = page.locator(".phone").nth(index)
          await one.getByRole("button", { name: "Chegar pelo anúncio" }).click()
          await one.getByRole("button", { name: "Quero" }).click()
          await one.getByRole("button", { name: "Pagar" }).click()
          await one.getByText("Seu acesso, ").waitFor()
          await one.getByLabel(/^Mensagem de/).fill("obrigado <b>")
          await one.getByLabel(/^Mensagem de/).press("Enter")
          await one.getByText("obrigado <b>").waitFor()
          await one.getByRole("button", { name: "Bloquear" }).click()
          await one.getByRole("button", { name: "Desbloquear" }).waitFor()
          await page.locator("#log summary").first().click()
          await page.evaluate(axe)
        })
        assert.deepStrictEqual(yield* inPage(() => page.evaluate<ReadonlyArray<string>>(audit)), [])
        const over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert.isAtMost(yield* inPage(() => page.evaluate<number>(over)), 0)
        assert.deepStrictEqual(errors, [])
      }
    })
  )
})
