import { Context, Effect, Layer, Option } from "effect"
import type { SqlError } from "effect/sql"
import { Config } from "../config.ts"
import type { Bot, Plan } from "../domain/bot.ts"
import { type BotLibrary, libraryOf, nameOfMedia } from "../domain/botMedia.ts"
import { bindPlans, readStoredContent } from "../domain/legacyContent.ts"
import * as Log from "../log/Log.ts"
import type { BotKeys } from "../repo/botKeys.ts"
import { type BotRow, BotsRepo } from "../repo/BotsRepo.ts"
import { DownsellsRepo } from "../repo/DownsellsRepo.ts"
import { type LibraryRow, MediaRepo } from "../repo/MediaRepo.ts"
import { MessagesRepo } from "../repo/MessagesRepo.ts"
import { type AdoptedPlan, type PlanRow, PlansRepo } from "../repo/PlansRepo.ts"
import { TrackingSettingsRepo } from "../repo/TrackingSettingsRepo.ts"
import {
  defaultExpiryMinutes,
  defaultMaxPixPerHour,
  defaultMessagesPerSecond,
  defaultPaidMessagesPerSecond,
  nameOf
} from "./botView.ts"
import { gatewayOf, secondGatewayOf } from "./gateway.ts"
import { bindContents, type Draft, draftOf, emptyDraft, placeOfKey, plansIn } from "./storedContents.ts"
import { type OpenedToken, telegramIdOf, TokenVault } from "./TokenVault.ts"
import { trackingOf } from "./tracking.ts"

/** A bot as it goes into memory, with the rows it was made of. */
export interface LoadedBot {
  readonly bot: Bot
  readonly row: BotRow
  readonly opened: OpenedToken
  /** Not removed ones, in their order. */
  readonly plans: ReadonlyArray<PlanRow>
}

/** Reads bots from the database, a fixed number of queries for any number of bots. */
export class Catalogue extends Context.Service<
  Catalogue,
  { readonly load: (keys?: BotKeys) => Effect.Effect<ReadonlyArray<LoadedBot>, SqlError.SqlError> }
>()("funil/bots/Catalogue") {
  static readonly layer = Layer.effect(
    Catalogue,
    Effect.gen(function* () {
      const bots = yield* BotsRepo
      const plans = yield* PlansRepo
      const messages = yield* MessagesRepo
      const downsells = yield* DownsellsRepo
      const media = yield* MediaRepo
      const settings = yield* TrackingSettingsRepo
      const vault = yield* TokenVault
      const config = yield* Config

      /** Plans inside old contents get rows, so that a button has an id that survives; answers the rows then there. */
      const adoptPlans = Effect.fnUntraced(function* (drafts: ReadonlyArray<Draft>, known: ReadonlyArray<PlanRow>) {
        const inside = drafts.flatMap(plansIn)
        if (inside.length === 0) return known
        const rows = new Map(
          known.flatMap((plan) =>
            plan.legacyKey === null ? [] : [[placeKey(plan.botId, plan.legacyKey), plan.legacyKey] as const]
          )
        )
        const knownAs = (plan: AdoptedPlan) => rows.get(placeKey(plan.botId, plan.legacyKey))
        const fresh = inside.filter((plan) => knownAs(plan) === undefined)
        const changed = inside.flatMap((plan) => {
          const before = knownAs(plan)
          return before === undefined || before === plan.legacyKey ? [] : [{ plan, knownAs: before }]
        })
        if (fresh.length === 0 && changed.length === 0) return known
        if (fresh.length > 0) yield* plans.adopt(fresh)
        if (changed.length > 0) yield* plans.revise(changed)
        return yield* plans.load({ ids: drafts.map((draft) => draft.row.id), slugs: [] })
      })

      const draft = (...[row, ...rows]: Parameters<typeof draftOf>) =>
        Effect.sync(() => draftOf(row, ...rows)).pipe(
          Effect.tapCause((cause) =>
            Log.error(`[ERRO] As mensagens do bot ${row.slug} não puderam ser lidas: ${Log.detailOf(cause)}`)
          ),
          Effect.catchCause(() => Effect.succeed(emptyDraft(row)))
        )

      const load = Effect.fn("Catalogue.load")(function* (keys?: BotKeys) {
        const [rows, messageRows, planRows, offerRows, downsellRows, mediaRows, trackingRows] = yield* Effect.all(
          [
            bots.load(keys),
            messages.load(keys),
            plans.load(keys),
            messages.offers(keys),
            downsells.load(keys),
            media.library(keys),
            settings.load(keys)
          ],
          { concurrency: "unbounded" }
        )
        const messagesOf = Map.groupBy(messageRows, (row) => row.botId)
        const offersOf = Map.groupBy(offerRows, (row) => row.botId)
        const downsellsOf = Map.groupBy(downsellRows, (row) => row.botId)
        const mediaOf = Map.groupBy(mediaRows, (row) => row.botId)
        const trackingRowOf = new Map(trackingRows.map((row) => [row.botId, row]))
        const drafts = yield* Effect.forEach(rows, (row) =>
          draft(row, messagesOf.get(row.id) ?? [], offersOf.get(row.id) ?? [], downsellsOf.get(row.id) ?? [])
        )
        const plansOf = Map.groupBy(yield* adoptPlans(drafts, planRows), (row) => row.botId)
        return drafts.map((one): LoadedBot => {
          const ofBot = plansOf.get(one.row.id) ?? []
          const opened = vault.open(one.row)
          const library = libraryFrom(mediaOf.get(one.row.id) ?? [], opened)
          const contents = bindContents(one, ofBot, (file) => library.get(nameOfMedia(file))?.fileId)
          const plans = ofBot.filter((plan) => !plan.deleted)
          const tracking = trackingOf(trackingRowOf.get(one.row.id), config, vault)
          const bot = toBot(one.row, opened, { ...contents, media: library, tracking }, ofBot)
          return { bot, row: one.row, opened, plans }
        })
      })

      return Catalogue.of({ load })
    })
  )
}

/** An id counts only for the Telegram bot that got it: a row may have changed its token for another bot's. */
const libraryFrom = (rows: ReadonlyArray<LibraryRow>, opened: OpenedToken): BotLibrary => {
  const telegramId = Option.getOrUndefined(Option.map(opened.token, telegramIdOf))
  return libraryOf(
    rows.map(({ fileId, id, kind, sha256, storedKind, telegramBotId }) => ({
      id: id ?? undefined,
      kind,
      storedKind,
      sha256,
      fileId: telegramBotId === null || telegramBotId === telegramId ? (fileId ?? undefined) : undefined
    }))
  )
}

const placeKey = (botId: number, legacyKey: string) => `${botId}/${placeOfKey(legacyKey)}`

const toBot = (
  row: BotRow,
  opened: OpenedToken,
  contents: Pick<Bot, "start" | "messages" | "offers" | "downsells" | "media" | "tracking">,
  plans: ReadonlyArray<PlanRow>
): Bot => ({
  id: row.id,
  slug: row.slug,
  name: nameOf(row),
  username: Option.fromNullOr(row.botUsername),
  gateway: gatewayOf(row),
  secondGateway: Option.fromNullOr(secondGatewayOf(row)),
  active: row.active && Option.isSome(opened.token),
  token: opened.token,
  webhookSecret: Option.fromNullOr(row.webhookSecret),
  webhookUrl: Option.fromNullOr(row.webhookUrl),
  notice: Option.fromNullOr(row.notice),
  pixExpiresMinutes: row.pixExpiresMinutes ?? defaultExpiryMinutes,
  maxPixPerHour: row.maxPixPerHour ?? defaultMaxPixPerHour,
  messagesPerSecond: row.messagesPerSecond ?? defaultMessagesPerSecond,
  allowPaidBroadcast: row.allowPaidBroadcast,
  paidMessagesPerSecond: row.paidMessagesPerSecond ?? defaultPaidMessagesPerSecond,
  vipChatId: Option.fromNullOr(row.vipChatId),
  withdrawAccess: row.withdrawAccess,
  warmupChatId: Option.fromNullOr(row.warmupChatId),
  ...contents,
  plans: new Map(plans.map((plan) => [plan.id, toPlan(plan)]))
})

const toPlan = (row: PlanRow): Plan => ({
  id: row.id,
  name: row.name,
  priceCents: row.priceCents,
  active: row.active && !row.deleted,
  delivery: deliveryOf(row),
  vipChatId: Option.fromNullOr(row.vipChatId)
})

const deliveryOf = (row: PlanRow) =>
  row.delivery === null
    ? Option.none()
    : Option.fromUndefinedOr(bindPlans(readStoredContent(row.delivery), () => undefined)[0])
