import type { SqlClient } from "effect/sql"

export interface Question {
  readonly query: string
  readonly kind: string
  /** What is special about its period. */
  readonly set: QuestionSet
  readonly from: string
  readonly to: string
  readonly bot: string | undefined
  readonly source: string | undefined
}

export type QuestionSet = "days" | "instants" | "other_zone" | "half_hour_zone"

const zonesOf = {
  days: [undefined],
  instants: [undefined],
  other_zone: ["UTC", "America/Manaus", "America/New_York", "Europe/Lisbon", "Asia/Tokyo"],
  half_hour_zone: ["Asia/Kolkata", "America/St_Johns", "Australia/Adelaide", "Asia/Kathmandu"]
} as const

const groups = ["", "day", "hour", "bot", "utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"]

/** The same every time: mulberry32. */
const randomOf = (seed: number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

const dayOf = (back: number) => new Date(Date.now() - 3 * 3_600_000 - back * 86_400_000).toISOString().slice(0, 10)

/**
 * Every group, half with a bot, half with marks (a third of those with two), the year in pieces of any length: as whole
 * days of São Paulo, and a third as many between any two instants, in the days of other zones, and in those of zones
 * that are not whole hours off UTC.
 */
export const questions = (count: number, bots: number): ReadonlyArray<Question> => [
  ...questionsOf("days", 20251107, count, bots),
  ...questionsOf("instants", 20251108, Math.ceil(count / 3), bots),
  ...questionsOf("other_zone", 20251109, Math.ceil(count / 3), bots),
  ...questionsOf("half_hour_zone", 20251110, Math.ceil(count / 3), bots)
]

const questionsOf = (set: QuestionSet, seed: number, count: number, bots: number): ReadonlyArray<Question> => {
  const random = randomOf(seed)
  const oneOf = <A>(values: ReadonlyArray<A>) => values[Math.floor(random() * values.length)] as A
  return Array.from({ length: count }, (_, i) => {
    const group = groups[i % groups.length] as string
    const length = group === "hour" ? oneOf([1, 7, 31]) : oneOf([1, 7, 30, 30, 90, 180, 364])
    const back = random() < 0.5 ? 0 : Math.floor(random() * (364 - length))
    const number = Math.floor(random() * random() * bots) + 1
    const pick = random()
    const to = dayOf(back)
    const campaignMonth = to.slice(2, 4) + to.slice(5, 7)
    const values: Record<string, string> = {
      utm_source: oneOf(["FB", "ig", "tiktok"]),
      utm_medium: `conjunto ${Math.floor(pick * 6)}|${number * 1000 + Math.floor(pick * 6)}`,
      utm_campaign: `campanha ${campaignMonth} ${Math.floor(pick * 3)}|${number * 100 + Math.floor(pick * 3)}`,
      utm_content: `anuncio ${Math.floor(pick * 12)}|${number * 10000 + Math.floor(pick * 12)}`,
      utm_term: oneOf(["Instagram_Feed", "Instagram_Stories", "Facebook_Mobile_Feed", "Instagram_Reels"])
    }
    const names = Object.keys(values)
    const chosen = random() < 0.5 ? [] : random() < 0.67 ? [oneOf(names)] : [oneOf(names), oneOf(names)]
    const marks = Object.fromEntries(chosen.map((name) => [name, values[name] as string]))
    const bot = random() < 0.5 ? `bot${number}` : undefined
    const from = dayOf(Math.min(back + length, 364))
    const tz = set === "days" ? undefined : oneOf<string | undefined>(zonesOf[set])
    const into = () => `T${new Date(Math.floor(random() * 86_400_000)).toISOString().slice(11, 23)}-03:00`
    const query = new URLSearchParams({
      from: set === "instants" ? from + into() : from,
      to: set === "instants" ? to + into() : to,
      ...(tz === undefined ? {} : { tz }),
      ...(bot === undefined ? {} : { bot }),
      ...(group === "" ? {} : { group }),
      ...marks
    })
    const kind = `group_${group === "" ? "none" : group}`
    return { query: query.toString(), kind, set, from, to, bot, source: marks["utm_source"] }
  })
}

/** What a person would write: each step's events and people, straight from the events. */
export const askPlainly = (sql: SqlClient.SqlClient, { bot, from, source, to }: Question) =>
  sql`
  select event_name, count(*), count(distinct coalesce(telegram_id::text, session_id))
  from funnel_events
  where occurred_at >= ${from}::date::timestamp at time zone 'America/Sao_Paulo'
    and occurred_at < (${to}::date + 1)::timestamp at time zone 'America/Sao_Paulo'
    ${bot === undefined ? sql`` : sql`and bot_slug = ${bot}`}
    ${source === undefined ? sql`` : sql`and utm_source = ${source}`}
  group by event_name`.unprepared
