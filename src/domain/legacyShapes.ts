import { Predicate, Result } from "effect"
import { type Button, checkMessageContent, type Media } from "./content.ts"
import { repairHtml } from "./html.ts"
import { readMedia, unresolvedOf } from "./legacyMedia.ts"
import type { PositionButton, StoredContent, StoredOptions, UnboundContent } from "./legacyModel.ts"
import { type LegacyPlan, readPlans } from "./legacyPlans.ts"
import { literalToHtml, rawToHtml } from "./legacyText.ts"
import { isBlank, sanitiseText } from "./text.ts"

/** A content column's object, whatever is in it. */
export type Row = Readonly<Record<string, unknown>>

const v2Keys = ["parse_mode", "raw", "disable_web_page_preview", "file_id", "r2_key"]
const v3Keys = [
  "messages",
  "medias",
  "media_ids",
  "plans",
  "media_mode",
  "attach_text_as_caption",
  "plan_layout",
  "plan_columns"
]
const has = (row: Row, keys: ReadonlyArray<string>): boolean => keys.some((key) => key in row)

/** Rows of buttons are ours; the older systems had one list of them. */
export const isV3 = (row: Row): boolean =>
  has(row, v3Keys) || (Array.isArray(row["buttons"]) && row["buttons"].some(Predicate.isObject))

export const isV2 = (row: Row): boolean => has(row, v2Keys) || Predicate.isObject(row["media"])

/** One message with its media; `raw` tells whether the text was written in its parse mode or meant literally. */
export const fromV2 = (row: Row, options: StoredOptions): StoredContent => {
  const words = [row["text"], row["caption"]].filter(Predicate.isString).find((text) => !isBlank(text)) ?? ""
  const text = row["raw"] === true ? rawToHtml(words, row["parse_mode"] ?? options.parseMode) : literalToHtml(words)
  const inside = readMedia(row["media"] ?? (row["file_id"] === undefined ? [] : { kind: "photo", ...row }))
  const media = inside.length > 0 ? inside : readMedia(options.mediaRefs)
  const look = row["disable_web_page_preview"] === false ? {} : { preview: false }
  return stored(inThrees(media, text === "" ? [] : [{ text, ...look }], {}), [])
}

/** Media first, then one message per text, the plans under the last; always literal text. */
export const fromV3 = (row: Row, options: StoredOptions): StoredContent => {
  const plans = readPlans(row["plans"])
  const inside = readMedia(row["medias"] ?? [])
  const media = inside.length > 0 ? inside : readMedia(options.mediaRefs)
  const buttons = [...planRows(plans, options.planList === true ? 1 : columnsOf(row)), ...linkRows(row["buttons"])]
  const written = textsOf(row)
    .map(literalToHtml)
    .filter((text) => text !== "")
  const texts = written.length === 0 && plans.length > 0 ? ["Escolha um plano"] : written
  const look: UnboundContent = {
    ...(row["media_mode"] === "single" ? { layout: "separate" } : {}),
    ...(row["attach_text_as_caption"] === true ? {} : { caption: "none" })
  }
  const contents = inThrees(
    media,
    texts.map((text) => ({ text })),
    look
  )
  return stored(underLast(contents, buttons), plans)
}

/** Our own message with something in it that we would not have accepted: whatever is sound is kept. */
export const fromOwn = (row: Row, options: StoredOptions): StoredContent => {
  const text = Predicate.isString(row["text"]) ? repairHtml(sanitiseText(row["text"])) : ""
  const media = "media" in row ? listOf(row["media"]).flatMap((one) => soundMedia(one)) : readMedia(options.mediaRefs)
  const look: UnboundContent = Object.assign({}, ...presentationKeys.map((key) => soundLook(key, row[key])))
  const contents = inThrees(media, isBlank(text) ? [] : [Object.assign({ text }, look)], look)
  return stored(
    underLast(
      contents,
      listOf(row["buttons"]).map((buttons) => listOf(buttons).flatMap(soundButton))
    ),
    []
  )
}

export const stored = (contents: ReadonlyArray<UnboundContent>, plans: ReadonlyArray<LegacyPlan>): StoredContent => ({
  contents,
  plans,
  unresolvedMedia: unresolvedOf(contents.flatMap((content) => content.media ?? []))
})

const listOf = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [])

const presentationKeys = ["layout", "caption", "spoiler", "protect", "preview"] as const

const sound = (part: Row) => Result.getOrElse(checkMessageContent({ text: "-", ...part }), () => undefined)
const soundLook = (key: (typeof presentationKeys)[number], value: unknown): object => {
  const found = sound({ [key]: value })?.[key]
  return found === undefined ? {} : { [key]: found }
}
const soundButton = (button: unknown): ReadonlyArray<Button> => sound({ buttons: [[button]] })?.buttons?.flat() ?? []
const soundMedia = (media: unknown): ReadonlyArray<Media> => sound({ media: [media] })?.media ?? readMedia(media)

const textsOf = (row: Row): ReadonlyArray<string> => {
  const messages = listOf(row["messages"])
  return (messages.length > 0 ? messages : [row["text"]])
    .map((message) => (Predicate.hasProperty(message, "text") ? message.text : message))
    .filter(Predicate.isString)
}

const columnsOf = (row: Row): number => {
  if ((row["plan_layout"] ?? row["planLayout"]) === "list") return 1
  const columns = row["plan_columns"] ?? row["planColumns"]
  return columns === 3 || columns === "3" ? 3 : 2
}

const chunksOf = <A>(list: ReadonlyArray<A>, size: number): ReadonlyArray<ReadonlyArray<A>> =>
  Array.from({ length: Math.ceil(list.length / size) }, (_, at) => list.slice(at * size, (at + 1) * size))

/** Name and price come from the plan at sending time, as V3 wrote them: `Mensal — R$ 9,90`. */
const planRows = (plans: ReadonlyArray<LegacyPlan>, columns: number): ReadonlyArray<ReadonlyArray<PositionButton>> =>
  chunksOf(
    plans.map(({ position }) => ({ text: "{plano} — {valor}", plan_position: position })),
    columns
  )

/** Of the old free buttons only links still lead anywhere. */
const linkRows = (buttons: unknown): ReadonlyArray<ReadonlyArray<Button>> =>
  listOf(buttons)
    .flat()
    .flatMap(soundButton)
    .filter((button) => "url" in button)
    .map((button) => [button])

const underLast = (
  contents: ReadonlyArray<UnboundContent>,
  buttons: ReadonlyArray<ReadonlyArray<Button | PositionButton>>
): ReadonlyArray<UnboundContent> => {
  const rows = buttons.filter((row) => row.length > 0)
  const last = contents.at(-1)
  return last === undefined || rows.length === 0 ? contents : [...contents.slice(0, -1), { ...last, buttons: rows }]
}

const maxMedia = 3

/** At most three media per message: those too many go ahead, the last three with the first text. */
const inThrees = (
  media: ReadonlyArray<Media>,
  texts: ReadonlyArray<UnboundContent>,
  look: UnboundContent
): ReadonlyArray<UnboundContent> => {
  const groups = chunksOf(media, maxMedia)
  const last = groups.at(-1)
  if (last === undefined) return texts
  const [head, ...rest] = texts
  const ahead = groups.slice(0, -1).map((group) => Object.assign({ media: group }, look))
  return [...ahead, { ...head, ...look, media: last }, ...rest]
}
