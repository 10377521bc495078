import { Effect, Option, Redacted } from "effect"
import { BotsRepo } from "../repo/BotsRepo.ts"
import { TelegramClient } from "../telegram/TelegramClient.ts"
import { Bots } from "./Bots.ts"
import { conflict, invalid, upstream } from "./refusals.ts"
import { environmentKey, telegramIdOf, TokenVault } from "./TokenVault.ts"

type Token = Redacted.Redacted<string>

/** What a new token is asked before it is stored: whose it is, and whether it can come into force at all. */
export const makeIdentity = Effect.gen(function* () {
  const bots = yield* Bots
  const repo = yield* BotsRepo
  const telegram = yield* TelegramClient
  const vault = yield* TokenVault

  const whoAmI = (token: Token) =>
    telegram
      .call(token, "getMe")
      .pipe(
        Effect.mapError((error) =>
          error.reason._tag === "BotUnusable"
            ? invalid({ token: "O Telegram não aceita este token. Copie-o de novo do @BotFather." })
            : upstream(`Não consegui conferir o token com o Telegram: ${error.sentence}. Tente de novo em instantes.`)
        )
      )

  /** Two bots of ours with one token would take each other's webhook. */
  const ownerOf = Effect.fnUntraced(function* (telegramId: number, exceptId: number) {
    const stored = yield* repo.telegramOwner(telegramId, exceptId)
    if (Option.isSome(stored)) return stored.value
    // Rows of the old systems tell their Telegram bot only by their token.
    return bots
      .all()
      .find((bot) => bot.id !== exceptId && Option.exists(bot.token, (token) => telegramIdOf(token) === telegramId))
      ?.slug
  })

  return Effect.fn("BotAdmin.identify")(function* (slug: string, token: Token, exceptId: number) {
    const given = vault.fromEnvironment(slug)
    if (Option.isSome(given) && Redacted.value(given.value) !== Redacted.value(token)) {
      return yield* conflict(
        `O token do bot ${slug} vem da variável TELEGRAM_TOKEN_${environmentKey(slug)}, que vence o banco de dados. ` +
          "Troque ou apague a variável."
      )
    }
    const me = yield* whoAmI(token)
    const owner = yield* ownerOf(me.id, exceptId)
    if (owner !== undefined) {
      return yield* conflict(`Este token é do bot @${me.username}, que já está cadastrado como ${owner}.`)
    }
    return {
      telegramId: me.id,
      username: me.username,
      columns: {
        ...sealedColumns(vault, token),
        telegram_bot_id: me.id,
        bot_username: me.username,
        bot_name: me.first_name,
        token_status: "validated",
        token_checked_at: new Date()
      }
    }
  })
})

/** The plain copy of V2 goes: it would be the token that was replaced. */
const sealedColumns = (vault: TokenVault["Service"], token: Token) => {
  const { tokenEncrypted, tokenIv } = vault.seal(token)
  return { token_encrypted: tokenEncrypted, token_iv: tokenIv, token: null, token_updated_at: new Date() }
}
