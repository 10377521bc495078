import { Effect, Semaphore } from "effect"

/** One holder per name at a time in this process. Several names are taken in one order, so that nobody waits in a ring. */
export const makeLocks = () => {
  const held = new Map<string, { readonly semaphore: Semaphore.Semaphore; users: number }>()

  const one =
    (name: string) =>
    <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
      Effect.suspend(() => {
        const lock = held.get(name) ?? { semaphore: Semaphore.makeUnsafe(1), users: 0 }
        held.set(name, lock)
        lock.users++
        return Effect.ensuring(
          Semaphore.withPermit(lock.semaphore)(work),
          Effect.sync(() => {
            lock.users--
            if (lock.users === 0) held.delete(name)
          })
        )
      })

  return (names: Iterable<string>) =>
    <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
      [...new Set(names)].toSorted().reduceRight((inner, name) => one(name)(inner), work)
}
