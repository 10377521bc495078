import { Cause } from "effect"
import type { ServeError } from "effect/http/HttpServerError"
import type { SqlError } from "effect/sql/SqlError"
import type { ConfigError } from "../config.ts"
import type { DatabaseError } from "../db/Database.ts"
import type { EmbeddedError } from "../db/Embedded.ts"
import type { MigrationError } from "../db/Migrations.ts"
import type { AdminError } from "../domain/admin.ts"
import type { HandlerTimeout } from "../engine/Handling.ts"
import type { InboxUnavailable, InvalidUpdate } from "../engine/Inbox.ts"
import type { MediaRefused } from "../media/MediaRefused.ts"
import type { MediaStoreError } from "../media/MediaStoreError.ts"
import type { CheckoutError } from "../payments/Checkout.ts"
import type { GatewayError } from "../payments/PaymentGateway.ts"
import type { TelegramError } from "../telegram/TelegramError.ts"
import { maskSecrets } from "./mask.ts"

/**
 * Every typed error of the service. One that is missing here cannot be logged, and one without a sentence below does
 * not compile. Types only: the log room runs without the rooms above it.
 */
export type KnownError =
  | SqlError
  | ConfigError
  | DatabaseError
  | EmbeddedError
  | MigrationError
  | AdminError
  | TelegramError
  | GatewayError
  | CheckoutError
  | InboxUnavailable
  | InvalidUpdate
  | HandlerTimeout
  | MediaRefused
  | MediaStoreError
  | ServeError

type Reasons<E, R extends { readonly _tag: string }> = {
  readonly [Tag in R["_tag"]]: (reason: Extract<R, { readonly _tag: Tag }>, error: E) => string
}

const database: Reasons<SqlError, SqlError["reason"]> = {
  ConnectionError: () => "o banco de dados não respondeu",
  AuthenticationError: () => "o banco de dados recusou o usuário ou a senha",
  AuthorizationError: () => "o usuário do banco de dados não tem permissão para isso",
  SqlSyntaxError: () => "o banco de dados não entendeu o comando (tabela ou coluna faltando? rode as migrações)",
  UniqueViolation: () => "já existe um registro igual",
  ConstraintError: () => "o banco de dados recusou um valor fora da regra",
  DeadlockError: () => "duas gravações se cruzaram no banco de dados",
  SerializationError: () => "duas gravações se cruzaram no banco de dados",
  LockTimeoutError: () => "o banco de dados está ocupado com outra gravação",
  StatementTimeoutError: () => "o banco de dados demorou demais",
  UnknownError: () => "o banco de dados falhou"
}

const gateway: Reasons<GatewayError, GatewayError["reason"]> = {
  GatewayRefused: (reason, error) => `o gateway ${error.gateway} recusou: ${reason.message}`,
  GatewayUnauthorized: (_, error) => `o gateway ${error.gateway} não aceitou a nossa credencial`,
  GatewayRateLimited: (reason, error) => `o gateway ${error.gateway} pediu para esperar ${reason.retryAfterSeconds} s`,
  GatewayUnavailable: (_, error) => `o gateway ${error.gateway} está fora do ar`,
  GatewayUncertain: (_, error) => `o gateway ${error.gateway} não confirmou se fez o que pedimos`,
  ChargeNotFound: (_, error) => `o gateway ${error.gateway} não conhece esta cobrança`,
  WebhookRefused: (_, error) => `o aviso recebido não veio do gateway ${error.gateway}`
}

const doorSentence = (code: string): string => {
  if (code === "EADDRINUSE") return "a porta já está em uso por outro programa; feche-o ou mude a variável PORT"
  if (code === "EACCES") return "este usuário não pode usar essa porta; escolha outra na variável PORT, acima de 1023"
  return `não consegui abrir a porta; confira as variáveis HOST e PORT (${code})`
}

const codeOf = (cause: unknown): string =>
  typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : "sem motivo"

const sentences: {
  readonly [Tag in KnownError["_tag"]]: (error: Extract<KnownError, { readonly _tag: Tag }>) => string
} = {
  SqlError: (error) => reasonOf(database, error),
  ConfigError: (error) => error.problems.join(" "),
  DatabaseError: (error) => error.message,
  EmbeddedError: (error) => error.message,
  MigrationError: (error) => error.message,
  AdminError: (error) => error.message,
  TelegramError: (error) => error.sentence,
  GatewayError: (error) => reasonOf(gateway, error),
  CheckoutError: (error) => error.message,
  InboxUnavailable: () => "a mensagem não pôde ser guardada no banco de dados",
  InvalidUpdate: () => "isto não é uma atualização do Telegram",
  HandlerTimeout: (error) => `o atendimento não terminou em ${error.seconds} s`,
  MediaRefused: (error) => error.message,
  MediaStoreError: (error) => error.message,
  ServeError: ({ cause }) => doorSentence(codeOf(cause))
}

const reasonOf = <R extends { readonly _tag: string }, E extends { readonly reason: R }>(
  table: Reasons<E, R>,
  error: E
): string => (table[error.reason._tag as R["_tag"]] as (reason: R, error: E) => string)(error.reason, error)

/** The error in plain PT-BR, without a capital: it stands behind a colon. */
export const sentenceOf = (error: KnownError): string =>
  maskSecrets((sentences[error._tag] as (error: KnownError) => string)(error))

const asKnown = (error: unknown): KnownError | undefined =>
  typeof error === "object" && error !== null && "_tag" in error && String(error._tag) in sentences
    ? (error as KnownError)
    : undefined

/** What went wrong, for a log line: the sentence of a known error, else the first line of the unknown one. */
export const detailOf = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  const known = asKnown(error)
  if (known !== undefined) return sentenceOf(known)
  const text = error instanceof Error ? error.message || error.name : String(error)
  return maskSecrets((text.split("\n")[0] ?? "").slice(0, 300))
}
