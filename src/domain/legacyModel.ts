import type { Button, MessageContent } from "./content.ts"
import type { UnresolvedMedia } from "./legacyMedia.ts"
import type { LegacyPlan } from "./legacyPlans.ts"

/** A button for the plan at a place of the `plans` beside it. */
export interface PositionButton {
  readonly text: string
  readonly plan_position: number
}

/** A message whose plan buttons may still speak of places instead of plan ids. */
export type UnboundContent = Omit<MessageContent, "buttons"> & {
  readonly buttons?: ReadonlyArray<ReadonlyArray<Button | PositionButton>>
}

/** What a stored row says, whichever system wrote it (facts/legacy-schema, section 5). */
export interface StoredContent {
  readonly contents: ReadonlyArray<UnboundContent>
  readonly plans: ReadonlyArray<LegacyPlan>
  /** Media known only by hash; `media_cache` may know more. They stand in `contents` as `{ kind, sha256 }`. */
  readonly unresolvedMedia: ReadonlyArray<UnresolvedMedia>
}

export interface StoredOptions {
  /** The `media_refs` column beside the content. */
  readonly mediaRefs?: unknown
  /** The `parse_mode` column of V2's shots. */
  readonly parseMode?: unknown
  /** V3 put the plans of downsells and shots one below the other, whatever the row says. */
  readonly planList?: boolean
}
