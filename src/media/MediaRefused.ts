import { Schema } from "effect"

/** A file that Telegram would not take, in a sentence for the seller. */
export class MediaRefused extends Schema.TaggedError<MediaRefused>()("MediaRefused", {
  why: Schema.Literals(["too_large", "unfit"]),
  message: Schema.String
}) {
  get retryable(): boolean {
    return false
  }
}
