import { Schema } from "effect"

export const MediaKind = Schema.Literals(["photo", "video", "animation", "audio", "voice", "document", "video_note"])
export type MediaKind = typeof MediaKind.Type

/**
 * A picture, a film or a sound, by what is known of it. `sha256` stands only in rows of the older systems and is
 * resolved through `media_cache`; the API does not take it.
 */
export const Media = Schema.Union([
  Schema.Struct({ media_id: Schema.Int }),
  Schema.Struct({ kind: MediaKind, url: Schema.String }),
  Schema.Struct({ kind: MediaKind, file_id: Schema.String }),
  Schema.Struct({ kind: MediaKind, sha256: Schema.String })
])
export type Media = typeof Media.Type

/** A button does exactly one thing: offer a plan (at its own price, when it has one), open a link, copy a text. */
export const Button = Schema.Union([
  Schema.Struct({ text: Schema.String, plan_id: Schema.Int, price_cents: Schema.optionalKey(Schema.Int) }),
  Schema.Struct({ text: Schema.String, url: Schema.String }),
  Schema.Struct({ text: Schema.String, copy_text: Schema.String })
])
export type Button = typeof Button.Type

/** How a message looks beyond its words; every key may be absent. */
const presentation = {
  /** Several media: together, or one message each. */
  layout: Schema.optionalKey(Schema.Literals(["album", "separate"])),
  /** Where the text stands when one media carries it; `none`: always as a message of its own. */
  caption: Schema.optionalKey(Schema.Literals(["above", "below", "none"])),
  spoiler: Schema.optionalKey(Schema.Boolean),
  protect: Schema.optionalKey(Schema.Boolean),
  /** Telegram's preview of the first link; on unless false. */
  preview: Schema.optionalKey(Schema.Boolean),
  /** A last button by which the person stops downsells and shots, as /parar does. */
  opt_out: Schema.optionalKey(Schema.Boolean)
}

/** One message as a seller composes it (contract, section 4), as it is stored and held in memory. */
export const MessageContent = Schema.Struct({
  text: Schema.optionalKey(Schema.String),
  media: Schema.optionalKey(Schema.Array(Media)),
  buttons: Schema.optionalKey(Schema.Array(Schema.Array(Button))),
  ...presentation
})
export type MessageContent = typeof MessageContent.Type

/**
 * Whether a message really offers a plan at this price. A tap's data comes from the client, so a price of its own
 * counts only where our content shows it.
 */
export const offersPlan = (content: MessageContent, planId: number, priceCents: number): boolean =>
  (content.buttons ?? []).some((row) =>
    row.some((button) => "plan_id" in button && button.plan_id === planId && button.price_cents === priceCents)
  )
