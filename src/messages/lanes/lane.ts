/** `reply` answers a person who waits, `downsell` and `shot` are bulk (design, section 3.5). */
export type Lane = "reply" | "downsell" | "shot"

export const lanes: ReadonlyArray<Lane> = ["reply", "downsell", "shot"]

/** The lower, the earlier its turn. */
export const rankOf: Readonly<Record<Lane, number>> = { reply: 0, downsell: 1, shot: 2 }
