import { Cause, Console, Effect, Latch, type Scope } from "effect"
import { Sandbox } from "../Sandbox.ts"
import type { SandboxError } from "../SandboxError.ts"
import type { User } from "../telegram/wire.ts"
import { Timers } from "../Timers.ts"
import type { Banks } from "./Banks.ts"
import { html } from "./html.ts"
import type { Live } from "./Live.ts"
import { stranger } from "./names.ts"
import { funnel } from "./parts/funnel.ts"
import { type LogLine, logLine, readLine } from "./parts/log.ts"
import { messages } from "./parts/message.ts"
import { phone, state, tools } from "./parts/phone.ts"
import type { Seller } from "./Seller.ts"

/** How many lines of the log stay on the page. */
const LINES = 200

/** A line is written when something was done; the tables know of it a moment later. */
const recordedWithinMs = 1_200

/** Changes of one moment are drawn together. */
const drawEvery = "40 millis"

export interface Stage {
  /** Somebody new, with a telephone on the page. */
  readonly addPerson: Effect.Effect<User, SandboxError>
}

/** Keeps the page true: hears chats, charges and the log, and draws what they touch. */
export const makeStage = Effect.fnUntraced(function* (
  live: Live,
  seller: Seller,
  banks: Banks
): Effect.fn.Return<Stage, SandboxError, Sandbox | Scope.Scope> {
  const { telegram } = yield* Sandbox
  const people = new Map<number, User>()
  const lines: Array<LogLine> = []
  const changed = Latch.makeUnsafe(false)
  const dirty = new Set<"log" | "numbers" | number>()
  let written = 0
  let later = false
  const timers = yield* Effect.acquireRelease(
    Effect.sync(() => new Timers()),
    (made) => Effect.sync(() => made.close())
  )

  const touch = (...parts: ReadonlyArray<"log" | "numbers" | number>) => {
    for (const part of parts) dirty.add(part)
    changed.openUnsafe()
  }

  const drawPerson = Effect.fnUntraced(function* (person: User) {
    const chat = yield* telegram.chat(seller.botToken, person)
    live.show(`chat${person.id}`, messages(person.id, chat, yield* banks.charges))
    live.show(`state${person.id}`, state(person, yield* telegram.isBlocked(seller.botToken, person)))
  })

  /** What only the service knows; it may be starting or stopping. */
  const drawNumbers = Effect.gen(function* () {
    for (const person of people.values()) {
      if (seller.time !== undefined) live.show(`tools${person.id}`, tools(person, yield* seller.time.next(person.id)))
    }
    live.show("funnel", funnel(yield* seller.metrics))
  }).pipe(Effect.ignore)

  const draw = Effect.gen(function* () {
    yield* changed.await
    yield* Effect.sleep(drawEvery)
    changed.closeUnsafe()
    const parts = [...dirty]
    dirty.clear()
    for (const part of parts) {
      if (part === "log") live.show("log", html`${lines.map(logLine)}`)
      else if (part === "numbers") yield* drawNumbers
      else if (people.has(part)) yield* drawPerson(people.get(part)!)
    }
  }).pipe(
    Effect.catchCause((cause) =>
      Cause.hasInterruptsOnly(cause)
        ? Effect.interrupt
        : Console.error(`✘ O simulador não conseguiu desenhar: ${Cause.pretty(cause)}`)
    )
  )

  yield* telegram.onChat((_, chatId) => touch(chatId))
  yield* banks.onCharge(() => touch(...people.keys()))
  yield* seller.onLine((line) => {
    lines.push(readLine(line, ++written))
    if (lines.length > LINES) lines.shift()
    touch("log", "numbers")
    if (later) return
    later = true
    timers.after(recordedWithinMs, () => {
      later = false
      touch("numbers")
    })
  })
  yield* Effect.forkScoped(Effect.forever(draw))
  touch("numbers")

  return {
    addPerson: Effect.gen(function* () {
      const person = yield* telegram.person(stranger(people.size))
      people.set(person.id, person)
      live.show("phones", html`${[...people.values()].map((one) => phone(one, seller.botName))}`)
      touch(person.id, "numbers")
      return person
    })
  }
})
