import { Predicate } from "effect"
import { MediaKind } from "../../domain/contentModel.ts"

/** A file as Telegram now knows it. */
export interface LearntFile {
  readonly kind: MediaKind
  readonly fileId: string
  readonly uniqueId: string | undefined
  readonly messageId: number | undefined
}

interface Uploaded {
  readonly media: { readonly kind: MediaKind }
  /** Which file of the call. */
  readonly index: number
}

/** Each uploaded file in Telegram's answer. An album answers as many messages as it has files. */
export const filesIn = (answer: unknown, uploaded: ReadonlyArray<Uploaded>): ReadonlyArray<LearntFile | undefined> => {
  const messages: ReadonlyArray<unknown> = Array.isArray(answer) ? answer : [answer]
  return uploaded.map(({ index, media }) => fileIn(messages[index], media.kind))
}

/** A GIF comes back as animation and as document; a sound sometimes as voice. Our own kind first, whichever is there. */
const fileIn = (message: unknown, wanted: MediaKind): LearntFile | undefined => {
  if (!Predicate.isObject(message)) return undefined
  const fields: Readonly<Record<string, unknown>> = { ...message }
  for (const kind of [wanted, ...others]) {
    // Of a photo's sizes the last one is the largest.
    const file = kind === "photo" && Array.isArray(fields[kind]) ? (fields[kind].at(-1) as unknown) : fields[kind]
    if (!Predicate.hasProperty(file, "file_id") || !Predicate.isString(file.file_id)) continue
    const unique = Predicate.hasProperty(file, "file_unique_id") ? file.file_unique_id : undefined
    return {
      kind,
      fileId: file.file_id,
      uniqueId: Predicate.isString(unique) ? unique : undefined,
      messageId: Predicate.isNumber(fields["message_id"]) ? fields["message_id"] : undefined
    }
  }
  return undefined
}

const others: ReadonlyArray<MediaKind> = ["animation", ...MediaKind.literals.filter((kind) => kind !== "animation")]
