import { NodeHttpServer } from "@effect/platform-node"
import { ByteSize, Effect, Layer } from "effect"
import { HttpIncomingMessage, HttpMiddleware, HttpRouter, HttpServer } from "effect/http"
import { LoginAttempts } from "../admin/LoginAttempts.ts"
import { PanelSession } from "../admin/PanelSession.ts"
import { Config } from "../config.ts"
import { Metrics } from "../metrics/Metrics.ts"
import { Vitals } from "../metrics/Vitals.ts"
import { HealthRepo } from "../repo/HealthRepo.ts"
import { VitalsRepo } from "../repo/VitalsRepo.ts"
import { AdminAuth } from "./AdminAuth.ts"
import { maxBodyBytes } from "./body.ts"
import { FloodGuard } from "../log/FloodGuard.ts"
import { Readiness } from "./Readiness.ts"
import { Routes } from "./Routes.ts"
import { NodeServer } from "./server/NodeServer.ts"
import { Clicks } from "./tracking/Clicks.ts"
import { VisitLimit } from "./tracking/VisitLimit.ts"
import { TelegramLane } from "./telegram/lane.ts"
import { TelegramWebhook } from "./telegram/TelegramWebhook.ts"

/** Requests under way get this long at a stop; the whole stop has 10 s (contract, section 1). */
const gracefulShutdownTimeout = "4 seconds"

/** Listens only once the lane is laid, so that no webhook meets a server that does not know it yet. */
const Listener = Layer.unwrap(
  Effect.gen(function* () {
    const { host, port } = yield* Config
    const server = yield* NodeServer
    return NodeHttpServer.layer(() => server, { host, port, gracefulShutdownTimeout })
  })
).pipe(Layer.provide(TelegramLane))

/**
 * A connection that is still open after the drain (half a request, a client that does not read) would hold the stop
 * until its own timeout: it is cut. Between the drain and the listener's end, because it stands on the listener and
 * the routes stand on it.
 */
const CutAtStop = Layer.effectDiscard(
  Effect.gen(function* () {
    const server = yield* NodeServer
    yield* HttpServer.HttpServer
    yield* Effect.addFinalizer(() => Effect.sync(() => server.closeAllConnections()))
  })
)

/** From here on `/readyz` says yes, and no as soon as the stop begins. */
const Open = Layer.effectDiscard(
  Effect.gen(function* () {
    const readiness = yield* Readiness
    yield* Effect.acquireRelease(readiness.open, () => readiness.close)
  })
)

/**
 * The door: listens on `HOST`:`PORT`. It is to be built last, on a migrated database and a running engine, and what it
 * stands on outlives its drain.
 */
export const HttpServerNoDeps = Open.pipe(
  Layer.provideMerge(HttpRouter.serve(Routes, { disableLogger: true, disableListenLog: true })),
  Layer.provide(Layer.succeed(HttpIncomingMessage.MaxBodySize, ByteSize.bytes(maxBodyBytes))),
  // Asked every few seconds by machines, and never interesting.
  Layer.provide(HttpMiddleware.layerTracerDisabledForUrls(["/healthz", "/readyz", "/metrics"])),
  Layer.provide(CutAtStop),
  Layer.provideMerge(Listener),
  Layer.provide([NodeServer.layer, TelegramWebhook.layer]),
  Layer.provide(Clicks.layer),
  Layer.provide([Readiness.layer, VisitLimit.layer, AdminAuth.layer, FloodGuard.layer, Metrics.layer, Vitals.layer]),
  Layer.provide([PanelSession.layer, LoginAttempts.layer])
)

export const HttpServerLive = HttpServerNoDeps.pipe(Layer.provide([HealthRepo.layer, VitalsRepo.layer]))
