import { Effect, Schedule } from "effect"
import { demoBot } from "./seed.ts"
import { DemoError, type DemoService } from "./service.ts"

export const downsellWords = "Seu PIX ainda está esperando"

interface Listed {
  readonly items: ReadonlyArray<{
    readonly name: string
    readonly price_cents?: number
    readonly id: number
    readonly counts?: { readonly sent: number }
  }>
}

const path = `/api/admin/bots/${demoBot.slug}`

/** Whoever makes a PIX and does not pay it hears of a discount after so long; what is there already stays. */
export const seedDownsell = Effect.fn("Demo.seedDownsell")(function* (service: DemoService, delaySeconds: number) {
  const present = (yield* service.call("GET", `${path}/downsells`)) as Listed
  if (present.items.length > 0) return
  const plans = (yield* service.call("GET", `${path}/plans`)) as Listed
  const monthly = plans.items.find((plan) => plan.price_cents === 1990)
  yield* service.call("POST", `${path}/downsells`, {
    name: "PIX esquecido",
    trigger: "pix",
    delay_seconds: delaySeconds,
    content: {
      text: `${downsellWords}, {nome}. Hoje sai por menos:`,
      buttons: monthly === undefined ? [] : [[{ text: "Mensal por {valor}", plan_id: monthly.id, price_cents: 1490 }]]
    }
  })
})

/** The service counts what the stand-in saw. */
export const downsellCounted = (service: DemoService) =>
  service.call("GET", `${path}/downsells`).pipe(
    Effect.filterOrFail(
      (list) => (list as Listed).items[0]?.counts?.sent === 1,
      () => new DemoError({ message: "O downsell não foi contado como enviado." })
    ),
    Effect.retry({ schedule: Schedule.spaced("100 millis"), times: 100 })
  )
