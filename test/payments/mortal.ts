import { Effect, Layer } from "effect"
import { AccessRepo } from "../../src/repo/AccessRepo.ts"
import { GatewayEventsRepo } from "../../src/repo/GatewayEventsRepo.ts"
import { OutboxRepo } from "../../src/repo/OutboxRepo.ts"
import { PaymentsRepo } from "../../src/repo/PaymentsRepo.ts"

/**
 * When a process dies: at its n-th step in the database, before it or after it. From then on nothing that it does gets
 * through any more, as after kill -9; PostgreSQL rolls back what was open.
 */
export class Fuse {
  steps = 0
  dead = false
  readonly at: number
  readonly after: boolean

  constructor(at: number, after: boolean) {
    this.at = at
    this.after = after
  }

  guard<A, E, R>(step: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.suspend(() => {
      if (this.dead) return died
      this.steps += 1
      if (this.steps < this.at) return step
      this.dead = true
      return this.after ? Effect.andThen(step, died) : died
    })
  }
}

const died = Effect.die("o processo morreu")

const mortal = <Service extends object>(service: Service, fuse: Fuse): Service =>
  Object.fromEntries(
    Object.entries(service).map(([name, member]) => [
      name,
      Effect.isEffect(member)
        ? fuse.guard(member)
        : (...given: ReadonlyArray<unknown>) =>
            fuse.guard((member as (...given: ReadonlyArray<unknown>) => Effect.Effect<unknown>)(...given))
    ])
  ) as Service

/** The repositories of payments, through which a process dies when its fuse says so. */
export const mortalRepos = (fuse: Fuse) =>
  Layer.mergeAll(
    Layer.effect(
      PaymentsRepo,
      Effect.map(PaymentsRepo, (repo) => mortal(repo, fuse))
    ),
    Layer.effect(
      GatewayEventsRepo,
      Effect.map(GatewayEventsRepo, (repo) => mortal(repo, fuse))
    ),
    Layer.effect(
      OutboxRepo,
      Effect.map(OutboxRepo, (repo) => mortal(repo, fuse))
    ),
    Layer.effect(
      AccessRepo,
      Effect.map(AccessRepo, (repo) => mortal(repo, fuse))
    )
  )
