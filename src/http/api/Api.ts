import { HttpApi, OpenApi } from "effect/http-api"
import { version } from "../../version.ts"
import { AlertsGroup } from "./alerts.ts"
import { BotsGroup, MessagesGroup, PlansGroup } from "./bots.ts"
import { DeliveriesGroup } from "./deliveries.ts"
import { withExamples } from "./examples.ts"
import { DownsellsGroup } from "./downsells.ts"
import { FunnelGroup } from "./funnel.ts"
import { ListsGroup } from "./lists.ts"
import { MediaGroup } from "./media.ts"
import { GatewaysGroup, PaymentsGroup } from "./payments.ts"
import { MetricsGroup } from "./metrics.ts"
import { PeopleGroup } from "./people.ts"
import { ServiceGroup } from "./service.ts"
import { TrackingGroup } from "./tracking.ts"
import { ShotsGroup } from "./shots.ts"
import { UpdatesGroup } from "./updates.ts"

/** Everything behind the bearer token. The schemas that check a call are those that describe it. */
export class Api extends HttpApi.make("funil")
  .add(BotsGroup)
  .add(PlansGroup)
  .add(MessagesGroup)
  .add(MediaGroup)
  .add(TrackingGroup)
  .add(PeopleGroup)
  .add(PaymentsGroup)
  .add(GatewaysGroup)
  .add(ListsGroup)
  .add(DownsellsGroup)
  .add(FunnelGroup)
  .add(ShotsGroup)
  .add(DeliveriesGroup)
  .add(UpdatesGroup)
  .add(MetricsGroup)
  .add(AlertsGroup)
  .annotateMerge(
    OpenApi.annotations({
      title: "Funil",
      version,
      transform: withExamples,
      description:
        "Bots de venda no Telegram: ofertas, PIX, rastreamento e funil. Todo erro traz error, message e, em campos errados, fields."
    })
  ) {}

/** What `/openapi.json` and `/docs` show. */
export class DocumentedApi extends Api.add(ServiceGroup) {}
