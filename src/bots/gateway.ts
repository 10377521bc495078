/** The columns of `bots` that have named a bot's gateway over the years. */
export interface GatewayColumns {
  readonly provider: string | null
  readonly gatewayDefault: string
  readonly telegramBotId: number | null
}

/** What V3's migration wrote into every row that was there. */
const columnDefault = "pushinpay"

/**
 * Which gateway charges for a bot. V2 wrote `provider`. V3 never looked at it: it gave every row `gateway_default` =
 * 'pushinpay' and from then on wrote only there, so in a row of the old systems a `gateway_default` other than that
 * is V3's, later, choice, and 'pushinpay' says nothing if V2 had chosen. A bot made in V3 has no `provider` at all.
 * Funil writes both alike, and with them `telegram_bot_id`; where they differ in such a row, plain SQL changed
 * `provider`, the column that the blueprint names.
 */
export const gatewayOf = ({ gatewayDefault, provider, telegramBotId }: GatewayColumns): string => {
  const chosen = wordOf(provider ?? "")
  const fallback = wordOf(gatewayDefault)
  const chosenInV3 = telegramBotId === null && fallback !== columnDefault
  return chosen === "" || chosenInV3 ? fallback : chosen
}

/** None where it is the first one again. */
export const secondGatewayOf = (row: GatewayColumns & { readonly secondGateway: string | null }): string | null => {
  const second = wordOf(row.secondGateway ?? "")
  return second === "" || second === gatewayOf(row) ? null : second
}

const wordOf = (text: string): string => text.trim().toLowerCase()
