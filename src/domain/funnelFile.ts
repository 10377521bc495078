import { Schema } from "effect"
import { DownsellHours, DownsellInput } from "./downsellInput.ts"
import { PlanInput } from "./admin.ts"
import { ShotFilters, ShotInput } from "./shot.ts"
import { MediaKind } from "./contentModel.ts"

/** A file of the library, recognisable in another bot's. */
const MediaRef = Schema.Struct({ media_id: Schema.Int, kind: MediaKind, sha256: Schema.String })

const Seconds = Schema.NullOr(Schema.Int)

const head = {
  version: Schema.Literals([1]),
  bot: Schema.Struct({ slug: Schema.String, name: Schema.String, notice: Schema.NullOr(Schema.String) }),
  media: Schema.Array(MediaRef),
  messages: Schema.Record(Schema.String, Schema.Unknown)
}

/**
 * A bot's whole funnel: what it sells and says. Ids are those of the bot it came from; whoever takes it in gives every
 * plan, file, downsell and shot its own. Contents are checked like any other when they are taken in.
 */
export const FunnelFile = Schema.Struct({
  ...head,
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
  ),
  shots: Schema.Array(
    Schema.Struct({
      title: Schema.String,
      content: Schema.Unknown,
      filters: ShotFilters,
      error_limit_percent: Schema.Int,
      valid_hours: Schema.NullOr(Schema.Int)
    })
  )
})
export type FunnelFile = typeof FunnelFile.Type

const { error_limit_percent, filters, title, valid_hours } = ShotInput.fields

/** What may be taken in: what the single calls would take. Files from before shots were in them have none. */
export const FunnelInput = Schema.Struct({
  ...head,
  plans: Schema.Array(Schema.Struct({ ...PlanInput.fields, id: Schema.Int })),
  downsells: Schema.Array(DownsellInput),
  shots: Schema.optionalKey(
    Schema.Array(Schema.Struct({ title, content: Schema.Unknown, filters, error_limit_percent, valid_hours }))
  )
})
export type FunnelInput = typeof FunnelInput.Type

const Taken = Schema.Struct({ created: Schema.Int, updated: Schema.Int })

/** What came in: new ones, and those that were there by the same name and took the new content. */
export const FunnelImported = Schema.Struct({
  plans: Schema.Struct({ created: Schema.Int, kept: Schema.Int }),
  messages: Schema.Int,
  downsells: Taken,
  /** Drafts, all of them: nothing is sent by taking a file in. */
  shots: Taken
})
export type FunnelImported = typeof FunnelImported.Type
