import type { QrMode } from "./qr.ts"

/** How a PushinPay stand-in behaves; every field can be changed while it runs, by `configure`. */
export interface Options {
  /** The bearer token it accepts. */
  readonly token?: string
  readonly maxCents?: number
  /** What a seller chose in the panel for `x-pushinpay-token`; null sends no such header. */
  readonly webhookToken?: string | null
  readonly webhookFormat?: "form" | "json"
  readonly webhookIdCase?: "upper" | "lower"
  /** How often each webhook is sent, and whether the copies go at the same time. */
  readonly webhookCopies?: number
  readonly webhookParallel?: boolean
  readonly webhookDelayMs?: number
  /** Webhooks are neither sent nor tried again. */
  readonly dropWebhooks?: boolean
  /** Webhooks wait until `release` lets them go, in any order. */
  readonly holdWebhooks?: boolean
  /** Whether `created` and `expired` are told too; PushinPay is only known to tell `paid` and `canceled`. */
  readonly notifyAll?: boolean
  readonly webhookTimeoutMs?: number
  /** Pays every charge by itself: before its creation is answered, or that many milliseconds after. */
  readonly autoPay?: "before-response" | number | null
  /** How long a creation takes. */
  readonly latencyMs?: number
  /** Status queries of one charge closer together than this count as violations. */
  readonly queryWindowMs?: number
  /** Answer such queries with 429; off, they are only counted. */
  readonly enforceQueryRate?: boolean
  /** Refuse requests that do not accept JSON with 406. */
  readonly strictAccept?: boolean
  readonly qr?: QrMode
  /** Codes are padded to at least this length. */
  readonly codeLength?: number
  /** What the waits between attempts of a webhook are multiplied by. */
  readonly timeScale?: number
  /** Keep requests and deliveries. */
  readonly record?: boolean
}

export type Settings = { -readonly [K in keyof Required<Options>]: Required<Options>[K] }

export const DEFAULT_TOKEN = "1|sandboxsandboxsandboxsandboxsandboxsandbox00"

export const resolveOptions = (options: Options): Settings => ({
  token: DEFAULT_TOKEN,
  maxCents: 100_000_00,
  webhookToken: null,
  webhookFormat: "form",
  webhookIdCase: "upper",
  webhookCopies: 1,
  webhookParallel: false,
  webhookDelayMs: 0,
  dropWebhooks: false,
  holdWebhooks: false,
  notifyAll: false,
  webhookTimeoutMs: 2000,
  autoPay: null,
  latencyMs: 0,
  queryWindowMs: 60_000,
  enforceQueryRate: true,
  strictAccept: false,
  qr: "real",
  codeLength: 0,
  timeScale: 1,
  record: true,
  ...options
})
