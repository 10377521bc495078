import { Context, Effect, Layer, Option } from "effect"
import { BotAdmin } from "../bots/BotAdmin.ts"
import { Bots } from "../bots/Bots.ts"
import { mergeContents } from "../bots/storedContents.ts"
import { invalid, notFound } from "../bots/refusals.ts"
import type { AdminError } from "../domain/admin.ts"
import type { Bot } from "../domain/bot.ts"
import { asLibrary } from "../domain/botMedia.ts"
import type { FunnelFile, FunnelImported } from "../domain/funnelFile.ts"
import { sanitiseText } from "../domain/text.ts"
import * as Log from "../log/Log.ts"
import { DownsellAdmin } from "./DownsellAdmin.ts"
import { mediaNamed, type Numbers, renumbered } from "./renumber.ts"

/** A bot's whole funnel as one JSON, out of one bot and into another. */
export class FunnelTransfer extends Context.Service<
  FunnelTransfer,
  {
    readonly take: (slug: string) => Effect.Effect<FunnelFile, AdminError>
    /**
     * Plans of the same name and price, messages of the same key and downsells of the same name are taken for the same:
     * taking a file in twice changes nothing more. What the bot has beside them stays.
     */
    readonly put: (slug: string, file: FunnelFile) => Effect.Effect<FunnelImported, AdminError>
  }
>()("funil/downsells/FunnelTransfer") {
  static readonly layer = Layer.effect(
    FunnelTransfer,
    Effect.gen(function* () {
      const bots = yield* Bots
      const admin = yield* BotAdmin
      const downsells = yield* DownsellAdmin

      const botOf = Effect.fnUntraced(function* (slug: string) {
        const bot = bots.find(slug)
        if (Option.isSome(bot)) return bot.value
        return yield* notFound(`Não existe um bot com o endereço ${sanitiseText(slug).slice(0, 64)}.`)
      })

      const take = Effect.fn("FunnelTransfer.take")(function* (slug: string) {
        const bot = yield* botOf(slug)
        const plans = yield* admin.plans(slug)
        const offers = yield* downsells.list(slug)
        const start = mergeContents(bot.start)
        const messages = Object.fromEntries(
          [...(start === undefined ? [] : [["start", start] as const]), ...bot.messages].map(([key, content]) => [
            key,
            asLibrary(content, bot.media)
          ])
        )
        const named = new Set(mediaNamed([messages, offers, plans]))
        const media = [...bot.media.values()].flatMap(({ id, kind, sha256 }) =>
          id !== undefined && named.delete(id) ? [{ media_id: id, kind, sha256 }] : []
        )
        return {
          version: 1 as const,
          bot: { slug: bot.slug, name: bot.name, notice: Option.getOrNull(bot.notice) },
          media,
          plans: plans.map(({ created_at: _at, ...plan }) => plan),
          messages,
          downsells: offers.map(
            ({ bot: _bot, counts: _counts, created_at: _at, id: _id, revenue_cents: _cents, sales: _sales, ...rest }) =>
              rest
          )
        }
      })

      /** Files that this bot has as well, by what is in them. */
      const mediaNumbers = Effect.fnUntraced(function* (bot: Bot, file: FunnelFile) {
        const here = new Map(
          [...bot.media.values()].flatMap(({ id, sha256 }) => (id === undefined ? [] : [[sha256, id]]))
        )
        const missing = file.media.flatMap(({ kind, sha256 }, index) =>
          here.has(sha256)
            ? []
            : [
                [
                  `media.${index}`,
                  `Envie antes para este bot a mídia ${index + 1} (${kind}): ela não está aqui.`
                ] as const
              ]
        )
        if (missing.length > 0) return yield* invalid(Object.fromEntries(missing))
        return new Map(file.media.map(({ media_id, sha256 }) => [media_id, here.get(sha256)!]))
      })

      const put = Effect.fn("FunnelTransfer.put")(function* (slug: string, file: FunnelFile) {
        const bot = yield* botOf(slug)
        const media = yield* mediaNumbers(bot, file)
        const planNumbers = new Map<number, number>()
        const numbers: Numbers = { plans: planNumbers, media }
        const known = new Map((yield* admin.plans(slug)).map((plan) => [`${plan.price_cents}:${plan.name}`, plan.id]))
        const created: Array<number> = []
        for (const { delivery: _, id, vip_chat_id, ...plan } of file.plans) {
          const same = known.get(`${plan.price_cents}:${plan.name}`)
          const added = same ?? (yield* admin.addPlan(slug, { ...plan, vip_chat_id })).id
          if (same === undefined) created.push(added)
          planNumbers.set(id, added)
        }
        // Only now: a delivery may offer another plan.
        for (const { delivery, id } of file.plans) {
          if (delivery === null) continue
          yield* admin.patchPlan(slug, planNumbers.get(id)!, { delivery: renumbered(delivery, numbers) })
        }
        for (const [key, content] of Object.entries(file.messages)) {
          yield* admin.putMessage(slug, key, renumbered(content, numbers))
        }
        const there = new Map((yield* downsells.list(slug)).map((one) => [one.name, one.id]))
        let updated = 0
        for (const offer of file.downsells) {
          const input = { ...offer, content: renumbered(offer.content, numbers) }
          const id = there.get(offer.name)
          if (id === undefined) yield* downsells.create(slug, input)
          else yield* downsells.patch(slug, id, input)
          if (id !== undefined) updated += 1
        }
        yield* Log.info(`[BOT] Funil de ${sanitiseText(file.bot.slug).slice(0, 64)} importado no bot ${slug}`, { slug })
        return {
          plans: { created: created.length, kept: file.plans.length - created.length },
          messages: Object.keys(file.messages).length,
          downsells: { created: file.downsells.length - updated, updated }
        }
      })

      return FunnelTransfer.of({ take, put })
    })
  )
}
