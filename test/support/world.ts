import { Context, Effect, Layer } from "effect"
import { Sandbox, type SandboxOptions } from "../../src/sandbox/Sandbox.ts"
import { TestDatabase, testDatabaseUrl } from "./postgres.ts"
import { type ServiceProcess, startService } from "./service.ts"
import { openShop, type Shop } from "./shop.ts"

interface WorldOptions extends SandboxOptions {
  readonly publicUrl?: boolean
  /** On top of what the stand-ins ask for. */
  readonly env?: Readonly<Record<string, string>>
}

/** A running process with the stand-ins around it and a shop in it, for many cases. */
export class World extends Context.Service<
  World,
  {
    readonly sandbox: Sandbox["Service"]
    readonly service: ServiceProcess
    readonly shop: Shop
    /** What another process needs to join in. */
    readonly env: Readonly<Record<string, string>>
  }
>()("test/World") {
  static readonly layerWith = (options: WorldOptions = {}) =>
    Layer.effect(
      World,
      Effect.gen(function* () {
        const sandbox = yield* Sandbox
        const env = { ...sandbox.env, DATABASE_URL: yield* testDatabaseUrl, ...options.env }
        const service = yield* startService({ env, publicUrl: options.publicUrl ?? true })
        return { sandbox, service, shop: yield* openShop(service, sandbox), env }
      })
    ).pipe(Layer.provideMerge([Sandbox.layerWith(options), TestDatabase.layer]))
}
