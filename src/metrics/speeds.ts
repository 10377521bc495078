import { telemetry } from "../log/telemetry.ts"

export interface Speed {
  readonly name: string
  readonly goalMs: number
  /** None was measured since the process began. */
  readonly p95Ms: number | undefined
  readonly count: number
}

type Steps = ReadonlyArray<readonly [upTo: number, count: number]>

/** The three speeds of the blueprint against their goals, as this process has measured them since it began. */
export const speeds = (): ReadonlyArray<Speed> => [
  speed("Resposta ao Telegram", 200, telemetry.acks.steps({ result: "ok" })),
  speed("Atendimento do /start", 500, telemetry.handlers.steps({ kind: "start", result: "ok" })),
  speed(
    "Criação do PIX",
    2_000,
    summed(
      telemetry.checkouts.labels.gateway.map((gateway) => telemetry.checkouts.steps({ gateway, result: "created" }))
    )
  )
]

const speed = (name: string, goalMs: number, steps: Steps): Speed => {
  const count = steps.at(-1)?.[1] ?? 0
  return { name, goalMs, count, p95Ms: count === 0 ? undefined : quantile(steps, 0.95) * 1000 }
}

const summed = (all: ReadonlyArray<Steps>): Steps =>
  (all[0] ?? []).map(([upTo], index) => [upTo, all.reduce((sum, steps) => sum + (steps[index]?.[1] ?? 0), 0)])

/** Between the bounds of its step in proportion, as Prometheus does it; in the open last step, its lower bound. */
export const quantile = (steps: Steps, share: number): number => {
  const rank = (steps.at(-1)?.[1] ?? 0) * share
  const at = steps.findIndex(([, count]) => count >= rank)
  const [upper, count] = steps[at] ?? [0, 0]
  const [lower, before] = at > 0 ? steps[at - 1]! : [0, 0]
  return Number.isFinite(upper) && count > before
    ? lower + ((upper - lower) * (rank - before)) / (count - before)
    : lower
}
