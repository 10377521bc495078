import { type Hours } from "./hours.ts"
import type { MessageContent } from "./content.ts"

/** An offer that follows a /start or an unpaid PIX by itself, as those who send it need it. */
export interface Downsell {
  readonly id: number
  readonly name: string
  readonly active: boolean
  /** When it may leave; without it, at any time. */
  readonly hours: Hours | undefined
  readonly contents: ReadonlyArray<MessageContent>
}
