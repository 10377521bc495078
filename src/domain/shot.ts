import { Option, Schema } from "effect"

export const ShotStatus = Schema.Literals(["draft", "scheduled", "sending", "paused", "done", "canceled"])
export type ShotStatus = typeof ShotStatus.Type

export const audiences = ["all", "started", "pix_unpaid", "paid", "never_paid"] as const

const Instant = Schema.String.check(
  Schema.isPattern(/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/)
).annotate({ message: "Deve ser uma data com hora, como 2025-11-07T12:00:00-03:00." })

const utm = Schema.optionalKey(Schema.String.check(Schema.isMaxLength(500)))

/** Whom a shot is for (contract, section 4). The times are those of what the audience is about; see docs/shots.md. */
export const ShotFilters = Schema.Struct({
  audience: Schema.optionalKey(Schema.Literals(audiences)),
  since: Schema.optionalKey(Instant),
  until: Schema.optionalKey(Instant),
  utm: Schema.optionalKey(Schema.Struct({ source: utm, medium: utm, campaign: utm, content: utm, term: utm })),
  exclude_blocked: Schema.optionalKey(Schema.Boolean)
})
export type ShotFilters = typeof ShotFilters.Type

const Title = Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(200))
const Percent = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 100 }))
const Hours = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 8760 }))

const rules = {
  filters: Schema.optionalKey(Schema.NullOr(ShotFilters)),
  scheduled_at: Schema.optionalKey(Schema.NullOr(Instant)),
  /** It pauses by itself when more than this share of what it sent failed. */
  error_limit_percent: Schema.optionalKey(Percent),
  /** What did not leave so long after the start does not leave at all. */
  valid_hours: Schema.optionalKey(Schema.NullOr(Hours))
}

/** `content` is a MessageContent; it is checked by `checkContent`, which names each fault in PT-BR. */
export const ShotInput = Schema.Struct({ title: Title, content: Schema.Unknown, ...rules })
export type ShotInput = typeof ShotInput.Type

export const ShotPatch = Schema.Struct({
  title: Schema.optionalKey(Title),
  content: Schema.optionalKey(Schema.Unknown),
  ...rules
})
export type ShotPatch = typeof ShotPatch.Type

export const AudienceInput = Schema.Struct({ filters: Schema.optionalKey(Schema.NullOr(ShotFilters)) })

export const AudienceView = Schema.Struct({ people: Schema.Int })

export const TestInput = Schema.Struct({
  chat_id: Schema.Union([Schema.Int, Schema.String.check(Schema.isPattern(/^-?\d{1,15}$/))]).annotate({
    message: "Deve ser o número de um chat no Telegram."
  })
})

/** Of every person what became of him; `ambiguous`: Telegram did not say whether the message arrived. */
export const ShotCounts = Schema.Struct({
  total: Schema.Int,
  sent: Schema.Int,
  failed: Schema.Int,
  blocked: Schema.Int,
  skipped: Schema.Int,
  pending: Schema.Int,
  ambiguous: Schema.Int
})
export type ShotCounts = typeof ShotCounts.Type

export const ShotView = Schema.Struct({
  id: Schema.Int,
  bot: Schema.String,
  title: Schema.String,
  status: ShotStatus,
  content: Schema.Unknown,
  filters: ShotFilters,
  scheduled_at: Schema.NullOr(Schema.String),
  error_limit_percent: Schema.Int,
  valid_hours: Schema.NullOr(Schema.Int),
  counts: ShotCounts,
  progress: Schema.Struct({
    percent: Schema.Finite,
    /** Messages per second lately. */
    per_second: Schema.NullOr(Schema.Finite),
    expected_end: Schema.NullOr(Schema.String)
  }),
  /** Paid by people who tapped on a button of this shot. */
  sales: Schema.Int,
  revenue_cents: Schema.Int,
  /** Why it stopped by itself. */
  stop_reason: Schema.NullOr(Schema.String),
  created_at: Schema.String,
  started_at: Schema.NullOr(Schema.String),
  completed_at: Schema.NullOr(Schema.String)
})
export type ShotView = typeof ShotView.Type

export type ShotAction = "start" | "pause" | "resume" | "cancel"

const from: Readonly<Record<ShotAction, ReadonlyArray<ShotStatus>>> = {
  start: ["draft", "scheduled"],
  pause: ["sending", "scheduled"],
  resume: ["paused"],
  cancel: ["draft", "scheduled", "sending", "paused"]
}

/** The states in which an action is possible; in any other it is refused and changes nothing. */
export const statusesFor = (action: ShotAction): ReadonlyArray<ShotStatus> => from[action]

const words: Readonly<Record<ShotStatus, string>> = {
  draft: "é um rascunho",
  scheduled: "está agendado",
  sending: "está sendo enviado",
  paused: "está pausado",
  done: "já terminou",
  canceled: "foi cancelado"
}

/** The state in words, as in "O disparo … está pausado". */
export const statusWords = (status: ShotStatus): string => words[status]

/** V2 wrote some states in capitals and one of its own. */
export const readStatus = (stored: string): ShotStatus => {
  const word = stored.toLowerCase()
  if (word === "queued") return "paused"
  return ShotStatus.literals.find((status) => status === word) ?? "draft"
}

const decodeFilters: (input: unknown) => Option.Option<ShotFilters> = Schema.decodeUnknownOption(ShotFilters)

/**
 * Filters as they are stored. V2's said `all_started`, `has_unpaid_pix` and `exclude_paid`, the last true unless false.
 */
export const readFilters = (stored: unknown): ShotFilters => {
  const given = typeof stored === "object" && stored !== null ? (stored as Record<string, unknown>) : {}
  if ("has_unpaid_pix" in given || "all_started" in given || "exclude_paid" in given) {
    if (given["has_unpaid_pix"] === true) return { audience: "pix_unpaid" }
    return { audience: given["exclude_paid"] === false ? "started" : "never_paid" }
  }
  const decoded = decodeFilters(given)
  return Option.getOrElse(decoded, () => ({}))
}

/**
 * An instant as people write it. Without a zone it is São Paulo's, which has had no summer time since 2019; a bare date
 * is the beginning of its day, or its end.
 */
export const readInstant = (text: string, edge: "begin" | "end" = "begin"): Date | undefined => {
  const date = new Date(
    /T/.test(text) ? (/(Z|[+-]\d{2}:?\d{2})$/.test(text) ? text : `${text}-03:00`) : `${text}T00:00:00-03:00`
  )
  if (Number.isNaN(date.getTime())) return undefined
  const whole = edge === "end" && !text.includes("T")
  return whole ? new Date(date.getTime() + 24 * 60 * 60 * 1000) : date
}

/** Below this many messages a share of errors says nothing. */
const enoughToJudge = 20

export const exceedsErrors = (errors: number, attempted: number, limitPercent: number): boolean =>
  attempted >= enoughToJudge && errors * 100 > attempted * limitPercent
