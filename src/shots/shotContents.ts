import type { MessageContent } from "../domain/content.ts"
import { bindPlans, readStoredContent } from "../domain/legacyContent.ts"
import type { ShotRow } from "../repo/ShotsRepo.ts"

/** What a shot says, whichever system wrote it. */
export const contentsOf = (row: Pick<ShotRow, "content" | "mediaRefs">): ReadonlyArray<MessageContent> =>
  bindPlans(readStoredContent(row.content, { mediaRefs: row.mediaRefs }), () => undefined)
