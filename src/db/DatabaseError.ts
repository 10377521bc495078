import { Schema } from "effect"
import type { SqlError } from "effect/sql"

const sentences = {
  ConnectionError: "o servidor não respondeu; confira o endereço em DATABASE_URL e se ele está ligado",
  AuthenticationError: "o servidor recusou o usuário ou a senha de DATABASE_URL",
  Other: "o servidor recusou a conexão; confira o nome do banco em DATABASE_URL"
} as const

/** The database cannot be used at all: the start stops with this sentence. It never contains the address. */
export class DatabaseError extends Schema.TaggedError<DatabaseError>()("DatabaseError", {
  reason: Schema.Literals(["ConnectionError", "AuthenticationError", "Other"]),
  detail: Schema.String
}) {
  override get message() {
    const detail = this.detail === "" ? "" : ` (${this.detail})`
    return `Não consegui usar o banco de dados: ${sentences[this.reason]}${detail}`
  }

  get retryable() {
    return this.reason === "ConnectionError"
  }

  static readonly from = ({ reason }: SqlError.SqlError) =>
    new DatabaseError({
      reason: reason._tag === "ConnectionError" || reason._tag === "AuthenticationError" ? reason._tag : "Other",
      detail: causeOf(reason.cause)
    })
}

/** PostgreSQL's or the network's own words: `database "x" does not exist`, `ECONNREFUSED`. */
export const causeOf = (cause: unknown): string => {
  if (!(cause instanceof Error)) return ""
  const code = (cause as NodeJS.ErrnoException).code
  return cause.message === "" ? (code ?? "") : (cause.message.split("\n")[0] ?? "")
}
