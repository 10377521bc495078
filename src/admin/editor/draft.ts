import { Option, Schema } from "effect"
import type { FieldProblems } from "../../domain/admin.ts"
import { Media, type MessageContent } from "../../domain/content.ts"
import { centsOf, reais } from "../format.ts"

export interface DraftButton {
  readonly text: string
  readonly kind: "plan" | "url" | "copy"
  readonly plan: string
  readonly price: string
  readonly value: string
  /** Beside the one before it, not under it. */
  readonly beside: boolean
}

/** A message while it is being written: what stands in the form, valid or not. */
export interface Draft {
  readonly text: string
  readonly media: ReadonlyArray<Media>
  readonly buttons: ReadonlyArray<DraftButton>
  readonly layout: string
  readonly caption: string
  readonly flags: Readonly<Record<Flag, boolean>>
}

export const flags = ["spoiler", "protect", "preview", "opt_out"] as const
export type Flag = (typeof flags)[number]

const noButton: DraftButton = { text: "", kind: "plan", plan: "", price: "", value: "", beside: false }

export const draftOf = (content: MessageContent): Draft => ({
  text: content.text ?? "",
  media: content.media ?? [],
  buttons: (content.buttons ?? []).flatMap((row) =>
    row.map((button, column): DraftButton => {
      const own = { ...noButton, text: button.text, beside: column > 0 }
      if ("url" in button) return { ...own, kind: "url", value: button.url }
      if ("copy_text" in button) return { ...own, kind: "copy", value: button.copy_text }
      const price = button.price_cents === undefined ? "" : reais(button.price_cents)
      return { ...own, plan: String(button.plan_id), price }
    })
  ),
  layout: content.layout ?? "album",
  caption: content.caption ?? "below",
  flags: {
    spoiler: content.spoiler === true,
    protect: content.protect === true,
    preview: content.preview !== false,
    opt_out: content.opt_out === true
  }
})

const decodeMedia = Schema.decodeUnknownOption(Schema.fromJsonString(Media))

export const draftOfForm = (form: URLSearchParams): Draft => {
  const text = (name: string) => form.get(name) ?? ""
  const kindOf = (word: string) => (word === "url" || word === "copy" ? word : "plan")
  const count = Math.min(Number(form.get("buttons")) || 0, 100)
  return {
    // A browser sends every line break of a text area as two characters.
    text: text("text").replaceAll("\r\n", "\n"),
    media: form.getAll("media").flatMap((json) => Option.toArray(decodeMedia(json))),
    buttons: Array.from({ length: count }, (_, at) => ({
      text: text(`b${at}.text`),
      kind: kindOf(text(`b${at}.kind`)),
      plan: text(`b${at}.plan`),
      price: text(`b${at}.price`),
      value: text(`b${at}.value`),
      beside: form.has(`b${at}.beside`)
    })),
    layout: text("layout"),
    caption: text("caption"),
    flags: {
      spoiler: form.has("spoiler"),
      protect: form.has("protect"),
      preview: form.has("preview"),
      opt_out: form.has("opt_out")
    }
  }
}

/** What a button of the form besides "Salvar" does to the draft. */
export const applied = (draft: Draft, op: string): Draft => {
  const [, what = "", name = "", given = ""] = /^(media|button)-(add|remove|up)-?(\d*)$/.exec(op) ?? []
  const at = Number(given)
  if (what === "media" && name === "add") return { ...draft, media: [...draft.media, { media_id: at }] }
  if (what === "media" && name === "remove") return { ...draft, media: draft.media.toSpliced(at, 1) }
  if (what === "media" && name === "up") return { ...draft, media: raised(draft.media, at) }
  if (what === "button" && name === "add") return { ...draft, buttons: [...draft.buttons, noButton] }
  if (what === "button" && name === "remove") return { ...draft, buttons: draft.buttons.toSpliced(at, 1) }
  if (what === "button" && name === "up") return { ...draft, buttons: raised(draft.buttons, at) }
  return draft
}

const raised = <A>(list: ReadonlyArray<A>, at: number): ReadonlyArray<A> =>
  at < 1 || at >= list.length ? list : list.toSpliced(at - 1, 2, list[at]!, list[at - 1]!)

/** Row and column of each button. */
const placesOf = (buttons: ReadonlyArray<DraftButton>): ReadonlyArray<readonly [row: number, column: number]> => {
  let row = -1
  let column = 0
  return buttons.map((button) => {
    if (row >= 0 && button.beside) column++
    else [row, column] = [row + 1, 0]
    return [row, column] as const
  })
}

/** The draft as the admin API would be sent it; it is judged there. */
export const contentOf = (draft: Draft): unknown => {
  const rows: Array<Array<unknown>> = []
  for (const [index, [row]] of placesOf(draft.buttons).entries()) {
    ;(rows[row] ??= []).push(buttonOf(draft.buttons[index]!))
  }
  return {
    text: draft.text,
    media: draft.media,
    buttons: rows,
    ...(draft.layout === "separate" ? { layout: "separate" } : {}),
    ...(draft.caption === "above" || draft.caption === "none" ? { caption: draft.caption } : {}),
    ...(draft.flags.spoiler ? { spoiler: true } : {}),
    ...(draft.flags.protect ? { protect: true } : {}),
    ...(draft.flags.preview ? {} : { preview: false }),
    ...(draft.flags.opt_out ? { opt_out: true } : {})
  }
}

const buttonOf = ({ kind, plan, price, text, value }: DraftButton): unknown => {
  if (kind === "url") return { text, url: value.trim() }
  if (kind === "copy") return { text, copy_text: value }
  return {
    text,
    ...(plan === "" ? {} : { plan_id: Number(plan) }),
    // What is no price is refused by its rule: 1 centavo or more.
    ...(price.trim() === "" ? {} : { price_cents: centsOf(price) ?? 0 })
  }
}

/** Faults by the names of the form's fields: `buttons.1.0.url` belongs to the third button's value. */
export const faultsOfDraft = (draft: Draft, faults: FieldProblems): FieldProblems => {
  const places = placesOf(draft.buttons)
  return Object.fromEntries(
    Object.entries(faults).map(([path, words]) => {
      const [, row, column, key = ""] = /^buttons\.(\d+)\.(\d+)\.?(\w*)$/.exec(path) ?? []
      if (row === undefined) return [path.replace(/^(media\.\d+).*$/, "$1"), words] as const
      const at = places.findIndex(([r, c]) => r === Number(row) && c === Number(column))
      const name = fieldNames[key] ?? (draft.buttons[at]?.kind === "plan" ? "plan" : "value")
      return [`b${at}.${name}`, key === "" ? unchosen : words] as const
    })
  )
}

const unchosen = "Escolha o que este botão faz."
const fieldNames: Readonly<Record<string, string>> = {
  text: "text",
  plan_id: "plan",
  price_cents: "price",
  url: "value",
  copy_text: "value"
}
