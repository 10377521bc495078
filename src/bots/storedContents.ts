import type { Media, MessageContent } from "../domain/content.ts"
import type { Downsell } from "../domain/downsell.ts"
import {
  bindPlans,
  readMessageRows,
  readStartMessage,
  readStoredContent,
  type StoredContent,
  type UnresolvedMedia
} from "../domain/legacyContent.ts"
import type { BotRow } from "../repo/BotsRepo.ts"
import { type DownsellRow, downsellOf } from "../repo/downsells/row.ts"
import type { MessageRow, OfferRow } from "../repo/MessagesRepo.ts"
import type { AdoptedPlan, PlanRow } from "../repo/PlansRepo.ts"

/** One stored content: what it says, and a name by which plans inside it are found again. */
interface Part {
  readonly source: string
  readonly stored: StoredContent
}

/** A bot's contents as they are stored, whichever system wrote them, before plans and media are looked up. */
export interface Draft {
  readonly row: BotRow
  readonly start: ReadonlyArray<Part>
  readonly messages: ReadonlyMap<string, Part>
  readonly offers: ReadonlyArray<Part>
  readonly downsells: ReadonlyArray<{ readonly row: DownsellRow; readonly part: Part }>
}

/**
 * The /start, from where the youngest system keeps it: a row of its own (Funil, V3), else V2's `bots.start_message`,
 * else V2's rows in their order. An inactive or empty source gives way to the next.
 */
export const draftOf = (
  row: BotRow,
  rows: ReadonlyArray<MessageRow>,
  offers: ReadonlyArray<OfferRow>,
  downsells: ReadonlyArray<DownsellRow>
): Draft => {
  const messages = new Map<string, Part>()
  for (const message of rows) {
    // The newest of each key comes first.
    if (!message.v2 && !messages.has(message.key)) messages.set(message.key, partOf(message))
  }
  const own = messages.get("start")
  messages.delete("start")
  const startMessage = { source: "start", stored: readStartMessage(row.startMessage, row.startMediaRefs) }
  const v2Rows = rows.filter((message) => message.v2).map(partOf)
  const sources = [own === undefined ? [] : [own], row.startMessage === null ? [] : [startMessage], v2Rows]
  return {
    row,
    start: sources.find((parts) => parts.some((part) => part.stored.contents.length > 0)) ?? [],
    messages,
    offers: offers.map(({ content }, index) => ({ source: `offer:${index}`, stored: readStoredContent(content) })),
    downsells: downsells.map((downsell) => ({ row: downsell, part: downsellPart(downsell) }))
  }
}

/** A bot whose stored contents cannot be read at all still exists. */
export const emptyDraft = (row: BotRow): Draft => ({
  row,
  start: [],
  messages: new Map(),
  offers: [],
  downsells: []
})

const downsellPart = ({ content, id, mediaRefs }: DownsellRow): Part => ({
  source: `downsell:${id}`,
  stored: readStoredContent(content, { mediaRefs, planList: true })
})

const partOf = (message: MessageRow): Part => ({
  source: `message:${message.id}`,
  stored: readMessageRows([
    { content: message.content, media_sha256: message.mediaSha256, media_kind: message.mediaKind }
  ])
})

const partsOf = (draft: Draft): ReadonlyArray<Part> => [
  ...draft.start,
  ...draft.messages.values(),
  ...draft.downsells.map(({ part }) => part)
]

/**
 * Plans inside old contents, as rows of `bot_plans`. The key says where the plan stands and, behind the `#`, what it
 * said there when it was read last: only when that changes does the row follow, so that a price changed in `bot_plans`
 * is not turned back.
 */
export const plansIn = (draft: Draft): ReadonlyArray<AdoptedPlan> =>
  partsOf(draft).flatMap((part) =>
    part.stored.plans.map((plan) => ({
      botId: draft.row.id,
      legacyKey: `${placeOf(part, plan.position)}${plan.priceCents}:${plan.name}`,
      name: plan.name,
      priceCents: plan.priceCents,
      position: plan.position
    }))
  )

const placeOf = (part: Part, position: number): string => `${part.source}:${position}#`

/** The part of a legacy key that stays when the old content changes its price. */
export const placeOfKey = (legacyKey: string): string => legacyKey.slice(0, legacyKey.indexOf("#") + 1)

export interface BoundContents {
  readonly start: ReadonlyArray<MessageContent>
  readonly messages: ReadonlyMap<string, MessageContent>
  readonly offers: ReadonlyArray<MessageContent>
  readonly downsells: ReadonlyMap<number, Downsell>
}

/** The contents with plan ids instead of places, and a `file_id` wherever `fileIdOf` knows one. */
export const bindContents = (draft: Draft, plans: ReadonlyArray<PlanRow>, fileIdOf: FileIdOf): BoundContents => {
  const adopted = new Map(
    plans.flatMap((plan) =>
      plan.legacyKey === null || plan.deleted ? [] : [[placeOfKey(plan.legacyKey), plan.id] as const]
    )
  )
  const bind = (part: Part): ReadonlyArray<MessageContent> =>
    bindPlans(part.stored, (position) => {
      const planId = adopted.get(placeOf(part, position))
      return planId === undefined ? undefined : { planId }
    }).map((content) => withFileIds(content, fileIdOf))
  const messages = [...draft.messages].flatMap(([key, part]) => {
    const content = mergeContents(bind(part))
    return content === undefined ? [] : [[key, content] as const]
  })
  const downsells = draft.downsells.map(({ part, row }) => [row.id, downsellOf(row, bind(part))] as const)
  return {
    start: draft.start.flatMap(bind),
    messages: new Map(messages),
    offers: draft.offers.flatMap(bind),
    downsells: new Map(downsells)
  }
}

type FileIdOf = (media: UnresolvedMedia) => string | undefined

const withFileIds = ({ media, ...content }: MessageContent, fileIdOf: FileIdOf): MessageContent =>
  media === undefined ? content : { ...content, media: media.map((one) => withFileId(one, fileIdOf)) }

const withFileId = (media: Media, fileIdOf: FileIdOf): Media => {
  if (!("sha256" in media)) return media
  const fileId = fileIdOf(media)
  return fileId === undefined ? media : { kind: media.kind, file_id: fileId }
}

/** Several old messages as the one that the admin API and every key but `start` know. */
export const mergeContents = (contents: ReadonlyArray<MessageContent>): MessageContent | undefined => {
  const [first, ...rest] = contents
  if (first === undefined || rest.length === 0) return first
  const text = contents.flatMap((content) => content.text ?? []).join("\n\n")
  const media = contents.flatMap((content) => content.media ?? [])
  const buttons = contents.flatMap((content) => content.buttons ?? [])
  return {
    ...first,
    ...(text === "" ? {} : { text }),
    ...(media.length === 0 ? {} : { media }),
    ...(buttons.length === 0 ? {} : { buttons })
  }
}
