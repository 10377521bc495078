import { Effect } from "effect"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { telemetry } from "./telemetry.ts"

const resolutionMs = 20

/** What this process costs: memory, processor, and how late its event loop runs; read when somebody looks. */
export const watchProcess = Effect.gen(function* () {
  telemetry.buildInfo.record({ version: telemetry.buildInfo.labels.version[0] }, 1)
  telemetry.startTime.record({}, Math.round(Date.now() / 1000 - process.uptime()))
  const lag = yield* eventLoopLag
  yield* telemetry.eventLoopLag.watch({}, lag)
  yield* telemetry.residentMemory.watch({}, () => process.memoryUsage.rss())
  yield* telemetry.heapUsed.watch({}, () => process.memoryUsage().heapUsed)
  yield* telemetry.heapTotal.watch({}, () => process.memoryUsage().heapTotal)
  yield* telemetry.cpu.watch({}, () => {
    const { system, user } = process.cpuUsage()
    return (system + user) / 1e6
  })
})

/** p99 of the time since the last look; several looks within a second get the same answer. */
const eventLoopLag = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => {
      const histogram = monitorEventLoopDelay({ resolution: resolutionMs })
      histogram.enable()
      return histogram
    }),
    (histogram) => Effect.sync(() => histogram.disable())
  ),
  (histogram) => {
    let lookedMs = 0
    let seconds = 0
    return () => {
      if (performance.now() - lookedMs < 1000) return seconds
      lookedMs = performance.now()
      // The interval between two samples is measured, its own length included.
      seconds = Math.max(0, histogram.percentile(99) / 1e9 - resolutionMs / 1000)
      histogram.reset()
      return seconds
    }
  }
)
