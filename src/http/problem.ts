import { Schema } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiSchema } from "effect/http-api"
import { FieldProblems } from "../domain/admin.ts"

/** Every way to say no to the outside, and its status (contract, section 3). */
export const statusOf = {
  bad_request: 400,
  unauthorized: 401,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  invalid: 422,
  too_many_requests: 429,
  internal: 500,
  unavailable: 503
} as const

export type ProblemCode = keyof typeof statusOf

/** The body of every refusal: a code for programs, a PT-BR sentence for people, and one sentence per faulty field. */
export interface Problem<Code extends ProblemCode = ProblemCode> {
  readonly error: Code
  readonly message: string
  readonly fields?: FieldProblems
}

export const problem = <const Code extends ProblemCode>(
  error: Code,
  message: string,
  fields?: FieldProblems
): Problem<Code> => (fields === undefined ? { error, message } : { error, message, fields })

export const unauthorized = problem("unauthorized", "Acesso negado: falta a senha certa no cabeçalho Authorization.")
export const notFound = problem("not_found", "Este endereço não existe.")
export const tooLarge = problem("too_large", "O conteúdo enviado passa de 1 MiB.")
export const notJson = problem("bad_request", "O corpo do pedido não é um JSON válido.")
export const ourFault = problem("internal", "Algo deu errado do nosso lado.")
export const databaseAway = problem("unavailable", "O banco de dados não está respondendo. Tente de novo em instantes.")

export const problemStatus = (given: Problem): number => statusOf[given.error]

export const problemResponse = (given: Problem): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.jsonUnsafe(given, { status: problemStatus(given) })

/** 200 and nothing else; without the header Node would announce chunks. */
export const acknowledged = HttpServerResponse.empty({ status: 200, headers: { "content-length": "0" } })

const described: Record<ProblemCode, string> = {
  bad_request: "O corpo não é JSON, ou um parâmetro do endereço não faz sentido.",
  unauthorized: "Falta a senha de administração, ou ela está errada.",
  not_found: "O que foi pedido não existe.",
  conflict: "Já existe algo com este nome.",
  too_large: "O corpo passa de 1 MiB, ou o arquivo do que o Telegram aceita.",
  invalid: "O corpo é JSON, mas há campos errados; `fields` diz quais.",
  too_many_requests: "Pedidos demais; espere um pouco.",
  internal: "Algo deu errado do nosso lado.",
  unavailable: "Alguém de quem dependemos não respondeu; tente de novo em instantes."
}

const schemaOf = <const Code extends ProblemCode>(code: Code) =>
  Schema.Struct({
    error: Schema.Literal(code),
    message: Schema.String,
    fields: Schema.optionalKey(FieldProblems)
  })
    .annotate({ identifier: `Problem_${code}`, description: described[code] })
    .pipe(HttpApiSchema.status(statusOf[code]))

const schemas = {
  bad_request: schemaOf("bad_request"),
  unauthorized: schemaOf("unauthorized"),
  not_found: schemaOf("not_found"),
  conflict: schemaOf("conflict"),
  too_large: schemaOf("too_large"),
  invalid: schemaOf("invalid"),
  too_many_requests: schemaOf("too_many_requests"),
  internal: schemaOf("internal"),
  unavailable: schemaOf("unavailable")
} satisfies { readonly [Code in ProblemCode]: unknown }

type Schemas = typeof schemas

/** The refusals of an endpoint, for its declaration: `problems("not_found", "invalid")`. */
export const problems = <const Codes extends ReadonlyArray<ProblemCode>>(...codes: Codes) =>
  codes.map((code) => schemas[code]) as { [K in keyof Codes]: Schemas[Codes[K]] }
