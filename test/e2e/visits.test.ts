import { assert, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { SqlClient } from "effect/sql"
import { gzipSync } from "node:zlib"
import { eventually } from "../support/service.ts"
import { ana, botToken, openShop, sentTo } from "../support/shop.ts"
import { World } from "../support/world.ts"

const page = "https://loja.com.br/oferta"
const otherToken = "7240789012:AAHk3fJ2nXq9vB7wZ5tR1yU8mP6sD4LEOBE"

let address = 0
/** Somebody who has not been here before: the limit is per address. */
const somebody = (headers: Record<string, string> = {}) => ({
  "user-agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0) Mobile/15E148 Safari/604.1",
  "x-forwarded-for": `198.51.100.${++address}`,
  ...headers
})

const counts = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ sessions: number; views: number; clicks: number }>`
    select (select count(*) from tracking_sessions) as sessions,
      count(*) filter (where event_name = 'presell_view') as views,
      count(*) filter (where event_name = 'to_bot_click') as clicks
    from funnel_events`
  return row!
})

type Counts = Effect.Success<typeof counts>

const difference = (before: Counts, after: Counts) => [
  after.sessions - before.sessions,
  after.views - before.views,
  after.clicks - before.clicks
]

const growth = <A, E, R>(work: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const before = yield* counts
    const result = yield* work
    return [result, difference(before, yield* counts)] as const
  })

/** Waits for it: a click leads on before it is written, when the database is slow. */
const growing = <A, E, R>(work: Effect.Effect<A, E, R>, by: ReadonlyArray<number>) =>
  Effect.gen(function* () {
    const before = yield* counts
    const result = yield* work
    yield* eventually(
      Effect.map(counts, (after) => difference(before, after)),
      (grown) => grown.join() === by.join()
    )
    return result
  })

const setting = Effect.gen(function* () {
  const { sandbox, service } = yield* World
  const view = (body: unknown, headers = somebody()) => service.request("POST", "/api/track/view", body, headers)
  const go = (path: string, headers: Record<string, string> = somebody(), method = "GET") =>
    Effect.promise(async () => {
      const response = await fetch(service.url + path, { method, redirect: "manual", headers })
      return {
        status: response.status,
        location: response.headers.get("location") ?? "",
        cookie: response.headers.get("set-cookie") ?? ""
      }
    })
  return { sandbox, service, view, go, sql: yield* SqlClient.SqlClient }
})

layer(World.layerWith(), { excludeTestServices: true, timeout: "60 seconds" })("visits", (it) => {
  it.effect("one session goes on by its id or its cookie; another advert begins another", () =>
    Effect.gen(function* () {
      const { go, service, view } = yield* setting
      const [first, grown] = yield* growth(view({ bot: "vip", url: `${page}?utm_source=FB&utm_campaign=a` }))
      assert.deepStrictEqual(grown, [1, 1, 0])
      const { session } = first.json
      const again = [
        { bot: "vip", url: `${page}?utm_source=FB&utm_campaign=a`, session },
        { bot: "vip", url: page, referrer: null, session }
      ]
      for (const body of again) {
        const [answer, none] = yield* growth(view(body))
        assert.deepStrictEqual(
          [answer.json.session, answer.json.event_id, none],
          [session, first.json.event_id, [0, 0, 0]]
        )
      }
      const [cookied] = yield* growth(
        view({ bot: "vip", url: page }, somebody({ cookie: `a=b; funil_vip=${session}` }))
      )
      assert.strictEqual(cookied.json.session, session)
      const [newAdvert, more] = yield* growth(
        view({ bot: "vip", url: `${page}?utm_source=FB&utm_campaign=b`, session })
      )
      assert.notStrictEqual(newAdvert.json.session, session)
      assert.deepStrictEqual(more, [1, 1, 0])

      const clicks = yield* growing(
        Effect.all([go(`/go/vip?s=${session}`), go("/go/vip", somebody({ cookie: `funil_vip=${session}` }))]),
        [0, 0, 1]
      )
      for (const click of clicks) {
        assert.strictEqual(click.location, `https://t.me/vip_bot?start=${session}`)
        assert.match(click.cookie, /^funil_vip=[\w-]{22}; Path=\/; Max-Age=7776000; HttpOnly; SameSite=Lax$/)
      }
      const fresh = yield* growing(go("/go/vip?utm_source=ig&fbclid=IwAR0abcDEF_-123456789"), [1, 0, 1])
      assert.match(fresh.location, /^https:\/\/t\.me\/vip_bot\?start=[\w-]{22}$/)

      const script = yield* service.request("GET", "/t.js")
      assert.isBelow(gzipSync(script.text).length, 4096)
      const presell = yield* service.request("GET", "/p/vip")
      assert.isBelow(presell.text.length, 20_000)
      assert.deepStrictEqual([script.status, presell.status], [200, 200])
      assert.strictEqual((yield* service.request("GET", "/p/ninguem")).status, 404)
    })
  )

  it.effect("bad input gets a clear answer, and crawlers and looks ahead leave no trace in the funnel", () =>
    Effect.gen(function* () {
      const { go, service, sql, view } = yield* setting
      const refused = Effect.gen(function* () {
        assert.strictEqual((yield* view("{")).status, 400)
        const empty = yield* view({})
        assert.deepStrictEqual([empty.status, Object.keys(empty.json.fields)], [422, ["bot", "url"]])
        assert.strictEqual((yield* view({ bot: "ninguem", url: page })).status, 404)
        assert.strictEqual((yield* view({ bot: "vip", url: `${page}?${"x".repeat(9000)}` })).status, 422)
        for (const url of ["javascript:alert(1)", "oferta", "", 7]) {
          assert.strictEqual((yield* view({ bot: "vip", url })).status, 422, String(url))
        }
        assert.strictEqual((yield* go("/go/ninguem")).status, 404)
      })
      assert.deepStrictEqual((yield* growth(refused))[1], [0, 0, 0])

      const looks = Effect.gen(function* () {
        for (const headers of [
          { "user-agent": "TelegramBot (like TwitterBot)" },
          { "user-agent": "facebookexternalhit/1.1" },
          { "sec-purpose": "prefetch;prerender" },
          { "x-purpose": "preview" }
        ]) {
          const click = yield* go("/go/vip", somebody(headers))
          assert.deepStrictEqual([click.status, click.location, click.cookie], [302, "https://t.me/vip_bot", ""])
        }
        assert.strictEqual((yield* go("/go/vip", somebody(), "HEAD")).status, 302)
      })
      assert.deepStrictEqual((yield* growth(looks))[1], [0, 0, 0])
      const [, marked] = yield* growth(view({ bot: "vip", url: page }, somebody({ "user-agent": "Googlebot/2.1" })))
      assert.deepStrictEqual(marked, [1, 0, 0])

      const forged = yield* view({
        bot: "vip",
        url: `${page}?utm_source=${encodeURIComponent("' or 1=1 --\u0001")}`,
        fbp: "<script>",
        fbc: "fb.1.x",
        session: "../../etc/passwd"
      })
      assert.strictEqual(forged.status, 200)
      const [row] = yield* sql<{ fbp: string | null; fbc: string | null; utm: string }>`
        select fbp, fbc, utm_source as utm from tracking_sessions where id = ${forged.json.session}`
      assert.deepStrictEqual(row, { fbp: null, fbc: null, utm: "' or 1=1 --" })

      const cors = (path: string, method: string) =>
        Effect.promise(async () => {
          const { headers } = await fetch(service.url + path, { method, headers: { origin: "https://loja.com.br" } })
          return [headers.get("access-control-allow-origin"), headers.get("access-control-allow-credentials")]
        })
      assert.deepStrictEqual(yield* cors("/api/track/view", "OPTIONS"), ["*", null])
      assert.deepStrictEqual(yield* cors("/api/track/view", "POST"), ["*", null])
      assert.deepStrictEqual(yield* cors("/api/admin/bots", "OPTIONS"), [null, null])
      assert.deepStrictEqual(yield* cors("/api/metrics", "GET"), [null, null])
    })
  )

  it.effect("a flood from one address costs a bounded number of rows, and still reaches the bot", () =>
    Effect.gen(function* () {
      const { go, view } = yield* setting
      const flooder = somebody()
      const [answers, [sessions]] = yield* growth(
        Effect.forEach(
          Array.from({ length: 900 }, (_, n) => n),
          (n) => view({ bot: "vip", url: `${page}?utm_source=${n}` }, flooder),
          { concurrency: 20 }
        )
      )
      const refused = answers.filter(({ status }) => status === 429)
      assert.isAbove(refused.length, 100)
      assert.match(refused[0]!.json.message, /Visitas demais/)
      assert.strictEqual(sessions, answers.length - refused.length)
      // A slow machine gives the address time to be allowed a few more.
      const [, none] = yield* Effect.repeat(growth(go("/go/vip", flooder)), {
        until: ([click]) => click.location === "https://t.me/vip_bot",
        times: 500
      })
      assert.deepStrictEqual(none, [0, 0, 0])
      assert.strictEqual((yield* view({ bot: "vip", url: page })).status, 200)
    })
  )

  it.effect("a click waits for nobody: while the database stands still it leads on, and is written later", () =>
    Effect.gen(function* () {
      const { go, sql } = yield* setting
      yield* growing(go("/go/vip"), [1, 0, 1])
      const [tookMs, [, , clicks]] = yield* growth(
        Effect.gen(function* () {
          const standing = yield* Effect.forkChild(
            sql.withTransaction(
              Effect.andThen(sql`lock table tracking_sessions in access exclusive mode`, sql`select pg_sleep(1.5)`)
            )
          )
          yield* eventually(
            sql`select 1 from pg_locks where relation = 'tracking_sessions'::regclass and mode = 'AccessExclusiveLock'`,
            (locks) => locks.length === 1
          )
          const began = performance.now()
          const click = yield* go("/go/vip")
          const took = performance.now() - began
          assert.match(click.location, /\?start=[\w-]{22}$/)
          yield* Fiber.join(standing)
          const session = click.location.split("=")[1]!
          yield* eventually(sql`select 1 from tracking_sessions where id = ${session}`, (rows) => rows.length === 1)
          return took
        })
      )
      assert.isBelow(tookMs, 500)
      assert.strictEqual(clicks, 1)
    })
  )

  it.effect("a /start opens only its own young session, for one person; anything else is greeted as organic", () =>
    Effect.gen(function* () {
      const { sandbox, service, sql, view } = yield* setting
      const { telegram } = sandbox
      yield* openShop(service, sandbox, "outro", otherToken)
      const opened = Effect.map(
        view({ bot: "vip", url: `${page}?utm_source=FB` }),
        ({ json }) => json.session as string
      )
      const [own, foreign, old] = [
        yield* opened,
        (yield* view({ bot: "outro", url: page })).json.session as string,
        yield* opened
      ]
      yield* sql`update tracking_sessions set first_seen_at = now() - interval '91 days' where id = ${old}`
      const payloads = [foreign, old, "A".repeat(22), "promo", "x".repeat(65), "'; drop table bot_users; --", own, own]
      const bia = { ...ana, id: ana.id + 100, first_name: "Bia" }
      for (const [index, payload] of payloads.entries()) {
        const person = index === payloads.length - 1 ? bia : { ...ana, id: ana.id + (payload === own ? 0 : index + 1) }
        yield* telegram.person(person)
        yield* telegram.sendText(botToken, person, `/start ${payload}`)
        yield* telegram.waitFor(sentTo(person.id, /Olá/))
        // The greeting comes first; whose the session is, is settled after it.
        yield* eventually(sql`select 1 from bot_users where telegram_id = ${person.id}`, ({ length }) => length === 1)
      }
      const people = yield* eventually(
        sql<{ id: number; session: string | null; first: string | null }>`
          select telegram_id as id, session_id as session, first_session_id as first from bot_users order by 1`,
        ({ length }) => length === payloads.length
      )
      assert.deepStrictEqual(
        people.filter(({ session }) => session !== null),
        [{ id: ana.id, session: own, first: own }]
      )
      // The same person by a second advert: the first touch stays, the last one is what counts from now on.
      const second = yield* opened
      yield* telegram.sendText(botToken, ana, `/start ${second}`)
      yield* eventually(
        sql<{ session: string; first: string }>`
          select session_id as session, first_session_id as first from bot_users where telegram_id = ${ana.id}`,
        ([row]) => row?.session === second && row.first === own
      )
    })
  )
})
