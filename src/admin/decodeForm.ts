import { Effect, Result, Schema } from "effect"
import { AdminError, type FieldProblems, Invalid } from "../domain/admin.ts"
import { fieldProblems } from "../http/issues.ts"

/** A form's values by the schema of the admin API; faults come out as those of a service do. */
export const decodeForm = <A>(schema: Schema.Codec<A, unknown>) => {
  const decode = Schema.decodeUnknownResult(schema, { errors: "all" })
  return (input: unknown): Effect.Effect<A, AdminError> => {
    const decoded = decode(input)
    return Result.isSuccess(decoded)
      ? Effect.succeed(decoded.success)
      : Effect.fail(new AdminError({ reason: new Invalid({ fields: fieldProblems(decoded.failure.issue) }) }))
  }
}

/** What a form is shown again with: sentences by field; under "" those that belong to none. */
export const faultsOf = ({ reason }: AdminError): FieldProblems =>
  reason._tag === "Invalid" ? reason.fields : { "": reason.message }

/** Of a field that may be empty. */
export const orNull = (text: string | null): string | null => (text === null || text.trim() === "" ? null : text.trim())

/** Not a number stays what was typed, and the schema says so. */
export const numberOr = (text: string | null): number | string | undefined =>
  text === null || text.trim() === "" ? undefined : /^-?\d+$/.test(text.trim()) ? Number(text) : text
