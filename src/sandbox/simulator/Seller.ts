import type { Effect, Scope } from "effect"

/** The next downsell somebody will get, if nothing comes between. */
export interface Due {
  readonly name: string
  readonly at: Date
}

export interface FunnelStep {
  readonly event: string
  readonly events: number
  readonly unique: number
  readonly step_conversion: number | null
}

export interface Spread {
  readonly count: number
  readonly p50: number | null
}

/** What the simulator shows of `GET /api/metrics`. */
export interface Funnel {
  readonly funnel: ReadonlyArray<FunnelStep>
  readonly revenue_cents: number
  readonly refunded_cents: number
  readonly time_to_pix_seconds: Spread
  readonly time_to_pay_seconds: Spread
}

/** The service whose bot the people of the simulator talk to. */
export interface Seller {
  readonly slug: string
  readonly botName: string
  readonly botToken: string
  readonly url: string
  readonly metrics: Effect.Effect<Funnel, { readonly message: string }>
  /** Calls `hear` with every line of its log, those already written included, until the scope ends. */
  readonly onLine: (hear: (line: string) => void) => Effect.Effect<void, never, Scope.Scope>
  /** Time travel for one person; absent where the service's database is out of reach. */
  readonly time?: {
    readonly next: (telegramId: number) => Effect.Effect<Due | undefined, { readonly message: string }>
    /** Makes the next downsell due now, and those after it earlier by as much. */
    readonly advance: (telegramId: number) => Effect.Effect<void, { readonly message: string }>
  }
}
