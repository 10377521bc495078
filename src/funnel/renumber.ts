import { Predicate } from "effect"

export interface Numbers {
  readonly plans: ReadonlyMap<number, number>
  readonly media: ReadonlyMap<number, number>
}

/** A content of another bot with this bot's numbers; one that has none here stays, and is named when it is checked. */
export const renumbered = (value: unknown, numbers: Numbers): unknown => {
  if (Array.isArray(value)) return value.map((inner) => renumbered(inner, numbers))
  if (!Predicate.isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      if (key === "plan_id" && Predicate.isNumber(inner)) return [key, numbers.plans.get(inner) ?? inner]
      if (key === "media_id" && Predicate.isNumber(inner)) return [key, numbers.media.get(inner) ?? inner]
      return [key, renumbered(inner, numbers)]
    })
  )
}

/** The files that contents name. */
export const mediaNamed = (value: unknown): ReadonlyArray<number> => {
  if (Array.isArray(value)) return value.flatMap(mediaNamed)
  if (!Predicate.isObject(value)) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "media_id" && Predicate.isNumber(inner) ? [inner] : mediaNamed(inner)
  )
}
