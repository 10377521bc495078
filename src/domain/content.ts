import { Effect, Predicate, Result, Schema, SchemaIssue } from "effect"
import { ContentInput } from "./contentInput.ts"
import type { Button, Media, MessageContent } from "./contentModel.ts"
import { isBlank } from "./html.ts"

export { Button, Media, MediaKind, MessageContent, offersPlan } from "./contentModel.ts"

export interface ContentIssue {
  /** Keys and positions joined by dots: `buttons.0.1.url`. */
  readonly path: string
  readonly message: string
}

/** What is wrong with a message, field by field, in sentences for the seller: the `fields` of a 422. */
export class InvalidContent extends Schema.TaggedError<InvalidContent>()("InvalidContent", {
  issues: Schema.Array(Schema.Struct({ path: Schema.String, message: Schema.String }))
}) {
  override get message() {
    return `A mensagem não é válida. ${this.issues.map((issue) => issue.message).join(" ")}`
  }

  /** The first sentence of every field. */
  get fields(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.issues.toReversed().map(({ message, path }) => [path, message]))
  }
}

/** Checks a message from outside by every rule of Telegram and of ours; all problems at once. */
export const checkMessageContent = (input: unknown): Result.Result<MessageContent, ReadonlyArray<ContentIssue>> => {
  const decoded = decode(withoutNulls(input))
  if (Result.isFailure(decoded)) {
    return Result.fail(
      format(decoded.failure.issue).issues.map(({ message, path }) => ({
        path: (path ?? []).map(String).join("."),
        message
      }))
    )
  }
  const { buttons = [], media = [], text = "", ...presentation } = decoded.success
  if (isBlank(text) && media.length === 0) {
    return Result.fail([{ path: "text", message: "Escreva um texto ou escolha uma mídia." }])
  }
  const rows = buttons.filter((row) => row.length > 0)
  return Result.succeed({
    ...(isBlank(text) ? {} : { text }),
    ...(media.length > 0 ? { media: media.map(toMedia) } : {}),
    ...(rows.length > 0 ? { buttons: rows.map((row) => row.map(toButton)) } : {}),
    ...presentation
  })
}

export const decodeMessageContent = (input: unknown): Effect.Effect<MessageContent, InvalidContent> =>
  Effect.fromResult(Result.mapError(checkMessageContent(input), (issues) => new InvalidContent({ issues })))

const decode = Schema.decodeUnknownResult(ContentInput, { errors: "all" })

const format = SchemaIssue.makeFormatterStandardSchemaV1()

const toMedia = (media: (typeof ContentInput.Type.media & object)[number]): Media => {
  if (media.media_id !== undefined) return { media_id: media.media_id }
  const kind = media.kind ?? "photo"
  return media.url === undefined ? { kind, file_id: media.file_id ?? "" } : { kind, url: media.url }
}

const toButton = (button: (typeof ContentInput.Type.buttons & object)[number][number]): Button => {
  const { copy_text, plan_id, price_cents, text, url } = button
  if (plan_id !== undefined) return { text, plan_id, ...(price_cents === undefined ? {} : { price_cents }) }
  return url === undefined ? { text, copy_text: copy_text ?? "" } : { text, url }
}

// A message is four levels deep; what is nested deeper is refused anyway, and must not exhaust the stack before.
const deepest = 8

/** Forms send null for an empty field. */
const withoutNulls = (value: unknown, depth = 0): unknown => {
  if (depth > deepest) return value
  if (Array.isArray(value)) return value.map((inner) => withoutNulls(inner, depth + 1))
  if (!Predicate.isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => (inner === null ? [] : [[key, withoutNulls(inner, depth + 1)]]))
  )
}
