import type { DownsellPatch } from "../domain/downsellInput.ts"
import { minutesOfClock } from "../domain/hours.ts"
import type { DownsellColumns } from "../repo/DownsellsRepo.ts"

/** The rules of a downsell as they are stored; its name and content have to be checked first. */
export const columnsOfDownsell = ({
  hours,
  ...plain
}: Omit<DownsellPatch, "name" | "content">): Omit<DownsellColumns, "name" | "content"> => ({
  ...plain,
  ...(hours === undefined
    ? {}
    : {
        window_from_minutes: hours === null ? null : minutesOfClock(hours.from)!,
        window_to_minutes: hours === null ? null : minutesOfClock(hours.to)!
      })
})
