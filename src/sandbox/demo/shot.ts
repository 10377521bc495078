import { Effect, Schedule } from "effect"
import { demoBot } from "./seed.ts"
import { DemoError, type DemoService } from "./service.ts"

export const shotWords = "Novidade para você"

interface Shot {
  readonly id: number
  readonly status: string
  readonly counts: { readonly total: number; readonly sent: number }
}

const path = `/api/admin/bots/${demoBot.slug}/shots`

/** A shot to everybody who bought, as the seller sends one. */
export const sendShot = Effect.fn("Demo.sendShot")(function* (service: DemoService) {
  const shot = (yield* service.call("POST", path, {
    title: "Aula nova",
    content: { text: `${shotWords}, {nome}: a aula nova já está no ar.` },
    filters: { audience: "paid" }
  })) as Shot
  yield* service.call("POST", `${path}/${shot.id}/start`)
  return shot.id
})

/** The service counts what the stand-in saw. */
export const shotCounted = (service: DemoService) =>
  service.call("GET", path).pipe(
    Effect.map((list) => (list as { readonly items: ReadonlyArray<Shot> }).items[0]),
    Effect.filterOrFail(
      (shot) => shot?.status === "done" && shot.counts.total === 1 && shot.counts.sent === 1,
      () => new DemoError({ message: "O disparo não terminou com uma mensagem enviada." })
    ),
    Effect.retry({ schedule: Schedule.spaced("100 millis"), times: 100 })
  )
