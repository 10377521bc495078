import { percentile } from "./httpLoad.ts"

/** One result, in the shape of contract.md section 1. `ratio` is value over peer; the peer ran in the same run. */
export interface Figure {
  readonly name: string
  readonly unit: string
  readonly value: number
  readonly p50: number | null
  readonly p95: number | null
  readonly p99: number | null
  readonly peer: number | null
  readonly ratio: number | null
}

const rounded = (value: number) => Math.round(value * 1000) / 1000

export const figure = (
  name: string,
  unit: string,
  value: number,
  more: { readonly latencies?: ArrayLike<number>; readonly peer?: number } = {}
): Figure => ({
  name,
  unit,
  value: rounded(value),
  p50: more.latencies === undefined ? null : rounded(percentile(more.latencies, 0.5)),
  p95: more.latencies === undefined ? null : rounded(percentile(more.latencies, 0.95)),
  p99: more.latencies === undefined ? null : rounded(percentile(more.latencies, 0.99)),
  peer: more.peer === undefined ? null : rounded(more.peer),
  ratio: more.peer === undefined ? null : rounded(value / more.peer)
})

export const printed = (one: Figure): string => {
  const spread = one.p95 === null ? "" : `  p50 ${one.p50}  p95 ${one.p95}  p99 ${one.p99}`
  const peer = one.peer === null ? "" : `  peer ${one.peer}  ratio ${one.ratio}`
  return `${one.name.padEnd(34)} ${String(one.value).padStart(12)} ${one.unit}${spread}${peer}`
}
