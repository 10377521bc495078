import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, References } from "effect"
import { HttpClient, HttpClientError, HttpClientResponse } from "effect/http"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Config } from "../../src/config.ts"
import { loggerLayer } from "../../src/log/Logger.ts"
import { OtlpLayer, otlpLayerWith } from "../../src/log/otlp.ts"
import { Sandbox } from "../../src/sandbox/Sandbox.ts"
import { TestDatabase, testDatabaseUrl } from "../support/postgres.ts"
import { adminToken, eventually, startService } from "../support/service.ts"
import { ana, botToken, openShop, orderPix } from "../support/shop.ts"
import { startCollector } from "./collector.ts"

describe("OTLP", () => {
  it.live("brings traces and metrics to the collector, and no secret with them", () =>
    Effect.gen(function* () {
      const sandbox = yield* Sandbox
      const collector = yield* startCollector
      const env: Readonly<Record<string, string>> = {
        ...sandbox.env,
        DATABASE_URL: yield* testDatabaseUrl,
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url
      }
      const service = yield* startService({ env })
      const shop = yield* openShop(service, sandbox)
      yield* orderPix(sandbox, ana)
      const sql = yield* SqlClient.SqlClient
      const [row] = yield* sql<{ readonly webhook_key: string; readonly secret: string }>`
        select p.webhook_key, b.webhook_secret_token as secret from payments p join bots b on b.id = p.bot_id`
      // Requests whose address or headers are secrets, on the ways that are traced.
      yield* service.request(
        "POST",
        `/api/payments/webhook/pushinpay/${row!.webhook_key}?chave=${row!.webhook_key}`,
        {}
      )
      yield* service.request("POST", `/tg/${shop.slug}/webhook`, new Blob(["isto não é JSON"]).stream(), {
        "x-telegram-bot-api-secret-token": row!.secret
      })
      yield* service.admin("GET", `/api/admin/bots/${shop.slug}`)
      yield* service.stop("SIGTERM")

      const spans = yield* eventually(collector.spans, (found) => found.some(({ name }) => name === "Checkout.create"))
      const names = new Set(spans.map(({ name }) => name))
      for (const name of ["Engine.update", "Telegram.sendMessage", "PushinPay.createCharge", "BotAdmin.create"]) {
        assert.isTrue(names.has(name), `${name} is not in ${[...names].join(", ")}`)
      }
      for (const name of names) assert.notMatch(name, /getUpdates|Scheduler\.retomar|http\.client/)
      const routes = spans.flatMap(({ attributes }) => attributes.filter(({ key }) => key === "http.route"))
      assert.include(JSON.stringify(routes), "/api/payments/webhook/:gateway/*")
      const metrics = yield* collector.metricNames
      for (const name of [
        "funil_ack_seconds",
        "funil_handler_seconds",
        "funil_checkout_seconds",
        "funil_nodes_alive"
      ]) {
        assert.isTrue(metrics.has(name), `${name} is not in ${[...metrics].join(", ")}`)
      }
      const everything = collector.collected.map(({ body }) => body).join("\n")
      const secrets = [
        botToken,
        botToken.split(":")[1]!,
        row!.secret,
        row!.webhook_key,
        adminToken,
        env.PUSHINPAY_TOKEN
      ]
      for (const secret of secrets) {
        assert.isAbove(secret?.length ?? 0, 8)
        assert.notInclude(everything, secret!)
      }
      assert.notInclude(everything, String(ana.id))
    }).pipe(Effect.scoped, Effect.provide([Sandbox.layerWith({}), TestDatabase.layer]))
  )

  it.effect("is nothing without a collector: no spans are made", () =>
    Effect.gen(function* () {
      const secrets = { ADMIN_TOKEN: adminToken, ENCRYPTION_KEY: "0".repeat(64) }
      const isTraced = (env: Readonly<Record<string, string>>) =>
        Effect.provide(
          References.TracerEnabled,
          OtlpLayer.pipe(Layer.provide(Config.layerFrom({ ...secrets, ...env })))
        )
      assert.isFalse(yield* isTraced({}))
      assert.isTrue(yield* isTraced({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://coletor.exemplo:4318" }))
    })
  )

  it.effect("a dead collector is asked once a minute, is one WARN line, and one INFO line when it is back", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      let alive = false
      let requests = 0
      const client = HttpClient.make((request) =>
        Effect.suspend(() => {
          requests += 1
          return alive
            ? Effect.succeed(HttpClientResponse.fromWeb(request, new Response("{}")))
            : Effect.fail(
                new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request }) })
              )
        })
      )
      const layer = otlpLayerWith("http://coletor.exemplo:4318").pipe(
        Layer.provide(Layer.succeed(HttpClient.HttpClient, client)),
        Layer.provideMerge(loggerLayer({ level: "info", format: "text", write: (text) => void lines.push(text) }))
      )
      const work = Effect.replicateEffect(Effect.withSpan(Effect.void, "trabalho"), 100, { discard: true })
      yield* Effect.gen(function* () {
        for (let second = 0; second < 600; second++) {
          yield* work
          yield* TestClock.adjust("1 second")
        }
        assert.isAtLeast(requests, 10)
        // Two signals, each at most once a minute.
        assert.isAtMost(requests, 2 * 11)
        alive = true
        yield* TestClock.adjust("80 seconds")
        yield* work
        yield* TestClock.adjust("20 seconds")
        yield* Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)))
      }).pipe(Effect.provide(layer))
      const written = lines.join("")
      assert.lengthOf(written.match(/WARN/g) ?? [], 1)
      assert.match(written, /WARN {2}\[AVISO\] O coletor OTLP em coletor\.exemplo:4318 não recebe os nossos números/)
      assert.lengthOf(written.match(/INFO .*voltou a receber/g) ?? [], 1)
    })
  )
})
