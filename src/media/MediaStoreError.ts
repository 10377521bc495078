import { Schema } from "effect"

/** There is nothing under this key. */
export class MissingFile extends Schema.TaggedClass<MissingFile>()("MissingFile", { key: Schema.String }) {
  get retryable() {
    return false
  }
}

/** The store did not answer, or said that it cannot now. */
export class StoreAway extends Schema.TaggedClass<StoreAway>()("StoreAway", { detail: Schema.String }) {
  get retryable() {
    return true
  }
}

/** The store refuses us: keys, bucket, rights, a full disk. Somebody has to put that right. */
export class StoreRefused extends Schema.TaggedClass<StoreRefused>()("StoreRefused", { detail: Schema.String }) {
  get retryable() {
    return false
  }
}

/** A file that could not be brought to or from where the media are kept. Holds no key of the store's account. */
export class MediaStoreError extends Schema.TaggedError<MediaStoreError>()("MediaStoreError", {
  operation: Schema.Literals(["put", "open", "exists", "remove"]),
  reason: Schema.Union([MissingFile, StoreAway, StoreRefused])
}) {
  override get message(): string {
    switch (this.reason._tag) {
      case "MissingFile":
        return "o arquivo não está mais onde as mídias são guardadas"
      case "StoreAway":
        return `o armazenamento das mídias não respondeu (${this.reason.detail})`
      case "StoreRefused":
        return `o armazenamento das mídias recusou o pedido (${this.reason.detail})`
    }
  }

  get retryable(): boolean {
    return this.reason.retryable
  }
}

export const isMissing = (error: MediaStoreError): boolean => error.reason._tag === "MissingFile"
