import { Effect, Layer } from "effect"
import { Alerts } from "./bots/Alerts.ts"
import { BotAdmin } from "./bots/BotAdmin.ts"
import { Bots } from "./bots/Bots.ts"
import { Catalogue } from "./bots/Catalogue.ts"
import { TokenVault } from "./bots/TokenVault.ts"
import { Webhooks } from "./bots/Webhooks.ts"
import { Changes } from "./db/Changes.ts"
import { Database } from "./db/Database.ts"
import { migrate } from "./db/Migrations.ts"
import { ensurePartitions } from "./db/Partitions.ts"
import { ShotSending } from "./engine/bulk/ShotSending.ts"
import { BulkLeases } from "./engine/BulkLeases.ts"
import { DownsellSending } from "./engine/bulk/DownsellSending.ts"
import { DownsellAdmin } from "./downsells/DownsellAdmin.ts"
import { BotCopy } from "./funnel/BotCopy.ts"
import { FunnelTransfer } from "./funnel/FunnelTransfer.ts"
import { Simulation } from "./downsells/Simulation.ts"
import { DeadLetters } from "./engine/DeadLetters.ts"
import { DeliveryLayer } from "./engine/Delivery.ts"
import { Dispatcher } from "./engine/Dispatcher.ts"
import { Footing } from "./engine/Footing.ts"
import { Handlers } from "./engine/Handlers.ts"
import { Handling } from "./engine/Handling.ts"
import { Inbox } from "./engine/Inbox.ts"
import { Leftovers } from "./engine/Leftovers.ts"
import { Node } from "./engine/Node.ts"
import { Overflow } from "./engine/Overflow.ts"
import { Polling } from "./engine/Polling.ts"
import { Pressure } from "./engine/Pressure.ts"
import { Recorder } from "./engine/Recorder.ts"
import { Recovery } from "./engine/Recovery.ts"
import { Turns } from "./engine/Turns.ts"
import * as Log from "./log/Log.ts"
import { Attachments } from "./media/Attachments.ts"
import { MediaLibrary } from "./media/MediaLibrary.ts"
import { MediaStore } from "./media/MediaStore.ts"
import { Spool } from "./media/spool.ts"
import { AddressPolicy } from "./media/url/AddressPolicy.ts"
import { UrlImportLayer } from "./media/UrlImport.ts"
import { WarmupLayer } from "./media/Warmup.ts"
import { Preview } from "./messages/Preview.ts"
import { Sender } from "./messages/Sender.ts"
import { Checkout } from "./payments/Checkout.ts"
import { GatewayFees } from "./payments/GatewayFees.ts"
import { Gateways } from "./payments/Gateways.ts"
import { Refunds } from "./payments/Refunds.ts"
import { Reconciliation } from "./payments/Reconciliation.ts"
import { Settlement } from "./payments/Settlement.ts"
import { WebhookInbox } from "./payments/WebhookInbox.ts"
import { AccessRepo } from "./repo/AccessRepo.ts"
import { AlertsRepo } from "./repo/AlertsRepo.ts"
import { BotSessionsRepo } from "./repo/BotSessionsRepo.ts"
import { BotsRepo } from "./repo/BotsRepo.ts"
import { BulkLeasesRepo } from "./repo/BulkLeasesRepo.ts"
import { ClientsRepo } from "./repo/ClientsRepo.ts"
import { ErasureRepo } from "./repo/ErasureRepo.ts"
import { DownsellQueueRepo } from "./repo/DownsellQueueRepo.ts"
import { DownsellsRepo } from "./repo/DownsellsRepo.ts"
import { GatewayEventsRepo } from "./repo/GatewayEventsRepo.ts"
import { JobsRepo } from "./repo/JobsRepo.ts"
import { GatewayFeesRepo } from "./repo/GatewayFeesRepo.ts"
import { ListsRepo } from "./repo/ListsRepo.ts"
import { MediaCacheRepo } from "./repo/MediaCacheRepo.ts"
import { MediaRepo } from "./repo/MediaRepo.ts"
import { MessagesRepo } from "./repo/MessagesRepo.ts"
import { MetricsRepo } from "./repo/MetricsRepo.ts"
import { NodesRepo } from "./repo/NodesRepo.ts"
import { OutboxRepo } from "./repo/OutboxRepo.ts"
import { PaymentsRepo } from "./repo/PaymentsRepo.ts"
import { PlansRepo } from "./repo/PlansRepo.ts"
import { RecordingsRepo } from "./repo/RecordingsRepo.ts"
import { SessionsRepo } from "./repo/SessionsRepo.ts"
import { TrackingSettingsRepo } from "./repo/TrackingSettingsRepo.ts"
import { ShotQueueRepo } from "./repo/ShotQueueRepo.ts"
import { ShotsRepo } from "./repo/ShotsRepo.ts"
import { RollupsRepo } from "./repo/RollupsRepo.ts"
import { TurnsRepo } from "./repo/TurnsRepo.ts"
import { UpdatesRepo } from "./repo/UpdatesRepo.ts"
import { UsersRepo } from "./repo/UsersRepo.ts"
import { ShotAdmin } from "./shots/ShotAdmin.ts"
import { ShotStart } from "./shots/ShotStart.ts"
import { TelegramClient } from "./telegram/TelegramClient.ts"
import { Erasure } from "./tracking/Erasure.ts"
import { Outbox } from "./tracking/Outbox.ts"
import { outboxWorkerLayer } from "./tracking/OutboxWorker.ts"
import { ReportHandlers } from "./tracking/ReportHandlers.ts"
import { Reports } from "./tracking/Reports.ts"
import { Tracking } from "./tracking/Tracking.ts"

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
  AccessRepo.layer,
  AlertsRepo.layer,
  BotSessionsRepo.layer,
  BotsRepo.layer,
  BulkLeasesRepo.layer,
  ClientsRepo.layer,
  ErasureRepo.layer,
  DownsellQueueRepo.layer,
  DownsellsRepo.layer,
  GatewayEventsRepo.layer,
  JobsRepo.layer,
  GatewayFeesRepo.layer,
  ListsRepo.layer,
  MediaCacheRepo.layer,
  MediaRepo.layer,
  MessagesRepo.layer,
  MetricsRepo.layer,
  NodesRepo.layer,
  OutboxRepo.layer,
  PaymentsRepo.layer,
  PlansRepo.layer,
  RecordingsRepo.layer,
  SessionsRepo.layer,
  TrackingSettingsRepo.layer,
  ShotQueueRepo.layer,
  ShotsRepo.layer,
  RollupsRepo.layer,
  TurnsRepo.layer,
  UpdatesRepo.layer,
  UsersRepo.layer
)

const Ground = Layer.mergeAll(Repos, TelegramClient.layer, Changes.layer).pipe(Layer.provideMerge(MigratedDatabase))

/** The bytes of media, and how those given by an address get there when a message is saved. */
const MediaIn = UrlImportLayer.pipe(
  Layer.provide(AddressPolicy.layer),
  Layer.provideMerge(Layer.mergeAll(MediaStore.layer, Spool.layer))
)

/** Bots with their texts, plans and tokens, and what may be done to them: what most commands need. */
export const BotsLayer = Layer.merge(BotAdmin.layer, Alerts.layer).pipe(
  Layer.provideMerge(Webhooks.layer),
  Layer.provideMerge(Bots.layer),
  Layer.provideMerge(Catalogue.layer),
  Layer.provideMerge(Layer.merge(TokenVault.layer, MediaIn)),
  Layer.provideMerge(Ground)
)

/** A bot's whole funnel out, in, and into a copy of the bot; stands on `BotsLayer`. */
export const FunnelLayer = BotCopy.layer.pipe(
  Layer.provideMerge(FunnelTransfer.layer),
  Layer.provide(MediaLibrary.layer)
)

const PaymentsLayer = Layer.mergeAll(Checkout.layer, Reconciliation.layer, Refunds.layer, GatewayFees.layer).pipe(
  Layer.provideMerge(WebhookInbox.layer),
  Layer.provideMerge(Settlement.layer),
  Layer.provideMerge(Layer.merge(Gateways.layer, Reports.layer)),
  Layer.provideMerge(Outbox.layer)
)

const MediaLayer = Layer.mergeAll(MediaLibrary.layer, WarmupLayer)

const ShotsLayer = ShotAdmin.layer.pipe(Layer.provideMerge(ShotStart.layer), Layer.provideMerge(Preview.layer))

const DownsellsLayer = Layer.merge(Simulation.layer, DownsellAdmin.layer)

const Capabilities = Layer.mergeAll(
  Tracking.layer,
  Erasure.layer,
  MediaLayer,
  ShotsLayer,
  DownsellsLayer,
  FunnelLayer
).pipe(
  Layer.provideMerge(PaymentsLayer),
  Layer.provideMerge(Sender.layer),
  Layer.provideMerge(Attachments.layer),
  Layer.provideMerge(BotsLayer)
)

/** From the inbox to the answer. */
const Updates = Layer.merge(Polling.layer, DeadLetters.layer).pipe(
  Layer.provideMerge(Recovery.layer),
  Layer.provideMerge(Inbox.layer),
  Layer.provideMerge(Overflow.layer),
  Layer.provideMerge(Dispatcher.layer),
  Layer.provideMerge(Handling.layer),
  Layer.provideMerge(Handlers.layer),
  Layer.provideMerge(Layer.merge(Recorder.layer, Footing.layer)),
  Layer.provideMerge(Turns.layer)
)

/**
 * Everything that works without a door: the inbox with its engine, payments, deliveries. Side by side, so that a stop
 * waits for the slowest of them and not for one after the other.
 */
export const EngineLayer = Layer.mergeAll(
  Updates,
  outboxWorkerLayer.pipe(Layer.provide(DeliveryLayer), Layer.provide(ReportHandlers.layer)),
  Layer.mergeAll(DownsellSending.layer, ShotSending.layer).pipe(Layer.provideMerge(BulkLeases.layer))
).pipe(
  Layer.provideMerge(Layer.mergeAll(Node.layer, Pressure.layer, Leftovers.layer)),
  Layer.provideMerge(Capabilities)
)
