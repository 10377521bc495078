import { Predicate, Result } from "effect"
import { type Button, checkMessageContent, type MessageContent } from "./content.ts"
import { readMedia } from "./legacyMedia.ts"
import type { PositionButton, StoredContent, StoredOptions, UnboundContent } from "./legacyModel.ts"
import { fromOwn, fromV2, fromV3, isV2, isV3, type Row, stored } from "./legacyShapes.ts"

export type { UnresolvedMedia } from "./legacyMedia.ts"
export type { PositionButton, StoredContent, StoredOptions, UnboundContent } from "./legacyModel.ts"
export type { LegacyPlan } from "./legacyPlans.ts"

const nothing: StoredContent = { contents: [], plans: [], unresolvedMedia: [] }

/** Reads any `content` column: our own message, V2's object, V3's row, its old forms, a bare string. Never fails. */
export const readStoredContent = (content: unknown, options: StoredOptions = {}): StoredContent => {
  if (Predicate.isString(content)) {
    const parsed = parseJson(content)
    return Predicate.isObject(parsed) ? readStoredContent(parsed, options) : fromV3({ messages: [content] }, options)
  }
  if (Array.isArray(content)) return fromV3({ messages: content }, options)
  const row: Row = Predicate.isObject(content) ? { ...content } : {}
  if (isV3(row)) return fromV3(row, options)
  if (isV2(row)) return fromV2(row, options)
  const own = checkMessageContent(row)
  // Media in the column beside belong to a text that V2 wrote and somebody shortened to our form.
  const inside = Result.isSuccess(own) && (own.success.media !== undefined || readMedia(options.mediaRefs).length === 0)
  return inside ? stored([own.success], []) : fromOwn(row, options)
}

/** V2's `bots.start_message` with its two places for media; nothing when it was switched off. */
export const readStartMessage = (startMessage: unknown, startMediaRefs?: unknown): StoredContent => {
  const row: Row = Predicate.isObject(startMessage) ? { ...startMessage } : { message: startMessage }
  if (row["active"] === false) return nothing
  const mediaRefs = readMedia(startMediaRefs).length > 0 ? startMediaRefs : row["start_media_refs"]
  return readStoredContent("message" in row ? row["message"] : row, { mediaRefs })
}

export interface MessageRow {
  readonly content: unknown
  readonly media_sha256?: unknown
  readonly media_kind?: unknown
}

/** Rows of `bot_messages` in their order: one message each in V2, one row with all of them in V3. */
export const readMessageRows = (rows: ReadonlyArray<MessageRow>): StoredContent =>
  rows.reduce<StoredContent>((before, row) => {
    const mediaRefs = [{ kind: row.media_kind, sha256: row.media_sha256 }]
    return append(before, readStoredContent(row.content, { mediaRefs }))
  }, nothing)

/** What the button of a plan at some position becomes; with a price of its own when it differs from the plan's. */
export interface BoundPlan {
  readonly planId: number
  readonly priceCents?: number
}

/** Puts plan ids in the place of positions; the button of a plan that has none is left out. */
export const bindPlans = (
  { contents }: Pick<StoredContent, "contents">,
  planAt: (position: number) => BoundPlan | undefined
): ReadonlyArray<MessageContent> =>
  contents.map(({ buttons, ...content }) => {
    const rows = eachButton(buttons ?? [], (button): ReadonlyArray<Button> =>
      "plan_position" in button ? bind(button, planAt(button.plan_position)) : [button]
    )
    return rows.length === 0 ? content : Object.assign({}, content, { buttons: rows })
  })

const bind = ({ text }: PositionButton, plan: BoundPlan | undefined): ReadonlyArray<Button> => {
  if (plan === undefined) return []
  const { planId: plan_id, priceCents: price_cents } = plan
  return [price_cents === undefined ? { text, plan_id } : { text, plan_id, price_cents }]
}

const eachButton = <A>(
  rows: ReadonlyArray<ReadonlyArray<Button | PositionButton>>,
  change: (button: Button | PositionButton) => ReadonlyArray<A>
): ReadonlyArray<ReadonlyArray<A>> => rows.map((row) => row.flatMap(change)).filter((row) => row.length > 0)

/** Two rows with plans keep their places apart: the second row's go on counting. */
const append = (before: StoredContent, next: StoredContent): StoredContent => {
  const offset = Math.max(0, ...before.plans.map((plan) => plan.position))
  const moved = (button: Button | PositionButton) => [
    "plan_position" in button ? { ...button, plan_position: button.plan_position + offset } : button
  ]
  const shift = (content: UnboundContent): UnboundContent =>
    content.buttons === undefined ? content : { ...content, buttons: eachButton(content.buttons, moved) }
  return {
    contents: [...before.contents, ...next.contents.map(shift)],
    plans: [
      ...before.plans,
      ...next.plans.map((plan) => Object.assign({}, plan, { position: plan.position + offset }))
    ],
    unresolvedMedia: [...before.unresolvedMedia, ...next.unresolvedMedia]
  }
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
