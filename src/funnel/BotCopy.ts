import { Context, Effect, Layer } from "effect"
import { BotAdmin, slugTaken } from "../bots/BotAdmin.ts"
import { Bots } from "../bots/Bots.ts"
import { nameOf } from "../bots/botView.ts"
import { gatewayOf, secondGatewayOf } from "../bots/gateway.ts"
import { conflict, notFound, orDefect, upstream } from "../bots/refusals.ts"
import type { AdminError, BotCopyInput, BotView } from "../domain/admin.ts"
import type { FunnelFile } from "../domain/funnelFile.ts"
import { sanitiseText } from "../domain/text.ts"
import * as Log from "../log/Log.ts"
import { makeFileCopy } from "../media/copyFile.ts"
import { isMissing } from "../media/MediaStoreError.ts"
import { type BotRow, BotsRepo } from "../repo/BotsRepo.ts"
import { type FileRow, MediaRepo } from "../repo/MediaRepo.ts"
import { TrackingSettingsRepo } from "../repo/TrackingSettingsRepo.ts"
import { FunnelTransfer } from "./FunnelTransfer.ts"
import { makeFunnelWriting } from "./writing.ts"

/** A second bot like the first: its settings, tracking, funnel and files. Not its token, its people, its warm-up chat. */
export class BotCopy extends Context.Service<
  BotCopy,
  {
    /** All of it or nothing. Without a token the copy answers nobody until it gets one. */
    readonly copy: (slug: string, input: BotCopyInput) => Effect.Effect<BotView, AdminError>
  }
>()("funil/funnel/BotCopy") {
  static readonly layer = Layer.effect(
    BotCopy,
    Effect.gen(function* () {
      const admin = yield* BotAdmin
      const bots = yield* Bots
      const repo = yield* BotsRepo
      const media = yield* MediaRepo
      const tracking = yield* TrackingSettingsRepo
      const transfer = yield* FunnelTransfer
      const copyFile = yield* makeFileCopy
      const writing = yield* makeFunnelWriting

      const bytesOf = Effect.fnUntraced(function* (slug: string, id: number, toSlug: string) {
        const file = yield* media.find(slug, id)
        if (file._tag === "None") return yield* gone(slug, id)
        const key = yield* copyFile(file.value, toSlug).pipe(
          Effect.catchTags({
            MediaStoreError: (error) =>
              isMissing(error)
                ? gone(slug, id)
                : upstream(`Não consegui copiar a mídia ${id}: ${error.message}. Tente de novo em instantes.`),
            SpoolError: () =>
              upstream(`Não consegui copiar a mídia ${id}: faltou espaço, ou a leitura dela parou. Tente de novo.`)
          })
        )
        return { id, key } satisfies Pick<FileRow, "id" | "key">
      })

      const copy = Effect.fn("BotCopy.copy")(function* (slug: string, input: BotCopyInput) {
        const [row] = yield* repo.load({ ids: [], slugs: [slug] })
        if (row === undefined) {
          return yield* notFound(`Não existe um bot com o endereço ${sanitiseText(slug).slice(0, 64)}.`)
        }
        const owner = yield* repo.slugOwner(input.slug)
        if (owner._tag === "Some") return yield* slugTaken(input.slug, owner.value.deleted)
        const file = yield* transfer.take(slug)
        // The long way first and without a transaction; bytes that stay behind cost space, nothing else.
        const files = yield* Effect.forEach(file.media, ({ media_id }) => bytesOf(slug, media_id, input.slug), {
          concurrency: 2
        })
        const id = yield* Effect.gen(function* () {
          const made = yield* repo.insert(input.slug, columnsOf(row, input))
          yield* tracking.copy(row.id, made)
          const target = { id: made, slug: input.slug }
          const numbers = files.length === 0 ? new Map() : yield* media.copy(slug, input.slug, files)
          yield* writing.write(target, yield* writing.prepare(target, file, numbers))
          return made
        }).pipe(
          repo.locked(row.id),
          Effect.catchReason("SqlError", "UniqueViolation", () => Effect.fail(slugTaken(input.slug, false)))
        )
        yield* bots.reload(id)
        yield* Log.info(`[BOT] Bot ${input.slug} copiado de ${slug}: ${wordsOf(file)}; falta o token`, {
          slug: input.slug,
          bot_id: id
        })
        return yield* admin.get(input.slug)
      }, orDefect)

      return BotCopy.of({ copy })
    })
  )
}

const gone = (slug: string, id: number) =>
  conflict(
    `A mídia ${id} do bot ${slug} não está mais guardada e não pode ser copiada. ` +
      "Envie-a de novo, ou tire-a das mensagens dele."
  )

/** The warm-up chat knows the first bot only; who may enter the VIP group is told by its own number. */
const columnsOf = (row: BotRow, { name }: BotCopyInput) => {
  const gateway = gatewayOf(row)
  return {
    name: sanitiseText(name ?? `${nameOf(row)} (cópia)`).slice(0, 200),
    provider: gateway,
    gateway_default: gateway,
    second_gateway: secondGatewayOf(row),
    messages_per_second: row.messagesPerSecond,
    allow_paid_broadcast: row.allowPaidBroadcast,
    paid_messages_per_second: row.paidMessagesPerSecond,
    pix_expires_minutes: row.pixExpiresMinutes,
    max_pix_per_hour: row.maxPixPerHour,
    shots_per_person: row.shotsPerPerson,
    shots_per_person_hours: row.shotsPerPersonHours,
    time_zone: row.timeZone,
    vip_chat_id: row.vipChatId,
    withdraw_access: row.withdrawAccess,
    notice: row.notice
  }
}

const wordsOf = ({ downsells, media, messages, plans, shots }: FunnelFile): string =>
  `${plans.length} planos, ${Object.keys(messages).length} mensagens, ${downsells.length} downsells, ` +
  `${shots.length} disparos como rascunho, ${media.length} mídias`
