import { Effect, Layer } from "effect"
import { Alerts } from "../bots/Alerts.ts"
import { OutboxRepo } from "../repo/OutboxRepo.ts"
import { UpdatesRepo } from "../repo/UpdatesRepo.ts"
import { MetricsJobs } from "./metricsJobs.ts"
import { Scheduler } from "./Scheduler.ts"
import { DownsellJobs } from "./downsellJobs.ts"
import { PaymentJobs } from "./paymentJobs.ts"
import { ShotJobs } from "./shotJobs.ts"
import { TrackingJobs } from "./trackingJobs.ts"

/** The inbox keeps updates this long: Telegram repeats one for at most 24 h (facts/telegram, section 1). */
const inboxHours = 48
/** What arrived is of use for a look back; what did not can be sent again by hand for longer than any rule allows. */
const sentDays = 30
const failedDays = 90
/** At once, so that nobody waits long for the rows that go. */
const deliveriesAtOnce = 5_000

/** The named jobs of the service. */
const Jobs = Layer.effectDiscard(
  Effect.gen(function* () {
    const scheduler = yield* Scheduler
    const alerts = yield* Alerts
    const updates = yield* UpdatesRepo
    const outbox = yield* OutboxRepo

    yield* scheduler.add({
      name: "alerts",
      title: "avisar o operador do que não pode esperar",
      every: "30 seconds",
      traced: false,
      owner: "one",
      run: () => alerts.look
    })
    yield* scheduler.add({
      name: "retention",
      title: "apagar mensagens antigas da caixa de entrada",
      every: "1 hour",
      owner: "one",
      run: () => Effect.asVoid(updates.deleteOlderThan(inboxHours))
    })
    yield* scheduler.add({
      name: "outbox-retention",
      title: "apagar entregas antigas",
      every: "1 hour",
      owner: "one",
      run: () =>
        Effect.map(outbox.deleteOld(sentDays, failedDays, deliveriesAtOnce), (gone) =>
          gone < deliveriesAtOnce ? undefined : 1_000
        )
    })
  })
)

export const SchedulerLayer = Layer.mergeAll(Jobs, MetricsJobs, TrackingJobs, PaymentJobs, DownsellJobs, ShotJobs).pipe(
  Layer.provideMerge(Scheduler.layer)
)
