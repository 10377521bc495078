import { Context, Effect, Metric, type Scope } from "effect"

/** What a label may say. `bot`: the slug of one of our bots, of which there may be many. */
export type Words = ReadonlyArray<string> | "bot"
export type Shape = Readonly<Record<string, Words>>
type Labels<S extends Shape> = { readonly [Name in keyof S]: string }

/** One line of a metric: its name with one value of each label. */
export interface Series {
  readonly record: (value: number) => void
}

type Kind = "counter" | "gauge" | "histogram"
type AnyMetric = Metric.Metric<number, unknown>

/** What is not on a label's list counts under this word, so that nobody outside makes new series. */
export const others = "outros"

const maxBots = 1_000
const bots = new Set<string>()

const botLabel = (slug: string): string => {
  if (bots.has(slug)) return slug
  if (bots.size >= maxBots) return others
  bots.add(slug)
  return slug
}

const bounded = (words: Words, value: string): string => {
  if (words === "bot") return botLabel(value)
  return words.includes(value) ? value : others
}

// The registry is the process's own; without a context of a fiber an increment costs 25 ns, a histogram's 50.
const context = Context.empty()

/** A metric with all its series. Recording is synchronous and cheap enough for the way of an acknowledgement. */
export class Family<S extends Shape> {
  readonly kind: Kind
  readonly name: string
  readonly help: string
  readonly labels: S
  readonly bounds: ReadonlyArray<number>
  private readonly known = new Map<string, AnyMetric>()

  constructor(kind: Kind, name: string, help: string, labels: S, boundaries: ReadonlyArray<number> = []) {
    this.kind = kind
    this.name = name
    this.help = help
    this.labels = labels
    this.bounds = boundaries
  }

  /** The series of these labels, for those who record often. */
  of(labels: Labels<S>): Series {
    const metric = this.metric(labels)
    return { record: (value) => metric.updateUnsafe(value, context) }
  }

  /** Adds to a counter, sets a gauge, puts a measurement into a histogram. */
  record(labels: Labels<S>, value = 1): void {
    this.metric(labels).updateUnsafe(value, context)
  }

  /** The value is read whenever somebody looks, for as long as the scope lasts. */
  watch(labels: Labels<S>, read: () => number): Effect.Effect<void, never, Scope.Scope> {
    const ignore = () => {}
    const get = () => (this.kind === "counter" ? { count: read(), incremental: true } : { value: read() })
    return Effect.acquireRelease(
      Effect.sync(() => Metric.registerUnsafe(this.metric(labels), context, { get, update: ignore, modify: ignore })),
      (registration) => Effect.sync(registration.remove)
    )
  }

  /** What a histogram has seen since the process began: upper bound and measurements up to it, for each step. */
  steps(labels: Labels<S>): ReadonlyArray<readonly [upTo: number, count: number]> {
    const state = this.metric(labels).valueUnsafe(context)
    return isHistogram(state) ? state.buckets : []
  }

  private metric(labels: Labels<S>): AnyMetric {
    const known = this.known.get(this.key(labels))
    if (known !== undefined) return known
    const attributes: Record<string, string> = {}
    for (const name in this.labels) attributes[name] = bounded(this.labels[name] as Words, labels[name])
    // Under the bounded words only: what strangers say must not fill the memory either.
    const key = this.key(attributes as Labels<S>)
    const metric = this.known.get(key) ?? this.make(attributes)
    this.known.set(key, metric)
    return metric
  }

  private key(labels: Labels<S>): string {
    let key = ""
    for (const name in this.labels) key += `${labels[name]}\n`
    return key
  }

  private make(attributes: Record<string, string>): AnyMetric {
    const options = { description: this.help, ...(Object.keys(attributes).length === 0 ? {} : { attributes }) }
    switch (this.kind) {
      case "counter":
        return Metric.counter(this.name, { ...options, incremental: true })
      case "gauge":
        return Metric.gauge(this.name, options)
      case "histogram":
        return Metric.histogram(this.name, { ...options, boundaries: this.bounds })
    }
  }
}

const isHistogram = (state: unknown): state is Metric.HistogramState =>
  typeof state === "object" && state !== null && "buckets" in state
