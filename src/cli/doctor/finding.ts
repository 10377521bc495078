/** One thing that was looked at. `todo` says what to do about it, in one sentence. */
export interface Finding {
  readonly what: string
  /** `off`: not used here, which is no fault. */
  readonly state: "good" | "bad" | "off"
  readonly detail: string
  readonly todo?: string
}

export const good = (what: string, detail: string): Finding => ({ what, state: "good", detail })

export const off = (what: string, detail: string): Finding => ({ what, state: "off", detail })

export const bad = (what: string, detail: string, todo: string): Finding => ({ what, state: "bad", detail, todo })

const MARKS = { good: "✔", bad: "✘", off: "–" } as const

export const lineOf = ({ what, state, detail, todo }: Finding): string =>
  `${MARKS[state]} ${what}: ${detail}${todo === undefined ? "" : `\n    → ${todo}`}`
