import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlError } from "effect/sql"
import { InboxUnavailable } from "../../src/engine/Inbox.ts"
import { valueOf } from "../support/metrics.ts"
import { type Door, openDoor, quietVitals, secret } from "./door.ts"

const scrape = (door: Door) => Effect.map(door.call("GET", "/metrics"), ({ text }) => text)

describe("GET /metrics", () => {
  it.live("counts acknowledgements by result, those of the lane and those of the route", () =>
    Effect.gen(function* () {
      let away = false
      const door = yield* openDoor({
        inbox: () => (away ? Effect.fail(new InboxUnavailable({ detail: "gone" })) : Effect.void)
      })
      const before = yield* scrape(door)
      for (let id = 1; id <= 3; id++) yield* door.hook({ update_id: id })
      yield* door.call("POST", "/tg/vip/webhook", {
        headers: { "x-telegram-bot-api-secret-token": secret, "transfer-encoding": "chunked" },
        body: '{"update_id":4}'
      })
      yield* door.hook("isto não é JSON")
      yield* door.hook({ update_id: 5 }, { secret: "errada" })
      yield* door.hook({ update_id: 6 }, { slug: "ninguem" })
      away = true
      yield* door.hook({ update_id: 7 })
      const after = yield* scrape(door)
      const grown = (result: string) => {
        const series = `funil_ack_seconds_count{result="${result}"}`
        return valueOf(after, series) - valueOf(before, series)
      }
      assert.deepStrictEqual(
        ["ok", "bad_request", "unauthorized", "not_found", "unavailable"].map(grown),
        [4, 1, 1, 1, 1]
      )
      const steps = [...after.matchAll(/^funil_ack_seconds_bucket\{result="ok",le="([^"]+)"\} (\d+)$/gm)]
      assert.isAtLeast(steps.length, 10)
      const counts = steps.map(([, , count]) => Number(count))
      assert.deepStrictEqual(
        counts,
        counts.toSorted((a, b) => a - b)
      )
    })
  )

  it.live("shows the queues as they are now, and asks for them once a second at most", () =>
    Effect.gen(function* () {
      let asked = 0
      const door = yield* openDoor({
        vitals: Effect.sync(() => {
          asked += 1
          return {
            ...quietVitals,
            inboxSeconds: 12.5,
            deadUpdates: 3,
            nodes: 2,
            webhookPending: 41,
            webhookErrors: 1,
            outbox: [
              { destination: "telegram", pending: 7, failed: 2, oldestSeconds: 90 },
              { destination: "desconhecido", pending: 5, failed: 0, oldestSeconds: 1 }
            ]
          }
        })
      })
      const texts = yield* Effect.all(
        Array.from({ length: 20 }, () => scrape(door)),
        { concurrency: 20 }
      )
      assert.isAtMost(asked, 2)
      for (const text of texts) {
        assert.strictEqual(valueOf(text, "funil_inbox_oldest_seconds"), 12.5)
        assert.strictEqual(valueOf(text, "funil_inbox_dead_rows"), 3)
        assert.strictEqual(valueOf(text, "funil_nodes_alive"), 2)
        assert.strictEqual(valueOf(text, "funil_webhook_pending"), 41)
        assert.strictEqual(valueOf(text, "funil_webhook_errors"), 1)
        assert.strictEqual(valueOf(text, 'funil_outbox_rows{destination="telegram",status="pending"}'), 7)
        assert.strictEqual(valueOf(text, 'funil_outbox_rows{destination="telegram",status="failed"}'), 2)
        assert.strictEqual(valueOf(text, 'funil_outbox_rows{destination="facebook",status="pending"}'), 0)
        assert.strictEqual(valueOf(text, 'funil_outbox_oldest_seconds{destination="telegram"}'), 90)
        assert.notInclude(text, "desconhecido")
      }
    })
  )

  it.live("tells of the process and of the database, whose absence costs it two seconds at most", () =>
    Effect.gen(function* () {
      const door = yield* openDoor({ vitals: Effect.never })
      const startedMs = Date.now()
      const text = yield* scrape(door)
      assert.isBelow(Date.now() - startedMs, 4000)
      assert.isAbove(valueOf(text, "process_resident_memory_bytes"), 10_000_000)
      assert.isAbove(valueOf(text, "nodejs_heap_size_used_bytes"), 1_000_000)
      assert.isAtLeast(valueOf(text, "nodejs_heap_size_total_bytes"), valueOf(text, "nodejs_heap_size_used_bytes"))
      assert.isAbove(valueOf(text, "process_cpu_seconds_total"), 0.1)
      assert.isAtLeast(valueOf(text, "nodejs_eventloop_lag_p99_seconds"), 0)
      assert.isAtMost(valueOf(text, "process_start_time_seconds"), Date.now() / 1000)
      assert.strictEqual(valueOf(text, "funil_database_up"), 1)
      assert.isAtLeast(valueOf(text, "funil_database_wait_seconds_count"), 1)
      assert.isAtLeast(valueOf(text, "funil_database_answer_seconds_count"), 1)
    })
  )

  it.live("says that the database is away, and answers all the same", () =>
    Effect.gen(function* () {
      const cause = "ECONNREFUSED"
      const down = Effect.fail(new SqlError.SqlError({ reason: new SqlError.ConnectionError({ cause }) }))
      const without = yield* openDoor({ ping: down, vitals: down })
      // Its readiness looks by itself; the first look is over when the door is asked.
      yield* without.call("GET", "/readyz")
      const { status, text: told } = yield* without.call("GET", "/metrics")
      assert.deepStrictEqual([status, valueOf(told, "funil_database_up")], [200, 0])
    })
  )

  it.live("is well-formed: one TYPE per name, in front of its series", () =>
    Effect.gen(function* () {
      const door = yield* openDoor()
      yield* door.hook({ update_id: 1 })
      const seen = new Set<string>()
      let current = ""
      for (const line of (yield* scrape(door)).trimEnd().split("\n")) {
        const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line)
        if (type !== null) {
          current = type[1]!
          assert.isFalse(seen.has(current), current)
          seen.add(current)
        } else if (!line.startsWith("# HELP ")) {
          assert.match(line, /^[a-z0-9_]+(\{([a-z_]+="[^"\\\n]*",?)+\})? (NaN|[+-]?[\d.e+-]+)$/)
          assert.isTrue(line.startsWith(current), line)
        }
      }
      assert.isTrue(seen.has("funil_ack_seconds"))
    })
  )
})
