import type { MessageContent } from "../../domain/content.ts"
import type { ShotRow } from "../../repo/ShotsRepo.ts"
import { contentsOf } from "../../shots/shotContents.ts"

/** A shot that is being sent, as the process that sends it sees it. */
export class LiveShot {
  row: ShotRow
  readonly contents: ReadonlyArray<MessageContent>
  /** Paused, canceled, done or taken away: nothing of it leaves any more. */
  over = false
  /** The last of its people who was looked at. */
  afterId = 0
  /** Everybody was looked at once; what is left waits for another try or is under way. */
  lookedAtAll = false
  /** Of `performance.now()`: before, none of those who are left may be tried. */
  retryAt = 0
  underWay = 0
  /** By this process, since it has the shot; others before it may have done more. */
  attempted = 0
  failed = 0
  blocked = 0
  sentSinceSaved = 0
  savedAt = performance.now()

  constructor(row: ShotRow) {
    this.row = row
    this.contents = contentsOf(row)
  }
}
