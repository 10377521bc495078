import { Effect } from "effect"
import * as Log from "../../log/Log.ts"
import type { ChargeState } from "../PaymentGateway.ts"

/** Words come by webhook too, from whoever posts one: so many of a gateway are news, and each only once. */
const maxWords = 50

/** A word of a gateway that nobody here knows: the charge stays as it is, and the operator hears of it. */
export const makeUnknownStatus = (gateway: string, called: string, isKnown: (word: string) => boolean) => {
  const told = new Set<string>()
  return ({ id, rawStatus }: ChargeState) => {
    if (isKnown(rawStatus) || told.has(rawStatus) || told.size >= maxWords) return Effect.void
    told.add(rawStatus)
    return Log.warn(
      `[AVISO] A ${called} informou uma situação desconhecida ("${rawStatus}"); a cobrança segue pendente`,
      { gateway, gateway_charge_id: id }
    )
  }
}
