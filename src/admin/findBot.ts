import { Effect } from "effect"
import type { Bots } from "../bots/Bots.ts"
import { notFound } from "../bots/refusals.ts"

/** The bot of an address. */
export const findBot = (bots: Bots["Service"]) => (slug: string | undefined) =>
  Effect.mapError(Effect.fromOption(bots.find(slug ?? "")), () => notFound("Este bot não existe."))
