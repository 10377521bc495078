import { Effect } from "effect"
import { HttpRouter } from "effect/http"
import { assetRoute } from "./assets.ts"
import { makeGuard } from "./guard.ts"
import { botPages } from "./pages/bots.ts"
import { leave, login, showLogin } from "./pages/login.ts"
import { deliveryPages } from "./pages/deliveries.ts"
import { downsellPages } from "./pages/downsells.ts"
import { funnelPages } from "./pages/funnel.ts"
import { livePages } from "./pages/live.ts"
import { mediaPages } from "./pages/media.ts"
import { messagePages } from "./pages/messages.ts"
import { overviewPages } from "./pages/overview.ts"
import { paymentPages } from "./pages/payments.ts"
import { peoplePages } from "./pages/people.ts"
import { planPages } from "./pages/plans.ts"
import { presellPages } from "./pages/presell.ts"
import { receivedPages } from "./pages/received.ts"
import { settingsPages } from "./pages/settings.ts"
import { shotPages } from "./pages/shots.ts"
import { trackingPages } from "./pages/tracking.ts"

/** Every page behind the login. */
const pages = Effect.map(
  Effect.all([
    overviewPages,
    botPages,
    planPages,
    mediaPages,
    messagePages,
    paymentPages,
    peoplePages,
    deliveryPages,
    livePages,
    shotPages,
    downsellPages,
    funnelPages,
    presellPages,
    trackingPages,
    receivedPages,
    settingsPages
  ]),
  (groups) => groups.flat()
)

/** The operator's panel: `/admin` and everything under it. */
export const PanelRoutes = HttpRouter.use((router) =>
  Effect.gen(function* () {
    const guard = yield* makeGuard
    yield* router.add("GET", "/admin/assets/:version/:name", assetRoute)
    yield* router.add("GET", "/admin/entrar", showLogin)
    yield* router.add("POST", "/admin/entrar", login)
    yield* router.add("POST", "/admin/sair", leave)
    for (const route of yield* pages) yield* router.add(route.method, route.path, guard(route))
  })
)
