import { Context, Effect, Layer, Schedule } from "effect"
import { makeBatcher } from "../db/Batcher.ts"
import { type TurnAsked, type TurnKey, TurnsRepo } from "../repo/TurnsRepo.ts"
import { Node } from "./Node.ts"

/** How often a process looks whether another one is through with a person. */
const lookEvery = "50 millis"
const whileDatabaseIsAway = Schedule.spaced("500 millis")

/** A person whose updates this process handles one after another. */
export interface Seeker extends TurnKey {
  /** The first update that waits; it may become another one while the turn is waited for. */
  readonly nextUpdateId: () => number
}

interface Place extends Seeker {
  /** Its work is under way; until then it waits. */
  begun: boolean
  /** Its row in the database is ours. */
  held: boolean
}

/**
 * One person of one bot is served by one process at a time, in the order of the updates. As long as there is one
 * process only, that is so by itself and costs nothing; with company, each update takes the person's row in
 * `person_turns` and gives it back.
 */
export class Turns extends Context.Service<
  Turns,
  {
    readonly during: <A, E, R>(seeker: Seeker, work: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
    /** In the midst of it: returns when the turn is ours also among those who came since it began. */
    readonly keep: (key: TurnKey) => Effect.Effect<void>
  }
>()("funil/engine/Turns") {
  static readonly layer = Layer.effect(
    Turns,
    Effect.gen(function* () {
      const node = yield* Node
      const turns = yield* TurnsRepo
      const places = new Map<string, Place>()

      const ask = yield* makeBatcher({
        maxSize: 500,
        concurrency: 1,
        run: (asked: ReadonlyArray<TurnAsked>) => turns.take(node.id(), asked)
      })
      const giveBack = yield* makeBatcher({
        maxSize: 500,
        concurrency: 1,
        run: (keys: ReadonlyArray<TurnKey>) =>
          turns.release(node.id(), keys).pipe(Effect.retry(whileDatabaseIsAway), Effect.as(keys), Effect.orDie)
      })

      /** To be asked and answered in one breath, so that nobody begins unseen by `beforeCompany`. */
      const mayBegin = (place: Place) => {
        place.begun ||= place.held || node.alone()
        return place.begun
      }

      const take = Effect.fnUntraced(function* (place: Place, asking: (place: Place) => Effect.Effect<boolean>) {
        while (true) {
          yield* node.certainty
          place.held = yield* asking(place)
          if (place.held || node.alone()) return
          yield* Effect.sleep(lookEvery)
        }
      })
      const inOrder = ({ botId, nextUpdateId, personId }: Place) =>
        Effect.orElseSucceed(ask({ botId, personId, updateId: nextUpdateId() }), () => false)
      const inAnyOrder = (place: Place) =>
        turns.claim(node.id(), [place]).pipe(
          Effect.map(([granted]) => granted === true),
          Effect.orElseSucceed(() => false)
        )

      node.beforeCompany(
        Effect.suspend(() => {
          const unheld = [...places.values()].filter((place) => place.begun && !place.held)
          if (unheld.length === 0) return Effect.void
          return Effect.map(turns.claim(node.id(), unheld), (granted) =>
            unheld.forEach((place, index) => {
              place.held = granted[index] === true
            })
          )
        })
      )
      node.onSuccession(() =>
        Effect.sync(() => {
          for (const place of places.values()) place.held = false
        })
      )

      const begin = Effect.fnUntraced(function* (place: Place) {
        while (!mayBegin(place)) yield* take(place, inOrder)
      })

      const during = <A, E, R>(seeker: Seeker, work: Effect.Effect<A, E, R>) =>
        Effect.suspend(() => {
          const place: Place = { ...seeker, begun: false, held: false }
          const key = keyOf(place)
          places.set(key, place)
          const end = Effect.sync(() => void places.delete(key))
          return (mayBegin(place) ? work : Effect.andThen(begin(place), work)).pipe(
            Effect.onExit(() => end),
            Effect.tap(() => (place.held ? giveBack(place) : Effect.void))
          )
        })

      const keep = (key: TurnKey) =>
        Effect.suspend(() => {
          const place = places.get(keyOf(key))
          return place === undefined || place.held || node.alone() ? Effect.void : take(place, inAnyOrder)
        })

      return Turns.of({ during, keep })
    })
  )
}

const keyOf = ({ botId, personId }: TurnKey) => `${botId}:${personId}`
