import { type Context, Metric } from "effect"
import type { TelegramReason } from "../../telegram/reasons.ts"
import { type Lane, lanes } from "./lane.ts"

/** What a call came to: sent, or why not. */
type Outcome = "sent" | TelegramReason["_tag"]

// Attributes given at creation, not by `withAttributes`: that one makes a new context at every update.
const sends = (lane: Lane, outcome: Outcome) =>
  Metric.counter("funil_sends_total", {
    description: "Telegram calls by lane and final outcome",
    incremental: true,
    attributes: { lane, outcome: snake(outcome) }
  })

const limited = Metric.counter("funil_telegram_429_total", {
  description: "Answers of Telegram that asked to wait",
  incremental: true
})

const depth = (lane: Lane) =>
  Metric.gauge("funil_lane_depth", { description: "Calls that wait for their turn", attributes: { lane } })

const snake = (name: string): string => name.replace(/(?<=[a-z])[A-Z]/g, "_$&").toLowerCase()

/** The lanes' numbers for Prometheus; every label has a handful of values. */
export const makeMeters = (context: Context.Context<never>) => {
  const outcomes = new Map(lanes.map((lane) => [lane, new Map<Outcome, ReturnType<typeof sends>>()]))
  const depths = new Map(lanes.map((lane) => [lane, depth(lane)]))
  for (const gauge of depths.values()) gauge.updateUnsafe(0, context)
  limited.updateUnsafe(0, context)
  return {
    outcome: (lane: Lane, outcome: Outcome) => {
      const known = outcomes.get(lane)?.get(outcome)
      const counter = known ?? sends(lane, outcome)
      if (known === undefined) outcomes.get(lane)?.set(outcome, counter)
      counter.updateUnsafe(1, context)
    },
    limited: () => limited.updateUnsafe(1, context),
    waiting: (lane: Lane, change: 1 | -1) => depths.get(lane)?.modifyUnsafe(change, context)
  }
}
