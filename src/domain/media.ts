import { Schema } from "effect"
import { MediaKind } from "./contentModel.ts"

/** A file of a bot's library as the admin API shows it. */
export const MediaView = Schema.Struct({
  id: Schema.Int,
  kind: MediaKind,
  sha256: Schema.String,
  bytes: Schema.Int,
  mime: Schema.String,
  width: Schema.optionalKey(Schema.Int),
  height: Schema.optionalKey(Schema.Int),
  file_name: Schema.NullOr(Schema.String),
  /** Telegram has it: messages carry only its id. */
  ready: Schema.Boolean,
  /** `waiting`: nobody has tried yet. */
  status: Schema.Literals(["ready", "warming", "error", "waiting"]),
  error: Schema.NullOr(Schema.String),
  created_at: Schema.String
})
export type MediaView = typeof MediaView.Type

/** How many of a bot's files Telegram has already. */
export const MediaProgress = Schema.Struct({ ready: Schema.Int, total: Schema.Int })
export type MediaProgress = typeof MediaProgress.Type
