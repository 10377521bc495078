import { sanitiseText } from "./text.ts"

/** What an address tells of where its visitor comes from. Values are kept byte for byte: UTMify joins on them. */
export interface Attribution {
  readonly utmSource: string | null
  readonly utmMedium: string | null
  readonly utmCampaign: string | null
  readonly utmContent: string | null
  readonly utmTerm: string | null
  readonly src: string | null
  readonly sck: string | null
  readonly xcod: string | null
  readonly fbclid: string | null
}

/** Names of campaigns, sets and ads with their ids; Meta allows 400 characters for a name. */
const longestMark = 500

export const attributionOf = (address: string): Attribution => {
  const query = new URLSearchParams(queryOf(address))
  const mark = (name: string) => {
    const value = sanitiseText((query.get(name) ?? "").slice(0, longestMark))
    return value === "" ? null : value
  }
  return {
    utmSource: mark("utm_source"),
    utmMedium: mark("utm_medium"),
    utmCampaign: mark("utm_campaign"),
    utmContent: mark("utm_content"),
    utmTerm: mark("utm_term"),
    src: mark("src"),
    sck: mark("sck"),
    xcod: mark("xcod"),
    fbclid: fbclidOf(query.get("fbclid"))
  }
}

/** An address that names no campaign and no click adds nothing to what is known of its visitor. */
export const isAttributed = (attribution: Attribution): boolean =>
  Object.values(attribution).some((mark) => mark !== null)

const queryOf = (address: string): string => {
  const [withoutFragment = ""] = address.split("#", 1)
  const at = withoutFragment.indexOf("?")
  return at === -1 ? "" : withoutFragment.slice(at + 1)
}

/** Case matters, and there is no documented length; anything else than base64url is not from Meta. */
const fbclidOf = (value: string | null): string | null =>
  value !== null && /^[\w-]{10,500}$/.test(value) ? value : null

const fbpPattern = /^fb\.\d\.\d{13}\.\d{1,20}(\.[\w-]{1,20})?$/
const fbcPattern = /^fb\.\d\.\d{13}\.([\w-]{1,500})(\.[\w-]{1,20})?$/

/** A `_fbp` cookie as Meta's Pixel or its parameter builder writes it; whatever else somebody sends is nobody's. */
export const validFbp = (value: string | null | undefined): string | null =>
  typeof value === "string" && fbpPattern.test(value) ? value : null

export interface Fbc {
  readonly value: string
  readonly origin: "cookie" | "derived"
}

/** The click's id at Meta: the newest click wins, so an address with another `fbclid` than the cookie's makes a new one. */
export const fbcOf = (cookie: string | null | undefined, fbclid: string | null, seenAtMs: number): Fbc | null => {
  const known = typeof cookie === "string" ? fbcPattern.exec(cookie) : null
  if (known !== null && (fbclid === null || known[1] === fbclid)) return { value: known[0], origin: "cookie" }
  return fbclid === null ? null : { value: `fb.1.${seenAtMs}.${fbclid}`, origin: "derived" }
}

/** A session's id, which is also the payload of its /start: 128 random bits. */
export const isSessionId = (value: string | null | undefined): value is string =>
  typeof value === "string" && /^[\w-]{22}$/.test(value)

/** How long a session can be taken up again, and its cookie lives. */
export const sessionDays = 90
