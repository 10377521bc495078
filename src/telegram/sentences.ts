import type { BotUnusable, Gone, TelegramReason } from "./reasons.ts"

const gone: Record<Gone["why"], string> = {
  blocked: "o usuário bloqueou o bot",
  deactivated: "a conta do usuário foi desativada",
  never_started: "o usuário nunca iniciou o bot",
  unknown_chat: "este bot não conhece essa conversa",
  is_bot: "o destino é outro bot",
  kicked: "o bot não está mais no grupo ou canal",
  deleted: "o grupo foi apagado"
}

const unusable: Record<BotUnusable["why"], string> = {
  unauthorized: "o token do bot não vale mais",
  not_found: "o Telegram não reconhece o token do bot",
  misdirected: "o bot está ligado a outro servidor do Telegram",
  frozen: "o Telegram congelou a conta do bot"
}

const sentences: {
  readonly [Tag in TelegramReason["_tag"]]: (reason: Extract<TelegramReason, { _tag: Tag }>) => string
} = {
  RateLimited: (reason) => `o Telegram pediu para esperar ${reason.retryAfterSeconds} s`,
  Ambiguous: () => "o Telegram não confirmou o envio",
  Unreachable: () => "não foi possível conectar ao Telegram",
  Gone: (reason) => gone[reason.why],
  BotUnusable: (reason) => unusable[reason.why],
  Migrated: () => "o grupo mudou de endereço",
  BadEntities: () => "o Telegram não aceitou a formatação do texto",
  BadFile: () => "o Telegram não aceitou a mídia",
  NotModified: () => "a mensagem já estava assim",
  StaleQuery: () => "o clique é antigo demais para responder",
  Rejected: (reason) => `o Telegram recusou o pedido (${reason.code})`
}

/** The reason in PT-BR, to stand after a colon. A reason without a sentence does not compile. */
export const sentenceOf = (reason: TelegramReason): string =>
  (sentences[reason._tag] as (reason: TelegramReason) => string)(reason)
