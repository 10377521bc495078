import { Effect, type Scope } from "effect"
import { Watch } from "../../src/sandbox/Watch.ts"
import type { SandboxError } from "../../src/sandbox/SandboxError.ts"

interface Shown {
  readonly id: string
  readonly html: string
}

/** An open page of the simulator: what each of its elements was told to hold. */
export const livePage = Effect.fnUntraced(function* (url: string): Effect.fn.Return<
  {
    /** What the element holds as soon as it matches. */
    readonly has: (id: string, words: RegExp) => Effect.Effect<string, SandboxError>
    readonly everything: () => string
  },
  never,
  Scope.Scope
> {
  const shown = new Map<string, Shown>()
  const watch = new Watch<Shown>()
  const signal = yield* Effect.abortSignal
  const response = yield* Effect.promise(() => fetch(`${url}/live`, { signal }))
  void read(response, (event) => {
    shown.set(event.id, event)
    watch.emit(event)
  })
  return {
    has: (id, words) =>
      watch
        .collect(shown.values(), (event) => event.id === id && words.test(event.html), {
          count: 1,
          timeoutMs: 5_000,
          what: `${words} em ${id}`
        })
        .pipe(Effect.map(([event]) => event!.html)),
    everything: () => [...shown.values()].map(({ html }) => html).join("\n")
  }
})

const read = async (response: Response, hear: (event: Shown) => void): Promise<void> => {
  let rest = ""
  try {
    for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
      const events = (rest + text).split("\n\n")
      rest = events.pop() ?? ""
      for (const event of events) hear(JSON.parse(event.slice("data: ".length)) as Shown)
    }
  } catch {
    // The test is over and took the page with it.
  }
}
