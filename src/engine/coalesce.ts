import { Option } from "effect"
import { decodeCallback } from "../domain/callback.ts"
import type { UpdateJob } from "./job.ts"

/**
 * Whether one answer is enough for both: people tap twice, and a slow answer makes them tap ten times. A /start is the
 * same as another one with the same payload, a tap on a plan the same as another one on the same button. What waits
 * behind such an update when it is answered is answered with it: the updates are done, one greeting went out, one
 * `bot_start` is counted. Whoever comes later, having seen the answer, gets his own.
 */
export const sameWish = (first: UpdateJob, second: UpdateJob): boolean => {
  const [a, b] = [first.incoming, second.incoming]
  if (a.kind === "start" && b.kind === "start") return a.payload === b.payload
  return a.kind === "tap" && b.kind === "tap" && a.data === b.data && isPlan(a.data)
}

const isPlan = (data: string): boolean => Option.exists(decodeCallback(data), (action) => action._tag === "Plan")
