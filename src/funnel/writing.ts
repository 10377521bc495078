import { Effect } from "effect"
import { checkContent } from "../bots/contentCheck.ts"
import { makeContentFetch } from "../bots/contentFetch.ts"
import { isMessageKey } from "../bots/messageAdmin.ts"
import { invalid } from "../bots/refusals.ts"
import type { AdminError, FieldProblems } from "../domain/admin.ts"
import type { MessageContent } from "../domain/content.ts"
import type { FunnelImported, FunnelInput } from "../domain/funnelFile.ts"
import { sanitiseText } from "../domain/text.ts"
import { DownsellsRepo } from "../repo/DownsellsRepo.ts"
import { MediaRepo } from "../repo/MediaRepo.ts"
import { MessagesRepo } from "../repo/MessagesRepo.ts"
import { PlansRepo } from "../repo/PlansRepo.ts"
import { ShotsRepo } from "../repo/ShotsRepo.ts"
import { columnsOfDownsell } from "../downsells/downsellColumns.ts"
import { filtersFrom } from "../shots/shotInput.ts"
import { mediaNamed, renumbered } from "./renumber.ts"

interface Target {
  readonly id: number
  readonly slug: string
}

type Item<Key extends "plans" | "downsells" | "shots"> = NonNullable<FunnelInput[Key]>[number]

/** A file whose contents are checked: their media are the target's, their plans still have the file's numbers. */
export interface ReadyFunnel {
  readonly plans: ReadonlyArray<Omit<Item<"plans">, "delivery"> & { readonly delivery: MessageContent | null }>
  readonly messages: ReadonlyArray<readonly [key: string, content: MessageContent]>
  readonly downsells: ReadonlyArray<Omit<Item<"downsells">, "content"> & { readonly content: MessageContent }>
  readonly shots: ReadonlyArray<Omit<Item<"shots">, "content"> & { readonly content: MessageContent }>
}

const noNumbers: ReadonlyMap<number, number> = new Map()

/** A funnel into a bot: judged as a whole, then written in whoever's transaction it is. */
export const makeFunnelWriting = Effect.gen(function* () {
  const fetchMedia = yield* makeContentFetch
  const media = yield* MediaRepo
  const plans = yield* PlansRepo
  const messages = yield* MessagesRepo
  const downsells = yield* DownsellsRepo
  const shots = yield* ShotsRepo

  /** Every content of a funnel through one function, path by path; all that is wrong is told at once. */
  const throughAll = Effect.fnUntraced(function* <E>(
    funnel: FunnelInput | ReadyFunnel,
    one: (content: unknown, path: string) => Effect.Effect<MessageContent, E | AdminError>
  ) {
    const faults: Record<string, string> = {}
    const told = (content: unknown, path: string) =>
      Effect.catchIf(one(content, path), isInvalid, ({ reason }) => {
        Object.assign(faults, reason.fields)
        return Effect.succeed<MessageContent>({})
      })
    const entries = "version" in funnel ? Object.entries(funnel.messages) : funnel.messages
    const ready: ReadyFunnel = {
      plans: yield* Effect.forEach(funnel.plans, (plan, index) =>
        Effect.map(
          plan.delivery === undefined || plan.delivery === null
            ? Effect.succeed(null)
            : told(plan.delivery, `plans.${index}.delivery`),
          (delivery) => ({ ...plan, delivery })
        )
      ),
      messages: yield* Effect.forEach(entries, ([key, content]) => {
        if (!isMessageKey(key)) faults[`messages.${key.slice(0, 64)}`] = "Não é um nome de mensagem."
        return Effect.map(told(content, `messages.${key}`), (checked) => [key, checked] as const)
      }),
      downsells: yield* Effect.forEach(funnel.downsells, (downsell, index) =>
        Effect.map(told(downsell.content, `downsells.${index}.content`), (content) => ({ ...downsell, content }))
      ),
      shots: yield* Effect.forEach(funnel.shots ?? [], (shot, index) =>
        Effect.map(told(shot.content, `shots.${index}.content`), (content) => ({ ...shot, content }))
      )
    }
    if (Object.keys(faults).length > 0) return yield* invalid(faults)
    return ready
  })

  const prepare = Effect.fnUntraced(function* (bot: Target, file: FunnelInput, mediaIds: ReadonlyMap<number, number>) {
    const blank = blankNames(file)
    if (Object.keys(blank).length > 0) return yield* invalid(blank)
    const known = {
      planIds: new Set(file.plans.map(({ id }) => id)),
      mediaIds: (ids: ReadonlyArray<number>) => media.existing(bot.slug, ids)
    }
    return yield* throughAll(file, (content, path) =>
      checkContent(renumbered(content, { plans: noNumbers, media: mediaIds }), known, path)
    )
  })

  const fetched = (bot: Target, funnel: ReadyFunnel) =>
    throughAll(funnel, (content, path) => fetchMedia(bot, content as MessageContent, path))

  const writePlans = Effect.fnUntraced(function* (bot: Target, funnel: ReadyFunnel) {
    const rows = (yield* plans.load({ ids: [bot.id], slugs: [] })).filter(({ deleted }) => !deleted)
    const there = placesOf(rows, ({ name, priceCents }) => `${priceCents}:${name}`)
    const numbers = new Map<number, number>()
    let created = 0
    for (const { delivery: _, id, name: given, price_cents, ...rest } of funnel.plans) {
      const name = clean(given)
      const same = there.take(`${price_cents}:${name}`)?.id
      numbers.set(id, same ?? (yield* plans.insert(bot.id, { ...rest, name, price_cents })))
      if (same === undefined) created += 1
    }
    // Only now: a delivery may offer another plan.
    for (const { delivery, id } of funnel.plans) {
      if (delivery === null) continue
      yield* plans.update(bot.id, numbers.get(id)!, { delivery: withPlans(delivery, numbers) })
    }
    return { numbers, created }
  })

  const writeDownsells = Effect.fnUntraced(function* (bot: Target, funnel: ReadyFunnel, numbers: Numbers) {
    const there = placesOf(yield* downsells.load({ ids: [bot.id], slugs: [] }), ({ name }) => name)
    let updated = 0
    for (const { content: given, name: spelled, ...rest } of funnel.downsells) {
      const { delay_seconds, trigger } = rest
      const [content, name] = [withPlans(given, numbers), clean(spelled)]
      const columns = { ...columnsOfDownsell(rest), name, content }
      const same = there.take(name)?.id
      if (same === undefined) yield* downsells.insert(bot.id, { ...columns, delay_seconds, trigger })
      else yield* downsells.update(same, columns)
      if (same !== undefined) updated += 1
    }
    return { created: funnel.downsells.length - updated, updated }
  })

  const writeShots = Effect.fnUntraced(function* (bot: Target, funnel: ReadyFunnel, numbers: Numbers) {
    const rows = yield* shots.list({ botId: bot.id, cursor: undefined, limit: 200 })
    const drafts = rows.filter(({ frozen, status }) => status === "draft" && !frozen)
    const there = placesOf(drafts, ({ title }) => title)
    let updated = 0
    for (const { content: given, filters, title: spelled, ...rest } of funnel.shots) {
      const title = clean(spelled)
      const columns = {
        ...rest,
        title,
        content: withPlans(given, numbers),
        filters: yield* filtersFrom(filters ?? null)
      }
      const same = there.take(title)?.id
      if (same === undefined) yield* shots.insert(bot, { ...columns, status: "draft" })
      else yield* shots.update(same, columns)
      if (same !== undefined) updated += 1
    }
    return { created: funnel.shots.length - updated, updated }
  })

  /** In a transaction that holds the bot's lock. */
  const write = Effect.fnUntraced(function* (bot: Target, funnel: ReadyFunnel) {
    const named = [...new Set(mediaNamed(funnel))]
    // Fetching took its time, and files may have gone.
    const present = named.length === 0 ? new Set<number>() : yield* media.existing(bot.slug, named)
    if (named.some((id) => !present.has(id))) {
      return yield* invalid({ media: "Uma das mídias foi apagada deste bot agora mesmo. Tente de novo." })
    }
    const { created, numbers } = yield* writePlans(bot, funnel)
    for (const [key, content] of funnel.messages) yield* messages.put(bot.id, key, withPlans(content, numbers))
    return {
      plans: { created, kept: funnel.plans.length - created },
      messages: funnel.messages.length,
      downsells: yield* writeDownsells(bot, funnel, numbers),
      shots: yield* writeShots(bot, funnel, numbers)
    } satisfies FunnelImported as FunnelImported
  })

  return { prepare, fetched, write }
})

type Numbers = ReadonlyMap<number, number>

const withPlans = (content: MessageContent, plans: Numbers) =>
  renumbered(content, { plans, media: noNumbers }) as MessageContent

const clean = (name: string): string => sanitiseText(name).trim()

const blankNames = (file: FunnelInput): FieldProblems => {
  const blank = (path: string, name: string) => (clean(name) === "" ? [[path, "Não pode ficar vazio."] as const] : [])
  return Object.fromEntries([
    ...file.plans.flatMap(({ name }, index) => blank(`plans.${index}.name`, name)),
    ...file.downsells.flatMap(({ name }, index) => blank(`downsells.${index}.name`, name)),
    ...(file.shots ?? []).flatMap(({ title }, index) => blank(`shots.${index}.title`, title))
  ])
}

/** Rows by their name; of several with one name each is taken once. */
const placesOf = <Row>(rows: ReadonlyArray<Row>, nameOf: (row: Row) => string) => {
  const left = Map.groupBy(rows, nameOf)
  return { take: (name: string): Row | undefined => left.get(name)?.shift() }
}

const isInvalid = (error: unknown): error is AdminError & { readonly reason: { readonly fields: FieldProblems } } =>
  (error as { _tag?: unknown } | null)?._tag === "AdminError" && (error as AdminError).reason._tag === "Invalid"
