/** The five steps, in their order (blueprint, section 1). */
export const funnelSteps = ["presell_view", "to_bot_click", "bot_start", "pix_created", "pix_paid"] as const
export type FunnelStep = (typeof funnelSteps)[number]

export const utmNames = ["utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"] as const
export type UtmName = (typeof utmNames)[number]

export const metricsGroups = ["day", "hour", "bot", ...utmNames] as const
export type MetricsGroup = (typeof metricsGroups)[number]

export interface MetricsFilter {
  /** Slug. */
  readonly bot?: string | undefined
  readonly from: Date
  /** Not included. */
  readonly to: Date
  readonly tz: string
  /** Exact values; `(none)` is what carries no such mark. */
  readonly utm: { readonly [Name in UtmName]?: string | undefined }
  readonly group?: MetricsGroup | undefined
}

export const noUtm = "(none)"

/** Days and months of the cells; another zone's days are made of hours. */
export const cellZone = "America/Sao_Paulo"

/** Scopes of cells: all, one value of one kind of mark, or one combination of marks. */
export const scopeOfMark: Readonly<Record<UtmName, "s" | "m" | "c" | "o" | "p">> = {
  utm_source: "s",
  utm_medium: "m",
  utm_campaign: "c",
  utm_content: "o",
  utm_term: "p"
}
