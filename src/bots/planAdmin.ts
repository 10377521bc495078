import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { AdminError, PlanInput, PlanPatch } from "../domain/admin.ts"
import { sanitiseText } from "../domain/text.ts"
import * as Log from "../log/Log.ts"
import { type BotRow, BotsRepo } from "../repo/BotsRepo.ts"
import { MediaRepo } from "../repo/MediaRepo.ts"
import { type PlanColumns, type PlanRow, PlansRepo } from "../repo/PlansRepo.ts"
import { Bots } from "./Bots.ts"
import { viewOfPlan } from "./botView.ts"
import { Catalogue, type LoadedBot } from "./Catalogue.ts"
import { checkContent, plansOffered } from "./contentCheck.ts"
import { makeContentFetch } from "./contentFetch.ts"
import { conflict, invalid, notFound, orDefect } from "./refusals.ts"

export type RowOf = (slug: string) => Effect.Effect<BotRow, AdminError | SqlError.SqlError>

export const makePlanAdmin = Effect.fnUntraced(function* (rowOf: RowOf) {
  const bots = yield* Bots
  const repo = yield* BotsRepo
  const plansRepo = yield* PlansRepo
  const media = yield* MediaRepo
  const catalogue = yield* Catalogue
  const fetchMedia = yield* makeContentFetch

  const present = (botId: number) =>
    Effect.map(plansRepo.load({ ids: [botId], slugs: [] }), (rows) => rows.filter((plan) => !plan.deleted))

  const planOf = Effect.fnUntraced(function* (rows: ReadonlyArray<PlanRow>, slug: string, planId: number) {
    return rows.find((plan) => plan.id === planId) ?? (yield* notFound(`O bot ${slug} não tem o plano ${planId}.`))
  })

  const knownTo = (row: BotRow, rows: ReadonlyArray<PlanRow>) => ({
    planIds: new Set(rows.map((plan) => plan.id)),
    mediaIds: (ids: ReadonlyArray<number>) => media.existing(row.slug, ids)
  })

  /** Before the transaction: fetching may take a minute. */
  const withFetched = Effect.fnUntraced(function* <A extends PlanPatch>(row: BotRow, input: A) {
    if (input.delivery === undefined || input.delivery === null) return input
    const checked = yield* checkContent(input.delivery, knownTo(row, yield* present(row.id)), "delivery")
    return { ...input, delivery: yield* fetchMedia(row, checked, "delivery") }
  })

  const columnsOf = Effect.fnUntraced(function* (row: BotRow, rows: ReadonlyArray<PlanRow>, input: PlanPatch) {
    const { delivery, name, ...plain } = input
    const known = knownTo(row, rows)
    return {
      ...plain,
      ...(name === undefined ? {} : { name: yield* nameOf(name) }),
      ...(delivery === undefined
        ? {}
        : { delivery: delivery === null ? null : yield* checkContent(delivery, known, "delivery") })
    } satisfies PlanColumns
  })

  const plans = Effect.fn("BotAdmin.plans")(function* (slug: string) {
    const row = yield* rowOf(slug)
    // Plans of an old message get their rows when the bot is read.
    const [loaded] = yield* catalogue.load({ ids: [row.id], slugs: [] })
    return (loaded?.plans ?? []).map(viewOfPlan)
  }, orDefect)

  const addPlan = Effect.fn("BotAdmin.addPlan")(function* (slug: string, input: PlanInput) {
    const row = yield* rowOf(slug)
    const fetched = yield* withFetched(row, input)
    const plan = yield* Effect.gen(function* () {
      const columns = yield* columnsOf(row, yield* present(row.id), fetched)
      const id = yield* plansRepo.insert(row.id, {
        ...columns,
        name: columns.name ?? "",
        price_cents: input.price_cents
      })
      return yield* planOf(yield* present(row.id), slug, id)
    }).pipe(repo.locked(row.id))
    yield* bots.reload(row.id)
    yield* Log.info(`[BOT] Plano ${plan.name} criado no bot ${slug}`, { slug, plan_id: plan.id })
    return viewOfPlan(plan)
  }, orDefect)

  const patchPlan = Effect.fn("BotAdmin.patchPlan")(function* (slug: string, planId: number, input: PlanPatch) {
    const row = yield* rowOf(slug)
    yield* planOf(yield* present(row.id), slug, planId)
    const fetched = yield* withFetched(row, input)
    const plan = yield* Effect.gen(function* () {
      const rows = yield* present(row.id)
      yield* planOf(rows, slug, planId)
      const columns = yield* columnsOf(row, rows, fetched)
      if (Object.keys(columns).length > 0) yield* plansRepo.update(row.id, planId, columns)
      return yield* planOf(yield* present(row.id), slug, planId)
    }).pipe(repo.locked(row.id))
    yield* bots.reload(row.id)
    yield* Log.info(`[BOT] Plano ${plan.name} alterado no bot ${slug}`, { slug, plan_id: planId })
    return viewOfPlan(plan)
  }, orDefect)

  const removePlan = Effect.fn("BotAdmin.removePlan")(function* (slug: string, planId: number) {
    const row = yield* rowOf(slug)
    const plan = yield* Effect.gen(function* () {
      const found = yield* planOf(yield* present(row.id), slug, planId)
      const users = (yield* catalogue.load({ ids: [row.id], slugs: [] })).flatMap((loaded) => usersOf(loaded, planId))
      if (users.length > 0) {
        return yield* conflict(
          `O plano ${found.name} ainda é oferecido: ${users.join(", ")}. Tire-o de lá antes de apagá-lo.`
        )
      }
      yield* plansRepo.remove(row.id, planId)
      return found
    }).pipe(repo.locked(row.id))
    yield* bots.reload(row.id)
    yield* Log.info(`[BOT] Plano ${plan.name} apagado do bot ${slug}`, { slug, plan_id: planId })
  }, orDefect)

  return { plans, addPlan, patchPlan, removePlan }
})

const nameOf = (name: string) => {
  const clean = sanitiseText(name).trim()
  return clean === "" ? Effect.fail(invalid({ name: "O plano precisa de um nome." })) : Effect.succeed(clean)
}

/** Where a plan's button stands, in words for the seller. */
const usersOf = ({ bot, plans }: LoadedBot, planId: number): ReadonlyArray<string> => {
  const offers = (content: Parameters<typeof plansOffered>[0]) => plansOffered(content).includes(planId)
  const others = plans.flatMap(({ id }) => (id === planId ? [] : (bot.plans.get(id) ?? [])))
  return [
    ...(bot.start.some(offers) ? ["mensagem start"] : []),
    ...[...bot.messages].flatMap(([key, content]) => (offers(content) ? [`mensagem ${key}`] : [])),
    ...others.flatMap((plan) =>
      plan.delivery._tag === "Some" && offers(plan.delivery.value) ? [`entrega do plano ${plan.name}`] : []
    ),
    ...[...bot.downsells.values()].flatMap((one) => (one.contents.some(offers) ? [`downsell ${one.name}`] : [])),
    ...(bot.offers.some(offers) ? ["um disparo"] : [])
  ]
}
