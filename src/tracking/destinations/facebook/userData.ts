import { createHash } from "node:crypto"

// Meta's rules for customer information (facts/tracking, B.3): normalise, UTF-8, SHA-256, lower-case hex; what is empty
// is left out, because the hash of nothing matches everybody's nothing.

export const sha256 = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex")

const withoutPunctuation = (text: string) => text.replace(/[^\p{L}\p{N}]/gu, "")

/** How each field is written before it is hashed. Empty: there is nothing to send. */
export const normalise = {
  em: (email: string) => email.trim().toLowerCase(),
  /** Digits with the country first. */
  ph: (phone: string, country = "55") => {
    const digits = phone.replace(/\D/g, "").replace(/^0+/, "")
    // Area code and number without the country: 10 or 11 digits in Brazil.
    return country === "55" && (digits.length === 10 || digits.length === 11) ? `${country}${digits}` : digits
  },
  fn: (name: string) => withoutPunctuation(name.trim().toLowerCase()),
  ln: (name: string) => withoutPunctuation(name.trim().toLowerCase()),
  db: (date: string) => date.replace(/\D/g, ""),
  ge: (gender: string) => (/^[fm]/i.exec(gender.trim())?.[0] ?? "").toLowerCase(),
  ct: (city: string) => withoutPunctuation(city.toLowerCase()),
  st: (state: string) => withoutPunctuation(state.toLowerCase()),
  zp: (code: string) => code.toLowerCase().replace(/[\s-]/g, ""),
  country: (code: string) => code.trim().toLowerCase(),
  external_id: (id: string) => id.trim()
} as const

export const hashed = (field: keyof typeof normalise, value: string | null | undefined): string | undefined => {
  const normal = normalise[field](value ?? "")
  return normal === "" ? undefined : sha256(normal)
}

/** `fb.<index>.<ms>.<rest>`, of four parts or, by Meta's own library, five. */
const envelope = /^fb\.\d\.\d{13}\.[^.]+(\.[^.]+)?$/

export interface Visitor {
  /** Our own ids of the person, most lasting last. */
  readonly externalIds: ReadonlyArray<string>
  readonly fbp: string | null
  readonly fbc: string | null
  readonly ip: string | null
  readonly userAgent: string | null
}

/** Who did it, in Meta's words. A browser's traits are never hashed; made-up ones are never sent. */
export const userDataOf = (visitor: Visitor): Readonly<Record<string, unknown>> => {
  const externalIds = visitor.externalIds.flatMap((id) => hashed("external_id", id) ?? [])
  const { fbc, fbp, ip, userAgent } = visitor
  return {
    ...(externalIds.length === 0 ? {} : { external_id: externalIds }),
    country: hashed("country", "br"),
    ...(fbp !== null && envelope.test(fbp) ? { fbp } : {}),
    ...(fbc !== null && envelope.test(fbc) ? { fbc } : {}),
    ...(ip === null ? {} : { client_ip_address: ip }),
    ...(userAgent === null || userAgent === "" ? {} : { client_user_agent: userAgent })
  }
}
