import { Context } from "effect"
import type { Line } from "./format.ts"

/** As many as a person scrolls back. */
const kept = 400

/** The lines of this process as they are written, for whoever watches; without a logger of ours, none. */
export interface LiveLog {
  readonly write: (line: Line) => void
  /** Oldest first. */
  readonly recent: () => ReadonlyArray<Line>
  /** Answers how to stop. */
  readonly listen: (listener: (line: Line) => void) => () => void
}

export const makeLiveLog = (): LiveLog => {
  const lines: Array<Line> = []
  const listeners = new Set<(line: Line) => void>()
  let next = 0
  return {
    write: (line) => {
      lines[next] = line
      next = (next + 1) % kept
      for (const listener of listeners) listener(line)
    },
    recent: () => [...lines.slice(next), ...lines.slice(0, next)],
    listen: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    }
  }
}

export const LiveLog = Context.Reference<LiveLog>("funil/log/LiveLog", { defaultValue: makeLiveLog })
