import { Schema } from "effect"

const sentences = {
  platform: "O banco embutido não existe para este sistema",
  user: "O banco embutido não pode ser ligado por este usuário do sistema",
  permission: "O banco embutido não tem acesso à pasta de dados",
  create: "Não consegui criar o banco embutido",
  start: "Não consegui ligar o banco embutido",
  password: "O banco embutido recusou a senha guardada"
} as const

/** Why the embedded database is not there, in words for the person in front of the terminal. */
export class EmbeddedError extends Schema.TaggedError<EmbeddedError>()("EmbeddedError", {
  reason: Schema.Literals(["platform", "user", "permission", "create", "start", "password"]),
  detail: Schema.String
}) {
  override get message() {
    return `${sentences[this.reason]}: ${this.detail}`
  }

  get retryable() {
    return this.reason === "start"
  }
}

/** What the file system or the process table refused, with the path when it is about permissions. */
export const reasonOf = (reason: EmbeddedError["reason"], error: unknown): EmbeddedError => {
  const { code, path, message } = error as NodeJS.ErrnoException
  const detail =
    code === "EACCES" || code === "EPERM" ? `acesso negado a ${path ?? "um arquivo"}` : (message ?? String(error))
  return new EmbeddedError({ reason: code === "EACCES" || code === "EPERM" ? "permission" : reason, detail })
}
