import { Schema } from "effect"
import { DownsellHours } from "./downsellInput.ts"

/** A file of the library, recognisable in another bot's. */
const MediaRef = Schema.Struct({ media_id: Schema.Int, kind: Schema.String, sha256: Schema.String })

const Seconds = Schema.NullOr(Schema.Int)

/**
 * A bot's whole funnel: what it sells and says. Ids are those of the bot it came from; whoever takes it in gives every
 * plan, file and downsell its own. Contents are checked like any other when they are taken in.
 */
export const FunnelFile = Schema.Struct({
  version: Schema.Literals([1]),
  bot: Schema.Struct({ slug: Schema.String, name: Schema.String, notice: Schema.NullOr(Schema.String) }),
  media: Schema.Array(MediaRef),
  plans: Schema.Array(
    Schema.Struct({
      id: Schema.Int,
      name: Schema.String,
      price_cents: Schema.Int,
      active: Schema.Boolean,
      delivery: Schema.NullOr(Schema.Unknown),
      vip_chat_id: Schema.NullOr(Schema.String)
    })
  ),
  messages: Schema.Record(Schema.String, Schema.Unknown),
  downsells: Schema.Array(
    Schema.Struct({
      name: Schema.String,
      trigger: Schema.Literals(["start", "pix"]),
      delay_seconds: Schema.Int,
      content: Schema.Unknown,
      active: Schema.Boolean,
      hours: Schema.NullOr(DownsellHours),
      repeat_after_seconds: Seconds,
      drop_after_seconds: Seconds,
      to_buyers: Schema.Boolean
    })
  )
})
export type FunnelFile = typeof FunnelFile.Type

/** What came in: new ones, and those that were there by the same name and took the new content. */
export const FunnelImported = Schema.Struct({
  plans: Schema.Struct({ created: Schema.Int, kept: Schema.Int }),
  messages: Schema.Int,
  downsells: Schema.Struct({ created: Schema.Int, updated: Schema.Int })
})
export type FunnelImported = typeof FunnelImported.Type
