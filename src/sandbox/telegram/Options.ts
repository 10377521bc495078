import type { Call } from "./CallLog.ts"
import type { RateLimits } from "./RateGuard.ts"
import type { Delivery } from "./Webhook.ts"

/** How a Telegram stand-in behaves; every field can be changed while it runs, by `configure`. */
export interface Options {
  /** Keep every call and delivery. Off for benchmarks: counters and hooks stay, memory does not grow. */
  readonly record?: boolean
  /** Keep what people see in their chats; as `record` when absent. Off: edits are accepted unchecked. */
  readonly transcripts?: boolean
  /** Let a bot write to any private chat, for benchmarks over people who never wrote. */
  readonly acceptUnknownChats?: boolean
  /** What the waits of redelivery are multiplied by: 1 is Telegram's, 0.01 is for tests. */
  readonly timeScale?: number
  /** How long an answer is held back. */
  readonly latencyMs?: number
  /** How long the answer of a webhook is awaited. */
  readonly webhookTimeoutMs?: number
  /** Media URLs that Telegram fails to fetch. */
  readonly failingUrls?: ReadonlyArray<string>
  /** Limits that are enforced with 429; null, the default, enforces none. */
  readonly rate?: Partial<RateLimits> | null
  /** Deliver every n-th update twice; 0 is never. */
  readonly duplicateEvery?: number
  /** Send such a second copy at the same time as the first, not after it. */
  readonly duplicateParallel?: boolean
  /** Answer 429 to a second setWebhook within a second, as Telegram does. */
  readonly limitSetWebhook?: boolean
  /** How many bytes of uploads are kept for the simulator to show; the oldest go first. */
  readonly keepUploadBytes?: number
  /** A folder in which uploads outlive the stand-in, as their file ids do; null, the default, keeps none. */
  readonly uploadFolder?: string | null
  readonly onCall?: ((call: Call) => void) | null
  readonly onDelivery?: ((delivery: Delivery) => void) | null
}

export type Settings = { -readonly [K in keyof Required<Options>]: Required<Options>[K] }

export const resolveOptions = (options: Options): Settings => {
  const record = options.record ?? true
  const transcripts = options.transcripts ?? record
  return {
    acceptUnknownChats: false,
    timeScale: 1,
    latencyMs: 0,
    webhookTimeoutMs: 60_000,
    failingUrls: [],
    rate: null,
    duplicateEvery: 0,
    duplicateParallel: false,
    limitSetWebhook: false,
    keepUploadBytes: transcripts ? 64 * 1024 * 1024 : 0,
    uploadFolder: null,
    onCall: null,
    onDelivery: null,
    ...options,
    record,
    transcripts
  }
}
