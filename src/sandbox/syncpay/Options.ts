import type { CourierSettings } from "../Courier.ts"

/** How a SyncPay stand-in behaves; every field can be changed while it runs, by `configure`. */
export interface Options extends Partial<CourierSettings> {
  readonly clientId?: string
  readonly clientSecret?: string
  /** How long a token lives, and how many an account may ask for in a minute. */
  readonly tokenSeconds?: number
  readonly tokensPerMinute?: number
  readonly maxCents?: number
  /** What SyncPay keeps of each payment. */
  readonly feeCents?: number
  /** The events for which a webhook of the whole account can be registered here. */
  readonly acceptedEvents?: ReadonlyArray<string>
  /** How `cashin` and `all` are told: under `data` as in the older documents, or at the root with amounts as texts. */
  readonly cashinShape?: "old" | "new"
  /** On some accounts the address of a charge is never called. */
  readonly ignoreWebhookUrl?: boolean
  /** Whether the birth of a charge is told too. */
  readonly notifyCreated?: boolean
  /** Seconds by which the clock that signs webhooks is wrong. */
  readonly signatureSkewSeconds?: number
  /** Pays every charge by itself: before its creation is answered, or that many milliseconds after. */
  readonly autoPay?: "before-response" | number | null
  /** How long a creation takes. */
  readonly latencyMs?: number
  /** Which versions of the query know a charge. */
  readonly queryVersion?: "both" | "v1" | "v2"
  /** Whether a query names another id than the charge was made under, as some documents show. */
  readonly otherReference?: boolean
  /** Whether answers come inside `data`. */
  readonly wrapAnswers?: boolean
  /** Status queries of one charge closer together than this count as violations. */
  readonly queryWindowMs?: number
  /** Answer such queries with 429; off, they are only counted. */
  readonly enforceQueryRate?: boolean
}

export type Settings = { -readonly [K in keyof Required<Options>]: Required<Options>[K] }

export const DEFAULT_CLIENT_ID = "11111111-2222-4333-8444-5555aaaa0001"
export const DEFAULT_CLIENT_SECRET = "99999999-8888-4777-8666-5555bbbb0002"

export const resolveOptions = (options: Options): Settings => ({
  clientId: DEFAULT_CLIENT_ID,
  clientSecret: DEFAULT_CLIENT_SECRET,
  tokenSeconds: 3600,
  tokensPerMinute: 5,
  maxCents: 100_000_00,
  feeCents: 99,
  acceptedEvents: ["cashin", "cashout", "infraction", "all", "transaction"],
  cashinShape: "old",
  ignoreWebhookUrl: false,
  notifyCreated: true,
  signatureSkewSeconds: 0,
  autoPay: null,
  latencyMs: 0,
  queryVersion: "both",
  otherReference: false,
  wrapAnswers: false,
  queryWindowMs: 20_000,
  enforceQueryRate: true,
  webhookCopies: 1,
  webhookParallel: false,
  webhookDelayMs: 0,
  dropWebhooks: false,
  holdWebhooks: false,
  webhookTimeoutMs: 5000,
  timeScale: 1,
  record: true,
  ...options
})
