import { Effect } from "effect"
import { noCounts } from "../../repo/shots/counts.ts"
import { exceedsErrors } from "../../domain/shot.ts"
import * as Log from "../../log/Log.ts"
import type { BulkLease } from "../../repo/BulkLeasesRepo.ts"
import type { ShotQueueRepo } from "../../repo/ShotQueueRepo.ts"
import type { ShotsRepo } from "../../repo/ShotsRepo.ts"
import type { LiveShot } from "./LiveShot.ts"
import type { Outcome } from "./outcome.ts"

const paceEveryMs = 5_000
/** So many failures of one shot are named one by one; after that its numbers tell. */
const namedFailures = 20

interface Given {
  readonly queue: ShotQueueRepo["Service"]
  readonly shots: ShotsRepo["Service"]
}

/** What follows from outcomes for their shot: how fast it goes, whether it fails too often, and its end. */
export const makeTallies = ({ queue, shots }: Given) => {
  const fieldsOf = (shot: LiveShot) => ({ slug: shot.row.bot, shot_id: shot.row.id })

  const report = (shot: LiveShot, outcome: Outcome, telegramId: number) => {
    const fields = { ...fieldsOf(shot), telegram_id: telegramId, event_name: "shot_send" }
    if (outcome.status === "sent") {
      return Effect.logDebug(`[BOT][SHOT] Disparo "${shot.row.title}" enviado para ${telegramId}`, fields)
    }
    return shot.failed + shot.blocked > namedFailures
      ? Effect.void
      : Log.warn(`[AVISO] Falha ao enviar o disparo "${shot.row.title}" para ${telegramId}: ${outcome.error}`, fields)
  }

  const pace = (shot: LiveShot) => {
    const ms = performance.now() - shot.savedAt
    if (ms < paceEveryMs) return Effect.void
    const perSecond = (shot.sentSinceSaved / ms) * 1000
    shot.sentSinceSaved = 0
    shot.savedAt = performance.now()
    return Effect.ignore(shots.savePace(shot.row.id, perSecond))
  }

  /** What was tried before this process had the shot counts too. */
  const stopIfFailing = Effect.fnUntraced(function* (shot: LiveShot) {
    if (shot.over || !exceedsErrors(shot.failed, shot.attempted, shot.row.errorLimitPercent)) return
    const { attempted, failed } = yield* queue.tally(shot.row.id)
    if (!exceedsErrors(failed, attempted, shot.row.errorLimitPercent)) return
    const reason = `${failed} de ${attempted} mensagens falharam`
    if (!(yield* shots.move(shot.row.id, ["sending"], "paused", reason))) return
    shot.over = true
    yield* Log.error(
      `[ERRO] O disparo "${shot.row.title}" do bot ${shot.row.bot} foi pausado: ${reason}. Veja o motivo e retome quando quiser`,
      { ...fieldsOf(shot), event_name: "shot_stopped" }
    )
  })

  const landed = (shot: LiveShot, outcome: Outcome, telegramId: number): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (outcome.status === "pending") return Effect.void
      shot.attempted += 1
      shot.sentSinceSaved += 1
      if (outcome.status === "blocked") shot.blocked += 1
      const isFailure = outcome.status === "failed" || outcome.status === "ambiguous"
      if (isFailure) shot.failed += 1
      const follow = isFailure ? Effect.ignore(stopIfFailing(shot)) : pace(shot)
      return Effect.andThen(report(shot, outcome, telegramId), follow)
    })

  const finish = Effect.fnUntraced(function* (shot: LiveShot, lease: BulkLease) {
    if (!(yield* shots.finish(shot.row.id))) {
      yield* queue.giveUp(lease, shot.row.id)
      return false
    }
    shot.over = true
    const counts = (yield* shots.counts([shot.row.id])).get(shot.row.id) ?? noCounts
    yield* Log.info(
      `[SHOT][FIM] Disparo "${shot.row.title}" do bot ${shot.row.bot} terminou: ${counts.sent} enviadas, ` +
        `${counts.blocked} bloqueadas, ${counts.skipped} dispensadas, ${counts.failed} com falha, ${counts.ambiguous} sem confirmação`,
      { ...fieldsOf(shot), event_name: "shot_done" }
    )
    return true
  })

  return { landed, finish }
}
