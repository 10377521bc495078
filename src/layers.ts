import { Effect, Layer } from "effect"
import { BotAdmin } from "./bots/BotAdmin.ts"
import { Bots } from "./bots/Bots.ts"
import { Catalogue } from "./bots/Catalogue.ts"
import { TokenVault } from "./bots/TokenVault.ts"
import { Webhooks } from "./bots/Webhooks.ts"
import { Changes } from "./db/Changes.ts"
import { Database } from "./db/Database.ts"
import { migrate } from "./db/Migrations.ts"
import { ensurePartitions } from "./db/Partitions.ts"
import { DeliveryLayer } from "./engine/Delivery.ts"
import { Dispatcher } from "./engine/Dispatcher.ts"
import { Handlers } from "./engine/Handlers.ts"
import { Handling } from "./engine/Handling.ts"
import { Inbox } from "./engine/Inbox.ts"
import { Node } from "./engine/Node.ts"
import { Polling } from "./engine/Polling.ts"
import { Pressure } from "./engine/Pressure.ts"
import { Recorder } from "./engine/Recorder.ts"
import { Recovery } from "./engine/Recovery.ts"
import * as Log from "./log/Log.ts"
import { Sender } from "./messages/Sender.ts"
import { Checkout } from "./payments/Checkout.ts"
import { Gateways } from "./payments/Gateways.ts"
import { Reconciliation } from "./payments/Reconciliation.ts"
import { Settlement } from "./payments/Settlement.ts"
import { WebhookInbox } from "./payments/WebhookInbox.ts"
import { BotsRepo } from "./repo/BotsRepo.ts"
import { GatewayEventsRepo } from "./repo/GatewayEventsRepo.ts"
import { ListsRepo } from "./repo/ListsRepo.ts"
import { MediaRepo } from "./repo/MediaRepo.ts"
import { MessagesRepo } from "./repo/MessagesRepo.ts"
import { MetricsRepo } from "./repo/MetricsRepo.ts"
import { NodesRepo } from "./repo/NodesRepo.ts"
import { OutboxRepo } from "./repo/OutboxRepo.ts"
import { PaymentsRepo } from "./repo/PaymentsRepo.ts"
import { PlansRepo } from "./repo/PlansRepo.ts"
import { RecordingsRepo } from "./repo/RecordingsRepo.ts"
import { UpdatesRepo } from "./repo/UpdatesRepo.ts"
import { UsersRepo } from "./repo/UsersRepo.ts"
import { TelegramClient } from "./telegram/TelegramClient.ts"
import { Outbox } from "./tracking/Outbox.ts"
import { outboxWorkerLayer } from "./tracking/OutboxWorker.ts"

// The rooms, floor by floor. A floor provides itself and everything below it to the next one, so what is torn down
// last is what everybody stands on.

/** The database in its present shape: nothing above sees it before the migrations are through. */
const MigratedDatabase = Layer.effectDiscard(
  Effect.andThen(
    migrate(),
    // Without this month's partition the default one takes the rows, and the scheduler tries again.
    Effect.catch(ensurePartitions(3), (error) =>
      Log.recovered("As partições dos próximos meses não puderam ser criadas agora", error)
    )
  )
).pipe(Layer.provideMerge(Database.layer))

const Repos = Layer.mergeAll(
  BotsRepo.layer,
  GatewayEventsRepo.layer,
  ListsRepo.layer,
  MediaRepo.layer,
  MessagesRepo.layer,
  MetricsRepo.layer,
  NodesRepo.layer,
  OutboxRepo.layer,
  PaymentsRepo.layer,
  PlansRepo.layer,
  RecordingsRepo.layer,
  UpdatesRepo.layer,
  UsersRepo.layer
)

const Ground = Layer.mergeAll(Repos, TelegramClient.layer, Changes.layer).pipe(Layer.provideMerge(MigratedDatabase))

/** Bots with their texts, plans and tokens, and what may be done to them: all that the command line needs. */
export const BotsLayer = BotAdmin.layer.pipe(
  Layer.provideMerge(Webhooks.layer),
  Layer.provideMerge(Bots.layer),
  Layer.provideMerge(Catalogue.layer),
  Layer.provideMerge(TokenVault.layer),
  Layer.provideMerge(Ground)
)

const PaymentsLayer = Layer.mergeAll(Checkout.layer, Reconciliation.layer).pipe(
  Layer.provideMerge(WebhookInbox.layer),
  Layer.provideMerge(Settlement.layer),
  Layer.provideMerge(Layer.mergeAll(Gateways.layer, Outbox.layer))
)

const Capabilities = PaymentsLayer.pipe(Layer.provideMerge(Sender.layer), Layer.provideMerge(BotsLayer))

/** Everything that works without a door: the inbox with its engine, payments, deliveries. */
export const EngineLayer = Layer.mergeAll(Polling.layer, outboxWorkerLayer.pipe(Layer.provide(DeliveryLayer))).pipe(
  Layer.provideMerge(Layer.mergeAll(Inbox.layer, Recovery.layer)),
  Layer.provideMerge(Dispatcher.layer),
  Layer.provideMerge(Handling.layer),
  Layer.provideMerge(Handlers.layer),
  Layer.provideMerge(Recorder.layer),
  Layer.provideMerge(Layer.merge(Node.layer, Pressure.layer)),
  Layer.provideMerge(Capabilities)
)
