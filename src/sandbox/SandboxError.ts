import { Effect, Schema } from "effect"

/** What went wrong when a test, a benchmark or the simulator drove a stand-in. Never part of the imitated APIs. */
export class SandboxError extends Schema.TaggedError<SandboxError>()("SandboxError", {
  reason: Schema.Literals(["unknown", "invalid", "timeout", "listen", "not_possible"]),
  message: Schema.String
}) {
  get retryable(): boolean {
    return this.reason === "timeout"
  }
}

export const unknown = (what: string): SandboxError => new SandboxError({ reason: "unknown", message: what })

export const notPossible = (why: string): SandboxError => new SandboxError({ reason: "not_possible", message: why })

/** Lifts the stand-ins' plain code into Effect: a thrown SandboxError is a failure, anything else a defect. */
export const attempt = <A>(run: () => A): Effect.Effect<A, SandboxError> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(run())
    } catch (error) {
      return refused(error)
    }
  })

/** The same for code that goes on in a promise, which itself never fails. */
export const attemptAsync = <A>(run: () => Promise<A>): Effect.Effect<A, SandboxError> =>
  Effect.suspend(() => {
    try {
      const running = run()
      return Effect.promise(() => running)
    } catch (error) {
      return refused(error)
    }
  })

const refused = (error: unknown): Effect.Effect<never, SandboxError> =>
  error instanceof SandboxError ? Effect.fail(error) : Effect.die(error)
