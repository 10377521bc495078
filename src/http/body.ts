import { Effect, Result, Schema } from "effect"
import type { HttpServerError, HttpServerRequest } from "effect/http"
import type { IncomingMessage } from "node:http"
import type { FieldProblems } from "../domain/admin.ts"
import { fieldProblems, sentenceOfFields } from "./issues.ts"
import { notJson, type Problem, problem, tooLarge } from "./problem.ts"
import { nodeRequest } from "./request.ts"

/** Of any request (contract, section 3). */
export const maxBodyBytes = 1024 * 1024

// Deeper than any content of ours; what walks a body by recursion is then safe.
const maxDepth = 64

/** Refuses by the declared length alone, before a byte of the body is read. */
export const declaresTooMuch = (request: IncomingMessage): boolean =>
  Number(request.headers["content-length"] ?? 0) > maxBodyBytes

/**
 * The JSON body of an administrative call, checked by the schema that also describes it in `/openapi.json`: not JSON
 * is 400, JSON that does not fit is 422 with a sentence per field. The content type is not asked: the bearer token
 * already keeps browsers' forms out, and curl's default is another one.
 */
export const readJson = <A>(schema: Schema.Codec<A, unknown>) => {
  const decode = Schema.decodeUnknownResult(schema, { errors: "all" })
  return Effect.fnUntraced(function* (
    request: HttpServerRequest.HttpServerRequest
  ): Effect.fn.Return<A, Problem<"bad_request" | "too_large" | "invalid">, never> {
    const json = yield* parseBody(request)
    const faults = unstorable(json)
    if (faults !== undefined) return yield* Effect.fail(invalid(faults))
    const decoded = decode(json)
    if (Result.isFailure(decoded)) return yield* Effect.fail(invalid(fieldProblems(decoded.failure.issue)))
    return decoded.success
  })
}

const invalid = (fields: FieldProblems) => problem("invalid", sentenceOfFields(fields), fields)

const parseBody = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest) {
  if (declaresTooMuch(nodeRequest(request))) return yield* Effect.fail(tooLarge)
  const text = yield* Effect.mapError(request.text, (error: HttpServerError.HttpServerError) =>
    error.reason._tag === "RequestParseError" && error.reason.reason === "BodyTooLarge" ? tooLarge : notJson
  )
  return yield* Effect.try({ try: (): unknown => JSON.parse(text), catch: () => notJson })
})

/** Texts that PostgreSQL cannot hold, and nesting that nobody needs. Without recursion: the depth is the sender's. */
const unstorable = (json: unknown): FieldProblems | undefined => {
  const todo: Array<{ readonly value: unknown; readonly path: string; readonly depth: number }> = [
    { value: json, path: "", depth: 0 }
  ]
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const { value, path, depth } = next
    if (depth > maxDepth) return { [path.slice(0, 100)]: "Tem níveis demais." }
    if (typeof value === "string" && !isStorable(value))
      return { [path]: "Tem um caractere que não pode ser guardado." }
    if (typeof value !== "object" || value === null) continue
    for (const [key, inner] of Object.entries(value)) {
      if (!isStorable(key)) return { [path]: "Tem um nome de campo que não pode ser guardado." }
      todo.push({ value: inner, path: path === "" ? key : `${path}.${key}`, depth: depth + 1 })
    }
  }
  return undefined
}

/** Neither NUL nor half a surrogate pair. */
export const isStorable = (text: string): boolean => !text.includes("\u0000") && text.isWellFormed()
