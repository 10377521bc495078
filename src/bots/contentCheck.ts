import { Effect, Predicate } from "effect"
import type { FieldProblems } from "../domain/admin.ts"
import { decodeMessageContent, type MessageContent } from "../domain/content.ts"
import { sanitiseText } from "../domain/text.ts"
import { invalid } from "./refusals.ts"

export interface KnownThings<E> {
  readonly planIds: ReadonlySet<number>
  readonly mediaIds: (ids: ReadonlyArray<number>) => Effect.Effect<ReadonlySet<number>, E>
}

/**
 * A message from outside: every rule of Telegram and of ours, and that the plans and files it names are this bot's.
 * `prefix` stands before each path, for a message that is a field of something else.
 */
export const checkContent = Effect.fnUntraced(function* <E>(input: unknown, known: KnownThings<E>, prefix = "") {
  const clean = sanitised(input)
  const content = yield* Effect.mapError(decodeMessageContent(clean), ({ fields }) => invalid(prefixed(fields, prefix)))
  const media = namedIn(clean, "media", "media_id")
  const present = media.length === 0 ? new Set<number>() : yield* known.mediaIds(media.map(({ id }) => id))
  const problems = [
    ...namedIn(clean, "buttons", "plan_id")
      .filter(({ id }) => !known.planIds.has(id))
      .map(({ path }) => [path, "Este plano não existe neste bot."] as const),
    ...media.filter(({ id }) => !present.has(id)).map(({ path }) => [path, "Esta mídia não existe neste bot."] as const)
  ]
  if (problems.length > 0) return yield* invalid(prefixed(Object.fromEntries(problems), prefix))
  return content
})

/** The ids of the plans that a message offers. */
export const plansOffered = (content: MessageContent): ReadonlyArray<number> =>
  (content.buttons ?? []).flat().flatMap((button) => ("plan_id" in button ? [button.plan_id] : []))

/** Characters that PostgreSQL, JSON or Telegram would refuse go before anything is judged. */
export const sanitised = (value: unknown): unknown => {
  if (Predicate.isString(value)) return sanitiseText(value)
  if (Array.isArray(value)) return value.map(sanitised)
  if (!Predicate.isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, sanitised(inner)]))
}

interface Named {
  readonly path: string
  readonly id: number
}

/** Ids with the path at which they were written: decoding leaves out empty rows and so moves positions. */
const namedIn = (input: unknown, field: "media" | "buttons", key: "media_id" | "plan_id"): ReadonlyArray<Named> => {
  const walk = (value: unknown, path: string): ReadonlyArray<Named> => {
    if (Array.isArray(value)) return value.flatMap((inner, index) => walk(inner, `${path}.${index}`))
    if (!Predicate.hasProperty(value, key) || !Predicate.isNumber(value[key])) return []
    return [{ path: `${path}.${key}`, id: value[key] }]
  }
  return Predicate.hasProperty(input, field) ? walk(input[field], field) : []
}

const prefixed = (fields: FieldProblems, prefix: string): FieldProblems =>
  Object.fromEntries(
    Object.entries(fields).map(([path, message]) => [[prefix, path].filter((part) => part !== "").join("."), message])
  )
