import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { SqlError } from "effect/sql"
import { decodeCursor, encodeCursor, type ListQuery } from "../../src/repo/cursor.ts"
import type { UserView } from "../../src/repo/ListsRepo.ts"
import { openDoor } from "./door.ts"

const person = (i: number, given: Partial<UserView> = {}): UserView => ({
  bot: "vip",
  telegram_id: 7_000_000_000 + i,
  name: "Ana",
  username: null,
  language_code: "pt-br",
  blocked: false,
  opted_out: false,
  has_paid: true,
  session_id: null,
  first_seen_at: "2025-11-07T12:00:00.000Z",
  last_seen_at: "2025-11-07T12:00:00.000Z",
  last_start_at: null,
  ...given
})

const asked = Effect.gen(function* () {
  const queries: Array<ListQuery> = []
  const empty = (query: ListQuery) =>
    Effect.sync(() => {
      queries.push(query)
      return { items: [], next_cursor: null }
    })
  const door = yield* openDoor({ lists: { users: empty, events: empty }, paymentsRepo: { list: empty } })
  return { door, queries }
})

describe("the lists of the admin API", () => {
  it.live("hand every filter on, and take an empty one for none", () =>
    Effect.gen(function* () {
      const { door, queries } = yield* asked
      const cursor = encodeCursor({ at: "2025-11-07T12:00:00.123456Z", id: 9 })
      const path =
        "/api/admin/payments?bot=vip&status=paid&telegram_id=7205343917&from=2025-11-01&to=2025-11-07" +
        `&limit=10&cursor=${cursor}`
      assert.deepStrictEqual((yield* door.asAdmin("GET", path)).json, { items: [], next_cursor: null })
      assert.deepStrictEqual(queries[0], {
        bot: "vip",
        status: "paid",
        telegramId: 7_205_343_917,
        from: new Date("2025-11-01T03:00:00Z"),
        to: new Date("2025-11-08T03:00:00Z"),
        cursor: { at: "2025-11-07T12:00:00.123456Z", id: 9 },
        limit: 10
      })
      const blank = "/api/admin/users?bot=&status=&telegram_id=&from=&to=&cursor=&limit=&format="
      assert.strictEqual((yield* door.asAdmin("GET", blank)).status, 200)
      assert.isTrue(Object.values(queries[1] ?? { none: true }).every((value) => value === undefined))
      yield* door.asAdmin("GET", "/api/admin/events?from=2025-11-07T12:00:00-03:00&status=bot_start")
      assert.deepStrictEqual(queries[2]?.from, new Date("2025-11-07T15:00:00Z"))
      assert.strictEqual(queries[2]?.status, "bot_start")
    })
  )

  it.live("are 400 with a sentence for a parameter that makes no sense, 404 for an unknown bot", () =>
    Effect.gen(function* () {
      const { door, queries } = yield* asked
      const cases: ReadonlyArray<readonly [query: string, field: string]> = [
        ["limit=0", "limit"],
        ["limit=-1", "limit"],
        ["limit=ten", "limit"],
        ["limit=1e3", "limit"],
        ["telegram_id=ana", "telegram_id"],
        ["telegram_id=99999999999999999999", "telegram_id"],
        ["status=nonsense", "status"],
        ["from=yesterday", "from"],
        ["to=2025-02-30", "to"],
        ["cursor=abc", "cursor"],
        ["cursor=%00", "cursor"],
        ["format=xml", "format"],
        ["tz=Mars/Olympus", "tz"],
        ["limit=1&limit=2", "limit"],
        ["bot=%00", "bot"]
      ]
      for (const list of ["payments", "users", "events", "deliveries"]) {
        for (const [query, field] of cases) {
          const answer = yield* door.asAdmin("GET", `/api/admin/${list}?${query}`)
          assert.strictEqual(answer.status, 400, `${list}?${query} ${answer.text}`)
          assert.strictEqual(answer.json.error, "bad_request")
          assert.hasAllKeys(answer.json.fields, [field])
          assert.notMatch(answer.json.message, /expected|invalid|must/i)
        }
        assert.strictEqual((yield* door.asAdmin("GET", `/api/admin/${list}?bot=nobody`)).status, 404)
      }
      assert.lengthOf(queries, 0)
    })
  )

  it.live("as CSV bring the whole list page by page, safe for spreadsheets", () =>
    Effect.gen(function* () {
      const people = [
        person(1, { name: '=HYPERLINK("http://evil")', username: "+ana" }),
        person(2, { name: "-1+1", username: "@SUM(A1)" }),
        person(3, { name: "\tTab", username: "\rCarriage" }),
        person(4, { name: 'Diz "oi", e\nquebra', username: "a,b" }),
        person(5, { name: "Ágata 😀", blocked: true })
      ]
      const queries: Array<ListQuery> = []
      const door = yield* openDoor({
        lists: {
          users: (query) =>
            Effect.sync(() => {
              queries.push(query)
              const start = query.cursor?.id ?? 0
              const items = people.slice(start, start + Math.min(2, query.limit ?? 2))
              const next = start + items.length
              const next_cursor =
                next < people.length ? encodeCursor({ at: "2025-11-07T12:00:00.000000Z", id: next }) : null
              return { items, next_cursor }
            })
        }
      })
      const answer = yield* door.asAdmin("GET", "/api/admin/users?format=csv")
      assert.strictEqual(answer.status, 200)
      assert.strictEqual(answer.headers["content-type"], "text/csv; charset=utf-8")
      const columns =
        "bot,telegram_id,name,username,language_code,blocked,opted_out,has_paid,session_id,first_seen_at,last_seen_at,last_start_at"
      const rest = "pt-br,false,false,true,,2025-11-07T12:00:00.000Z,2025-11-07T12:00:00.000Z,"
      assert.strictEqual(
        answer.text,
        [
          columns,
          `vip,7000000001,"'=HYPERLINK(""http://evil"")",'+ana,${rest}`,
          `vip,7000000002,'-1+1,'@SUM(A1),${rest}`,
          `vip,7000000003,'\tTab,"'\rCarriage",${rest}`,
          `vip,7000000004,"Diz ""oi"", e\nquebra","a,b",${rest}`,
          `vip,7000000005,Ágata 😀,,${rest.replace("pt-br,false", "pt-br,true")}`,
          ""
        ].join("\r\n")
      )
      assert.lengthOf(queries, 3)
      const limited = yield* door.asAdmin("GET", "/api/admin/users?format=csv&limit=3")
      assert.lengthOf(limited.text.match(/vip,70/g) ?? [], 3)
    })
  )

  it.live("as CSV break off with a log line when the database goes away in the middle", () =>
    Effect.gen(function* () {
      const cause = "terminating connection"
      const away = new SqlError.SqlError({ reason: new SqlError.ConnectionError({ cause }) })
      const next_cursor = encodeCursor({ at: "2025-11-07T12:00:00.000000Z", id: 1 })
      const door = yield* openDoor({
        lists: {
          users: ({ cursor }) =>
            cursor === undefined ? Effect.succeed({ items: [person(1)], next_cursor }) : Effect.fail(away)
        }
      })
      assert.isTrue(Exit.isFailure(yield* Effect.exit(door.asAdmin("GET", "/api/admin/users?format=csv"))))
      yield* door.call("GET", "/healthz")
      assert.include(door.lines.join(""), "[ERRO] Uma lista em CSV parou no meio: o banco de dados não respondeu")
    })
  )

  it("reads no cursor that was not given out", () => {
    for (const text of [
      "",
      "x",
      encodeCursor({ at: "now", id: 1 }),
      encodeCursor({ at: "2025-11-07T12:00:00.000000Z", id: -1 })
    ]) {
      assert.strictEqual(decodeCursor(text)._tag, "None")
    }
  })
})

describe("GET /api/metrics", () => {
  it.live("is 400 with a sentence for bad dates, zones, groups and ranges, 404 for an unknown bot", () =>
    Effect.gen(function* () {
      const door = yield* openDoor()
      const cases: ReadonlyArray<readonly [query: string, field: string]> = [
        ["from=x", "from"],
        ["to=2025-13-01", "to"],
        ["from=2025-11-08&to=2025-11-07", "to"],
        ["from=2015-01-01&to=2025-01-01", "from"],
        ["tz=-03:00", "tz"],
        ["tz=Nowhere", "tz"],
        ["group=year", "group"],
        ["utm_source=%00", "utm_source"]
      ]
      for (const [query, field] of cases) {
        const answer = yield* door.asAdmin("GET", `/api/metrics?${query}`)
        assert.strictEqual(answer.status, 400, query)
        assert.hasAllKeys(answer.json.fields, [field])
        assert.notMatch(answer.json.message, /expected|invalid|must/i)
      }
      assert.strictEqual((yield* door.asAdmin("GET", "/api/metrics?bot=nobody")).status, 404)
    })
  )

  it.live("is a spreadsheet with one safe line per group, or one for all", () =>
    Effect.gen(function* () {
      const row = (key: string | null) => ({
        key,
        events: [0, 0, 3, 1, 0, 0],
        units: [0, 0, 2, 1, 0, 0],
        payments: 1,
        revenueCents: 990,
        refundedCents: 0
      })
      const door = yield* openDoor({
        metrics: {
          answer: () => Effect.succeed({ whole: [row(null)], groups: [row('=HYPERLINK("http://x")')], times: [] }),
          visits: () => Effect.succeed([])
        }
      })
      const { headers, text } = yield* door.asAdmin("GET", "/api/metrics?group=utm_campaign&format=csv")
      const lines = text.split("\r\n")
      assert.match(String(headers["content-type"]), /^text\/csv/)
      assert.match(lines[0] ?? "", /^key,presell_view_events,presell_view_unique,/)
      assert.match(
        lines[1] ?? "",
        /^"'=HYPERLINK\(""http:\/\/x""\)",0,0,0,0,0,0,0,0,3,2,1,1,1,1,0.5,0.5,0,0,0,0,990,0$/
      )
      const whole = yield* door.asAdmin("GET", "/api/metrics?format=csv")
      assert.match(whole.text.split("\r\n")[1] ?? "", /^total,/)
      assert.strictEqual((yield* door.asAdmin("GET", "/api/metrics?format=xls")).status, 400)
    })
  )

  it.live("passes the question on and answers in the contract's shape", () =>
    Effect.gen(function* () {
      const row = (key: string | null, starts: number, people: number, pix: number) => ({
        key,
        events: [0, 0, starts, pix, 0, 1],
        units: [0, 0, people, pix, 0, 1],
        payments: pix,
        revenueCents: pix === 0 ? 0 : 3981,
        refundedCents: pix === 0 ? 0 : 10
      })
      const door = yield* openDoor({
        metrics: {
          answer: () =>
            Effect.succeed({
              whole: [row(null, 6, 5, 2)],
              groups: [row("fb", 1, 1, 0)],
              times: [{ kind: "p", count: 2, p50: 45, p90: 300, p95: 610 }]
            }),
          visits: () => Effect.succeed([])
        }
      })
      const { json, status } = yield* door.asAdmin(
        "GET",
        "/api/metrics?bot=vip&from=2025-11-01&to=2025-11-07&tz=UTC&group=utm_source&utm_medium="
      )
      const step = (event: string, events: number, unique: number, conversion: number, step_conversion: number) => ({
        event,
        events,
        unique,
        conversion,
        step_conversion
      })
      const zero = { count: 0, p50: 0, p90: 0, p95: 0 }
      assert.strictEqual(status, 200)
      assert.deepStrictEqual(json, {
        from: "2025-11-01T00:00:00.000Z",
        to: "2025-11-08T00:00:00.000Z",
        tz: "UTC",
        bot: "vip",
        funnel: [
          step("presell_view", 0, 0, 0, 0),
          step("to_bot_click", 0, 0, 0, 0),
          step("bot_start", 6, 5, 1, 1),
          step("pix_created", 2, 2, 0.4, 0.4),
          step("pix_paid", 0, 0, 0, 0)
        ],
        organic_starts: { events: 1, unique: 1 },
        revenue_cents: 3981,
        payments: 2,
        average_ticket_cents: 1991,
        refunded_cents: 10,
        time_to_pix_seconds: { count: 2, p50: 45, p90: 300, p95: 610 },
        time_to_pay_seconds: zero,
        time_in_bot_seconds: zero,
        provisional_from: null,
        recounting: false,
        groups: [
          {
            key: "fb",
            funnel: [
              step("presell_view", 0, 0, 0, 0),
              step("to_bot_click", 0, 0, 0, 0),
              step("bot_start", 1, 1, 1, 1),
              step("pix_created", 0, 0, 0, 0),
              step("pix_paid", 0, 0, 0, 0)
            ],
            revenue_cents: 0,
            refunded_cents: 0
          }
        ]
      })
    })
  )
})
