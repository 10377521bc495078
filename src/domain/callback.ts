import { Option } from "effect"

/** Where a button stood: `d12` is downsell 12, `s7` is shot 7; absent for the start message and plain menus. */
export type SourceRef = `d${number}` | `s${number}`

/** A tap on one of our buttons. Any client can send any data: a price is an offer only where our content shows it. */
export type Callback =
  | { readonly _tag: "Plan"; readonly planId: number; readonly priceCents?: number; readonly source?: SourceRef }
  | { readonly _tag: "Verify"; readonly paymentId: number }
  /** The button below a shot or a downsell for those who want no more of them. */
  | { readonly _tag: "OptOut" }

export const downsellSource = (id: number): SourceRef => `d${id}`
export const shotSource = (id: number): SourceRef => `s${id}`

/** `p:<plan>[:<cents>][:<source>]`: at most 54 of Telegram's 64 bytes. */
export const encodePlan = (plan: {
  readonly planId: number
  readonly priceCents?: number | undefined
  readonly source?: SourceRef | undefined
}): string => ["p", plan.planId, plan.priceCents, plan.source].filter((part) => part !== undefined).join(":")

export const encodeVerify = (paymentId: number): string => `v:${paymentId}`

export const encodeOptOut = "o"

const planTap = /^p:([1-9]\d{0,15})(?::([1-9]\d{0,9}))?(?::([ds][1-9]\d{0,15}))?$/
const verifyTap = /^v:([1-9]\d{0,15})$/

/** An int4 in the payments table. */
const maxCents = 2_147_483_647

export const decodeCallback = (data: string): Option.Option<Callback> => {
  if (data === encodeOptOut) return Option.some({ _tag: "OptOut" })
  const verify = verifyTap.exec(data)
  if (verify !== null) {
    const paymentId = Number(verify[1])
    return Number.isSafeInteger(paymentId) ? Option.some({ _tag: "Verify", paymentId }) : Option.none()
  }
  const plan = planTap.exec(data)
  if (plan === null) return Option.none()
  const planId = Number(plan[1])
  const priceCents = plan[2] === undefined ? undefined : Number(plan[2])
  const source = plan[3] === undefined ? undefined : (plan[3] as SourceRef)
  if (!Number.isSafeInteger(planId) || (priceCents ?? 0) > maxCents) return Option.none()
  if (source !== undefined && !Number.isSafeInteger(Number(source.slice(1)))) return Option.none()
  return Option.some({
    _tag: "Plan",
    planId,
    ...(priceCents === undefined ? {} : { priceCents }),
    ...(source === undefined ? {} : { source })
  })
}
