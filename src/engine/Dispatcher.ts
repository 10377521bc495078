import { Context, Effect, FiberSet, Layer } from "effect"
import { Backlog } from "../db/Backlog.ts"
import * as Log from "../log/Log.ts"
import { telemetry } from "../log/telemetry.ts"
import { surviving } from "../repo/surviving.ts"
import { type UpdateKey, UpdatesRepo } from "../repo/UpdatesRepo.ts"
import { Handling } from "./Handling.ts"
import type { UpdateJob } from "./job.ts"
import { Leftovers } from "./Leftovers.ts"
import { Line } from "./Line.ts"
import { Node } from "./Node.ts"
import { Present } from "./Present.ts"
import { Pressure } from "./Pressure.ts"
import { isQuiet } from "./quiet.ts"
import { Turns } from "./Turns.ts"

const quietBatch = 1_000

/** Running handlers get this long to finish at a stop; the rest is given back to the inbox. */
const drainTimeout = "3 seconds"

/**
 * Runs committed updates: one person of one bot strictly one after another, different people side by side. What is
 * here is also in the inbox table, so nothing is lost with the process.
 */
export class Dispatcher extends Context.Service<
  Dispatcher,
  {
    /** Synchronous hand-over. An update that is here already is not taken twice. */
    readonly offer: (job: UpdateJob) => void
    /**
     * Takes what was found waiting in the database, except what is here or ended while the question was under way.
     * Answers how many were found and how many of them taken.
     */
    readonly adopt: <E>(
      find: Effect.Effect<ReadonlyArray<UpdateJob>, E>
    ) => Effect.Effect<{ readonly found: number; readonly adopted: number }, E>
    /** What is offered while `work` runs begins behind what `work` adopts. */
    readonly holdingBack: <A, E, R>(work: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
    /** Updates waiting or running in this process. */
    readonly size: () => number
  }
>()("funil/engine/Dispatcher") {
  static readonly layer = Layer.effect(
    Dispatcher,
    Effect.suspend(() => make)
  )
}

const make = Effect.gen(function* () {
  const handling = yield* Handling
  const leftovers = yield* Leftovers
  const node = yield* Node
  const pressure = yield* Pressure
  const turns = yield* Turns
  const updates = yield* UpdatesRepo
  const fibers = yield* FiberSet.make<void>()
  const fork = yield* FiberSet.runtime(fibers)<never>()
  const lines = new Map<string, Line>()
  const present = new Present()
  const quiet = new Backlog<UpdateJob>()
  const watchers = new Set<Set<string>>()
  let stopping = false
  yield* telemetry.updatesInProcess.watch({}, () => present.size)

  const over = (job: UpdateJob) => {
    present.delete(job)
    for (const ended of watchers) ended.add(jobKey(job))
  }

  /** What breaks here must not hold the person's later updates; the database still has this one. */
  const broken = (jobs: ReadonlyArray<UpdateJob>) => Effect.sync(() => jobs.forEach(leftovers.add))

  const abandoned = (name: string, line: Line) =>
    Effect.andThen(
      broken(line.jobs),
      Effect.sync(() => {
        lines.delete(name)
        line.jobs.forEach(over)
      })
    )

  const runNext = (line: Line) =>
    Effect.suspend(() => {
      const job = line.begin()
      // They came before this one had begun; whoever comes from now on is told when he comes.
      for (const other of line.along()) fork(handling.acknowledge(other))
      return handling
        .run(job, () => line.along())
        .pipe(
          Effect.catchCause((cause) =>
            Effect.logError(`[ERRO] O atendimento da mensagem ${job.updateId} parou`, cause).pipe(
              Effect.andThen(broken([job])),
              Effect.as([job])
            )
          )
        )
    })

  const inTurn = (line: Line) => {
    const { botId, personId } = line
    if (personId === null) return runNext(line)
    return turns.during({ botId, personId, nextUpdateId: () => line.nextUpdateId() }, runNext(line))
  }

  const drain = (name: string, line: Line) =>
    Effect.whileLoop({
      while: () => !line.isEmpty && !stopping,
      body: () => inTurn(line),
      step: (ended) => {
        line.finish(ended)
        ended.forEach(over)
        if (line.isEmpty) lines.delete(name)
      }
    }).pipe(
      Effect.onError(() => abandoned(name, line)),
      Log.logged("O atendimento de uma pessoa")
    )

  /** Absent while nobody holds back. */
  let heldBack: Array<UpdateJob> | undefined

  const offer = (job: UpdateJob) => {
    if (present.has(job) || stopping) return
    present.add(job)
    if (heldBack === undefined) begin(job)
    else heldBack.push(job)
  }

  const begin = (job: UpdateJob) => {
    if (isQuiet(job)) {
      quiet.push(job)
      return
    }
    const name = lineKey(job)
    const line = lines.get(name)
    if (line !== undefined) {
      line.add(job)
      if (line.isAnsweredAlong(job)) fork(handling.acknowledge(job))
      return
    }
    const started = new Line(job)
    lines.set(name, started)
    fork(drain(name, started))
  }

  const adopt = <E>(find: Effect.Effect<ReadonlyArray<UpdateJob>, E>) =>
    Effect.suspend(() => {
      const ended = new Set<string>()
      watchers.add(ended)
      return Effect.map(find, (jobs) => {
        const missing = jobs.filter((job) => !present.has(job) && !ended.has(jobKey(job)))
        for (const job of missing) {
          if (stopping) break
          present.add(job)
          begin(job)
        }
        return { found: jobs.length, adopted: missing.length }
      }).pipe(Effect.onExit(() => Effect.sync(() => void watchers.delete(ended))))
    })

  const holdingBack = <A, E, R>(work: Effect.Effect<A, E, R>) =>
    Effect.suspend(() => {
      heldBack = []
      return Effect.onExit(work, () =>
        Effect.sync(() => {
          const jobs = heldBack ?? []
          heldBack = undefined
          jobs.forEach(begin)
        })
      )
    })

  node.onSuccession((formerly, name) =>
    Effect.gen(function* () {
      const jobs = present.all().filter((job) => job.hold.owner === formerly)
      if (jobs.length === 0) return
      const kept = new Set((yield* updates.retain(formerly, name, jobs)).map(jobKey))
      for (const job of jobs) {
        if (kept.has(jobKey(job))) job.hold.owner = name
        else job.hold.lost = true
      }
      yield* Log.warn(`[AVISO] ${jobs.length - kept.size} atendimentos passaram para outro processo`)
    })
  )

  // Order does not matter among these: a person's row keeps the latest of what it is told, events carry their time.
  yield* Effect.gen(function* () {
    yield* quiet.some
    yield* pressure.ease
    const jobs = quiet.take(quietBatch)
    yield* Effect.onError(handling.runQuiet(jobs), () => broken(jobs)).pipe(
      Effect.ensuring(Effect.sync(() => jobs.forEach(over)))
    )
  }).pipe(surviving("O registro das mensagens sem resposta"), Effect.forkScoped)

  yield* Effect.addFinalizer(() => {
    stopping = true
    return Effect.asVoid(Effect.timeoutOption(FiberSet.awaitEmpty(fibers), drainTimeout))
  })

  return Dispatcher.of({ offer, adopt, holdingBack, size: () => present.size })
})

const jobKey = ({ botId, updateId }: UpdateKey) => `${botId}:${updateId}`

/** Updates of nobody in particular do not wait for each other. */
const lineKey = (job: UpdateJob) =>
  job.personId === null ? `${job.botId}:u${job.updateId}` : `${job.botId}:${job.personId}`
