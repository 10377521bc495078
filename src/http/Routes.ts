import { Layer } from "effect"
import { HttpRouter } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { PanelRoutes } from "../admin/PanelRoutes.ts"
import { Bearer } from "./AdminAuth.ts"
import { Api } from "./api/Api.ts"
import { CleanQuery } from "./api/query.ts"
import { Edge, LastResort } from "./edge.ts"
import { AlertsHandlers } from "./handlers/alerts.ts"
import { BotsHandlers, MessagesHandlers, PlansHandlers } from "./handlers/bots.ts"
import { GatewaysHandlers, PaymentsHandlers } from "./handlers/gateways.ts"
import { DeliveriesHandlers } from "./handlers/deliveries.ts"
import { docsRoute, openApiRoute } from "./handlers/docs.ts"
import { DownsellsHandlers } from "./handlers/downsells.ts"
import { FunnelHandlers } from "./handlers/funnel.ts"
import { healthz, readyz } from "./handlers/health.ts"
import { ListsHandlers } from "./handlers/lists.ts"
import { MediaHandlers } from "./handlers/media.ts"
import { MetricsHandlers } from "./handlers/metrics.ts"
import { paymentWebhook, paymentWebhookCheck } from "./handlers/payments.ts"
import { PeopleHandlers } from "./handlers/people.ts"
import { prometheus } from "./handlers/prometheus.ts"
import { TrackingHandlers } from "./handlers/tracking.ts"
import { ShotsHandlers } from "./handlers/shots.ts"
import { UpdatesHandlers } from "./handlers/updates.ts"
import { notFound, problemResponse } from "./problem.ts"
import { goToBot } from "./tracking/go.ts"
import { hostedPresell, trackingScript } from "./tracking/pages.ts"
import { trackView, trackViewOptions } from "./tracking/view.ts"
import { telegramWebhook } from "./telegram/route.ts"

// What was acknowledged must be stored: a client that hangs up does not interrupt these.
const uninterruptible = { uninterruptible: true }

/** Behind the bearer token: `/api/admin/*` and `/api/metrics`, declared in `api/`. */
const ApiRoutes = HttpApiBuilder.layer(Api).pipe(
  Layer.provide([
    BotsHandlers,
    PlansHandlers,
    MessagesHandlers,
    MediaHandlers,
    TrackingHandlers,
    PeopleHandlers,
    PaymentsHandlers,
    GatewaysHandlers,
    ListsHandlers,
    DownsellsHandlers,
    FunnelHandlers,
    ShotsHandlers,
    DeliveriesHandlers,
    UpdatesHandlers,
    MetricsHandlers,
    AlertsHandlers
  ]),
  Layer.provide([Bearer.layer, CleanQuery.layer])
)

/** Every address of the service. Good Telegram webhooks take the lane of `telegram/lane.ts` and never come here. */
export const Routes = Layer.mergeAll(
  HttpRouter.add("GET", "/healthz", healthz),
  HttpRouter.add("GET", "/readyz", readyz),
  HttpRouter.add("POST", "/tg/:slug/webhook", telegramWebhook, uninterruptible),
  HttpRouter.add("POST", "/api/payments/webhook/:gateway/*", paymentWebhook, uninterruptible),
  HttpRouter.add("GET", "/api/payments/webhook/:gateway/*", paymentWebhookCheck),
  HttpRouter.add("POST", "/api/track/view", trackView, uninterruptible),
  HttpRouter.add("OPTIONS", "/api/track/view", trackViewOptions),
  HttpRouter.add("GET", "/go/:slug", goToBot),
  HttpRouter.add("GET", "/p/:slug", hostedPresell),
  HttpRouter.add("GET", "/t.js", trackingScript),
  ApiRoutes,
  PanelRoutes,
  HttpRouter.add("GET", "/metrics", prometheus),
  HttpRouter.add("GET", "/openapi.json", openApiRoute),
  HttpRouter.add("GET", "/docs", docsRoute),
  // Not "*", which would also take the HEAD of every route above.
  HttpRouter.addAll(
    (["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const).map((method) =>
      HttpRouter.route(method, "/*", problemResponse(notFound))
    )
  )
).pipe(Layer.provide(Edge), Layer.merge(LastResort))
