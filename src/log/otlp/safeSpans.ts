import { Cause, Effect, Exit, Layer, Tracer } from "effect"
import { maskSecrets } from "../mask.ts"
import { detailOf } from "../sentences.ts"

/** Addresses and headers of requests hold secrets of charges and of webhooks, and where people are. */
const kept = (key: string): boolean =>
  !/^(http\.(request|response)\.header\.|url\.(full|path|query|fragment)$|client\.|user_agent\.)/.test(key)

// Nothing that is masked is shorter; most attributes are.
const shortestSecret = 10

const masked = (value: unknown): unknown =>
  typeof value === "string" && value.length >= shortestSecret ? maskSecrets(value) : value

const maskedAll = (attributes: Record<string, unknown>) =>
  Object.fromEntries(
    Object.entries(attributes)
      .filter(([key]) => kept(key))
      .map(([key, value]) => [key, masked(value)])
  )

/** What went wrong in our own words: messages and stacks of third parties hold addresses and data. */
const spoken = (exit: Exit.Exit<unknown, unknown>): Exit.Exit<unknown, unknown> => {
  if (Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause)) return exit
  const error = new Error(detailOf(exit.cause))
  const original = Cause.squash(exit.cause)
  error.name = original instanceof Error ? original.name : "Error"
  error.stack = error.message
  return Exit.fail(error)
}

type Writing = Pick<Tracer.Span, "attribute" | "event" | "end">

/** The same three functions for all spans of one kind: closures for each would cost a third of a span. */
const guardsOf = (plain: Writing): Writing => ({
  attribute(key, value) {
    if (kept(key)) plain.attribute.call(this, key, masked(value))
  },
  event(name, startTime, attributes) {
    plain.event.call(this, maskSecrets(name), startTime, attributes === undefined ? undefined : maskedAll(attributes))
  },
  end(endTime, exit) {
    plain.end.call(this, endTime, spoken(exit))
  }
})

const guardWith = () => {
  const known = new WeakMap<object, Writing>()
  return (span: Tracer.Span): Tracer.Span => {
    const plain = Object.getPrototypeOf(span) as Writing
    const guards = known.get(plain) ?? guardsOf(plain)
    known.set(plain, guards)
    return Object.assign(span, guards)
  }
}

/** The tracer that this layer brings, from whose spans no secret leaves, whoever wrote it there. */
export const safeSpans = <A, E, R>(tracer: Layer.Layer<A, E, R>): Layer.Layer<never, E, R> =>
  Layer.effect(
    Tracer.Tracer,
    Effect.map(Tracer.Tracer, (inner) => {
      const guard = guardWith()
      return Tracer.make({
        span: (options) => guard(inner.span(options)),
        ...(inner.context === undefined ? {} : { context: inner.context })
      })
    })
  ).pipe(Layer.provide(tracer))
