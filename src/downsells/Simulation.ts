import { Context, Effect, Layer, Option } from "effect"
import { Bots } from "../bots/Bots.ts"
import { invalid, notFound, orDefect } from "../bots/refusals.ts"
import { mergeContents } from "../bots/storedContents.ts"
import type { AdminError } from "../domain/admin.ts"
import type { Bot } from "../domain/bot.ts"
import { secondsUntilOpen } from "../domain/hours.ts"
import type { SimulatedItem, SimulationInput, SimulationView } from "../domain/simulation.ts"
import { sanitiseText } from "../domain/text.ts"
import { type DownsellRow, DownsellsRepo, type Foresight } from "../repo/DownsellsRepo.ts"
import { verdictWords } from "./verdictWords.ts"

const instant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})$/

/** Time travel: what a person would get from a /start at some moment, by the rules that really apply. */
export class Simulation extends Context.Service<
  Simulation,
  { readonly run: (slug: string, input: SimulationInput) => Effect.Effect<SimulationView, AdminError> }
>()("funil/downsells/Simulation") {
  static readonly layer = Layer.effect(
    Simulation,
    Effect.gen(function* () {
      const bots = yield* Bots
      const repo = yield* DownsellsRepo

      const run = Effect.fn("Simulation.run")(function* (slug: string, { at, telegram_id }: SimulationInput) {
        const bot = Option.getOrUndefined(bots.find(slug))
        if (bot === undefined) {
          return yield* notFound(`Não existe um bot com o endereço ${sanitiseText(slug).slice(0, 64)}.`)
        }
        const moment = new Date(at)
        if (!instant.test(at) || Number.isNaN(moment.getTime())) {
          return yield* invalid({ at: "Deve ser uma data com hora e fuso, como 2025-11-07T12:00:00-03:00." })
        }
        const foresight = yield* repo.simulate(bot.id, telegram_id, moment)
        const rows = yield* repo.load({ ids: [bot.id], slugs: [] })
        const { blocked, hasPaid, optedOut } = foresight.person
        return {
          bot: slug,
          telegram_id: telegram_id ?? null,
          at: moment.toISOString(),
          person: { blocked, opted_out: optedOut, has_paid: hasPaid },
          items: [startOf(bot, moment), ...itemsOf(bot, rows, foresight)]
        } satisfies SimulationView as SimulationView
      }, orDefect)

      return Simulation.of({ run })
    })
  )
}

const startOf = (bot: Bot, at: Date): SimulatedItem => ({
  kind: "start",
  id: null,
  name: "/start",
  trigger: null,
  at: at.toISOString(),
  delay_seconds: 0,
  sent: bot.active,
  reason: bot.active ? null : "O bot está pausado e não responde a ninguém.",
  content: mergeContents(bot.start) ?? null
})

/** In their order of time; what hangs on a PIX that may never come stands last. */
const itemsOf = (bot: Bot, rows: ReadonlyArray<DownsellRow>, foresight: Foresight): ReadonlyArray<SimulatedItem> => {
  const waiting = new Set(foresight.downsells.map((one) => one.downsellId))
  const dated = foresight.downsells.map(({ downsellId, dueAt, trigger, verdict }): SimulatedItem => {
    const downsell = bot.downsells.get(downsellId)
    const wait = downsell?.hours === undefined ? 0 : secondsUntilOpen(downsell.hours, dueAt)
    return {
      kind: "downsell",
      id: downsellId,
      name: downsell?.name ?? "",
      trigger,
      at: new Date(dueAt.getTime() + wait * 1000).toISOString(),
      delay_seconds: rows.find((row) => row.id === downsellId)?.delaySeconds ?? null,
      sent: verdict === null,
      reason: verdict === null ? null : verdictWords[verdict],
      content: mergeContents(downsell?.contents ?? []) ?? null
    }
  })
  const shots = foresight.shots.map(({ dueAt, id, included, title }): SimulatedItem => ({
    kind: "shot",
    id,
    name: title,
    trigger: null,
    at: dueAt.toISOString(),
    delay_seconds: null,
    sent: included,
    reason: included ? null : "O disparo não é para esta pessoa, pelos filtros dele.",
    content: null
  }))
  const conditional = rows
    .filter((row) => row.onPix && row.active && !waiting.has(row.id))
    .map((row): SimulatedItem => ({
      kind: "downsell",
      id: row.id,
      name: row.name,
      trigger: "pix",
      at: null,
      delay_seconds: row.delaySeconds,
      sent: false,
      reason: "Só sai se a pessoa gerar um PIX e não pagar.",
      content: mergeContents(bot.downsells.get(row.id)?.contents ?? []) ?? null
    }))
  return [...dated, ...shots].toSorted((a, b) => (a.at ?? "").localeCompare(b.at ?? "")).concat(conditional)
}
