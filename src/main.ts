import { Layer } from "effect"
import { boot } from "./boot.ts"
import { HttpServerLive } from "./http/HttpServerLive.ts"
import { EngineLayer } from "./layers.ts"
import { OtlpLayer } from "./log/otlp.ts"
import { SchedulerLayer } from "./scheduler/jobs.ts"
import { WelcomeLayer } from "./welcome.ts"

// The door opens last and closes first; the jobs and the engine run under it as long as it is open.
const Service = WelcomeLayer.pipe(
  Layer.provideMerge(HttpServerLive),
  Layer.provideMerge(SchedulerLayer),
  Layer.provideMerge(EngineLayer),
  Layer.provide(OtlpLayer)
)

boot(Layer.launch(Service))
