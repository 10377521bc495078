import { Context, Effect, Layer, Option, Redacted } from "effect"
import {
  type AdminError,
  type BotInput,
  type BotPatch,
  type BotView,
  type PlanInput,
  type PlanPatch,
  type PlanView
} from "../domain/admin.ts"
import type { MessageContent } from "../domain/content.ts"
import { sanitiseText } from "../domain/text.ts"
import type { PresellContent, TrackingPatch, TrackingView } from "../domain/tracking.ts"
import * as Log from "../log/Log.ts"
import { type BotColumns, type BotRow, BotsRepo } from "../repo/BotsRepo.ts"
import { MediaRepo } from "../repo/MediaRepo.ts"
import { Bots } from "./Bots.ts"
import { viewOfBot } from "./botView.ts"
import { gatewayOf } from "./gateway.ts"
import { makeIdentity } from "./identity.ts"
import { makeMessageAdmin } from "./messageAdmin.ts"
import { makePlanAdmin } from "./planAdmin.ts"
import { makeTrackingAdmin } from "./trackingAdmin.ts"
import { conflict, invalid, notFound, orDefect } from "./refusals.ts"
import { telegramIdOf, TokenVault } from "./TokenVault.ts"
import { Webhooks } from "./Webhooks.ts"

/** What the admin API, the panel and the command line do to bots, plans and messages. In force here when it returns. */
export class BotAdmin extends Context.Service<
  BotAdmin,
  {
    readonly list: Effect.Effect<ReadonlyArray<BotView>>
    readonly get: (slug: string) => Effect.Effect<BotView, AdminError>
    readonly create: (input: BotInput) => Effect.Effect<BotView, AdminError>
    readonly patch: (slug: string, patch: BotPatch) => Effect.Effect<BotView, AdminError>
    readonly plans: (slug: string) => Effect.Effect<ReadonlyArray<PlanView>, AdminError>
    readonly addPlan: (slug: string, input: PlanInput) => Effect.Effect<PlanView, AdminError>
    readonly patchPlan: (slug: string, planId: number, patch: PlanPatch) => Effect.Effect<PlanView, AdminError>
    readonly removePlan: (slug: string, planId: number) => Effect.Effect<void, AdminError>
    readonly message: (slug: string, key: string) => Effect.Effect<MessageContent, AdminError>
    /** `content` is checked here; faults come back as `Invalid` with a path each. */
    readonly putMessage: (slug: string, key: string, content: unknown) => Effect.Effect<MessageContent, AdminError>
    readonly tracking: (slug: string) => Effect.Effect<TrackingView, AdminError>
    readonly patchTracking: (slug: string, patch: TrackingPatch) => Effect.Effect<TrackingView, AdminError>
    readonly presell: (slug: string) => Effect.Effect<PresellContent, AdminError>
    readonly putPresell: (slug: string, content: PresellContent) => Effect.Effect<PresellContent, AdminError>
  }
>()("funil/bots/BotAdmin") {
  static readonly layer = Layer.effect(
    BotAdmin,
    Effect.gen(function* () {
      const bots = yield* Bots
      const repo = yield* BotsRepo
      const media = yield* MediaRepo
      const vault = yield* TokenVault
      const webhooks = yield* Webhooks
      const identify = yield* makeIdentity

      const views = Effect.fnUntraced(function* (rows: ReadonlyArray<BotRow>) {
        const opened = rows.map((row) => ({ row, token: vault.open(row) }))
        const progress = yield* media.progress(
          opened.map(({ row, token }) => ({
            slug: row.slug,
            telegramBotId: Option.getOrUndefined(Option.map(token.token, telegramIdOf))
          }))
        )
        return opened.map(({ row, token }) => viewOfBot(row, token, progress.get(row.slug)))
      })

      const view = (row: BotRow) => Effect.map(views([row]), ([only]) => only!)

      const rowOf = Effect.fnUntraced(function* (slug: string) {
        const [row] = yield* repo.load({ ids: [], slugs: [slug] })
        return row ?? (yield* notFound(`Não existe um bot com o endereço ${sanitiseText(slug).slice(0, 64)}.`))
      })

      /** The bot is there whatever Telegram says now: what it says stands in the view, and is tried again later. */
      const announce = Effect.fnUntraced(function* (botId: number) {
        const bot = Option.getOrUndefined(bots.byId(botId))
        if (bot === undefined) return
        yield* webhooks.ensure(bot).pipe(
          Effect.catch((error) =>
            Log.recovered(`Não consegui registrar o endereço do bot ${bot.slug} no Telegram`, error, {
              slug: bot.slug
            })
          )
        )
      })

      const create = Effect.fn("BotAdmin.create")(function* (input: BotInput) {
        const { slug } = input
        const owner = yield* repo.slugOwner(slug)
        if (Option.isSome(owner)) return yield* slugTaken(slug, owner.value.deleted)
        const { columns, username } = yield* identify(slug, Redacted.make(input.token), 0)
        const id = yield* repo
          .insert(slug, {
            ...columns,
            name: input.name === undefined ? columns.bot_name : sanitiseText(input.name),
            provider: input.gateway,
            gateway_default: input.gateway
          })
          .pipe(Effect.catchReason("SqlError", "UniqueViolation", () => Effect.fail(slugTaken(slug, false))))
        yield* bots.reload(id)
        yield* announce(id)
        yield* Log.info(`[BOT] Bot ${slug} cadastrado: @${username}`, { slug, bot_id: id })
        return yield* view(yield* rowOf(slug))
      }, orDefect)

      const newToken = Effect.fnUntraced(function* (row: BotRow, token: Redacted.Redacted<string>) {
        const { columns, telegramId, username } = yield* identify(row.slug, token, row.id)
        const current = row.telegramBotId ?? Option.getOrUndefined(Option.map(vault.open(row).token, telegramIdOf))
        if (current !== undefined && current !== telegramId) {
          return yield* conflict(
            `Este token é de outro bot do Telegram, @${username}. Cadastre-o com outro endereço, ` +
              `ou envie um token novo do mesmo bot.`
          )
        }
        const gateway = gatewayOf(row)
        return {
          // From now on the row counts as written by us, where both columns say the same.
          provider: gateway,
          gateway_default: gateway,
          ...columns,
          // Whoever knew the old token may have turned the webhook to himself: a new secret, registered anew.
          webhook_secret_token: null,
          webhook_url: null,
          webhook_error: null
        } satisfies BotColumns
      })

      const patch = Effect.fn("BotAdmin.patch")(function* (slug: string, changes: BotPatch) {
        const row = yield* rowOf(slug)
        const { gateway, shots_per_person, shots_per_person_hours, token, ...plain } = changes
        const renewed = token === undefined ? {} : yield* newToken(row, Redacted.make(token))
        const columns: BotColumns = {
          ...plain,
          ...(yield* shotCapOf(row, { shots_per_person, shots_per_person_hours })),
          ...(plain.name === undefined ? {} : { name: sanitiseText(plain.name) }),
          ...(typeof plain.notice === "string" ? { notice: sanitiseText(plain.notice) } : {}),
          ...(plain.active === undefined ? {} : { inactive_reason: null, ...unverified(row) }),
          ...renewed,
          // What stopped it was its old token (BotHealth).
          ...(token !== undefined && plain.active === undefined && isStopped(row)
            ? { active: true, inactive_reason: null }
            : {}),
          ...(gateway === undefined ? {} : { provider: gateway, gateway_default: gateway })
        }
        if (Object.keys(columns).length === 0) return yield* view(row)
        yield* repo.update(row.id, columns)
        yield* bots.reload(row.id)
        yield* announce(row.id)
        yield* Log.info(`[BOT] Bot ${slug} alterado: ${Object.keys(changes).join(", ")}`, { slug, bot_id: row.id })
        return yield* view(yield* rowOf(slug))
      }, orDefect)

      return BotAdmin.of({
        list: Effect.orDie(Effect.flatMap(repo.load(), views)).pipe(Effect.withSpan("BotAdmin.list")),
        get: Effect.fn("BotAdmin.get")((slug: string) => orDefect(Effect.flatMap(rowOf(slug), view))),
        create,
        patch,
        ...(yield* makePlanAdmin(rowOf)),
        ...(yield* makeMessageAdmin(rowOf)),
        ...(yield* makeTrackingAdmin(rowOf))
      })
    })
  )
}

/** Both or neither: a number of shots says nothing without the time that it holds for. */
const shotCapOf = Effect.fnUntraced(function* (row: BotRow, { shots_per_person, shots_per_person_hours }: ShotCap) {
  if (shots_per_person === undefined && shots_per_person_hours === undefined) return {}
  const most = shots_per_person === undefined ? row.shotsPerPerson : shots_per_person
  if (most !== null) {
    const hours = shots_per_person_hours ?? row.shotsPerPersonHours ?? defaultShotCapHours
    return { shots_per_person: most, shots_per_person_hours: hours }
  }
  if (shots_per_person_hours !== undefined) {
    return yield* invalid({
      shots_per_person_hours: "Só vale junto com shots_per_person: quantos disparos por pessoa."
    })
  }
  return { shots_per_person: null, shots_per_person_hours: null }
})

type ShotCap = { readonly [K in "shots_per_person" | "shots_per_person_hours"]: BotPatch[K] | undefined }

const defaultShotCapHours = 24

/** Stopped because Telegram refused its token, not by the seller. */
const isStopped = (row: BotRow) => !row.active && row.tokenStatus === "invalid"

const unverified = (row: BotRow) => (row.tokenStatus === "invalid" ? { token_status: "unverified" } : {})

export const slugTaken = (slug: string, deleted: boolean) =>
  conflict(
    deleted
      ? `O endereço ${slug} é de um bot que foi apagado. Escolha outro.`
      : `Já existe um bot com o endereço ${slug}. Escolha outro.`
  )
