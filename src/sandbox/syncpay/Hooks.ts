import { randomBytes } from "node:crypto"

/** A webhook that was registered for the whole account. */
export interface Hook {
  readonly id: number
  title: string
  url: string
  event: string
  readonly token: string
  readonly createdAt: Date
}

/** What a seller registered, in the panel or by the API. */
export class Hooks {
  readonly all = new Map<number, Hook>()
  #last = 0

  add(fields: Pick<Hook, "title" | "url" | "event">): Hook {
    const hook = { ...fields, id: ++this.#last, token: randomBytes(24).toString("hex"), createdAt: new Date() }
    this.all.set(hook.id, hook)
    return hook
  }

  /** Those that want to hear of it. */
  for(...events: ReadonlyArray<string>): ReadonlyArray<Hook> {
    return [...this.all.values()].filter(({ event }) => events.includes(event))
  }
}

/** As the API shows it; the token only at its birth. */
export const hookBody = (hook: Hook, withToken: boolean): Record<string, unknown> => ({
  id: hook.id,
  title: hook.title,
  url: hook.url,
  event: hook.event,
  trigger_all_products: true,
  ...(withToken ? { token: hook.token } : {}),
  created_at: hook.createdAt.toISOString().replace("T", " ").slice(0, 19),
  updated_at: hook.createdAt.toISOString().replace("T", " ").slice(0, 19)
})
