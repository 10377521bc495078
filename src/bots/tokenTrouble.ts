import type { BotRow } from "../repo/BotsRepo.ts"
import { environmentKey, type OpenedToken } from "./TokenVault.ts"

/** Why a bot has no usable token, or not the one it should have, and what to do; nothing when all is well. */
export const tokenTrouble = ({ slug }: Pick<BotRow, "slug">, opened: OpenedToken): string | undefined => {
  if (opened.source === "plain" && opened.broken) {
    return (
      `O token cifrado do bot ${slug} não abre com esta ENCRYPTION_KEY; uso o token sem cifra que está ao lado. ` +
      `Envie o token de novo pelo painel para guardá-lo cifrado`
    )
  }
  if (opened.source !== "none") return undefined
  const why = opened.broken ? "o token guardado não abre com esta ENCRYPTION_KEY" : "não há token guardado"
  return (
    `O bot ${slug} está parado: ${why}. ` +
    `Defina TELEGRAM_TOKEN_${environmentKey(slug)} ou envie o token de novo pelo painel`
  )
}
