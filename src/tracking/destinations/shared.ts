import { Option } from "effect"
import type { Bots } from "../../bots/Bots.ts"
import { type BotTracking, untracked } from "../../domain/tracking.ts"
import type { ReportFacts } from "../../repo/ReportFactsRepo.ts"

/** As the bot says now; what belongs to no bot any more has the defaults. */
export const trackingOf = (bots: Pick<Bots["Service"], "byId">, botId: number | null): BotTracking =>
  Option.match(bots.byId(botId ?? 0), { onNone: () => untracked, onSome: ({ tracking }) => tracking })

/** Whether something personal may be told of this visitor. */
export const isAgreed = ({ consentRequired }: BotTracking, { consent }: ReportFacts): boolean =>
  !consentRequired || consent === true
