/** Crawlers and link previews by name (facts/tracking, D.5). */
const crawlers =
  /facebookexternalhit|facebookcatalog|facebookbot|facebot|meta-external|meta-webindexer|telegrambot|whatsapp\/|twitterbot|slackbot|discordbot|linkedinbot|skypeuripreview|pinterestbot|snapchat.*prefix|redditbot|googlebot|adsbot-google|mediapartners-google|google-inspectiontool|apis-google|googleother|bingbot|duckduckbot|yandexbot|applebot|baiduspider|petalbot|seznambot|bytespider|tiktokspider|gptbot|chatgpt-user|oai-searchbot|claudebot|perplexitybot|ccbot|amazonbot|ahrefsbot|semrushbot|mj12bot|dotbot|lighthouse|pagespeed|pingdom|uptimerobot|gtmetrix/i

/** Programs that fetch pages without a person in front of them. */
const automata =
  /headlesschrome|phantomjs|puppeteer|playwright|\bcurl\/|\bwget\/|python-requests|python-urllib|go-http-client|^okhttp\/|\baxios\/|node-fetch|libwww-perl|^java\/|scrapy|httpx/i

/** Meta's own apps fetch a page when its ad is shown, browsers when they guess the next click. */
const ahead = /prefetch|prerender|preview/i

export interface Caller {
  readonly userAgent: string | undefined
  /** `Sec-Purpose`, `Purpose`, `X-Purpose`, `X-Moz`. */
  readonly purposes: ReadonlyArray<string>
  /** From this very machine: the operator's own trials and tests are not taken for automata. */
  readonly local: boolean
}

/** Why a request is no person's, or undefined. Browsers inside of Facebook and Instagram are the customers. */
export const botReason = ({ local, purposes, userAgent = "" }: Caller): string | undefined => {
  if (purposes.some((purpose) => ahead.test(purpose))) return "prefetch"
  if (crawlers.test(userAgent)) return "crawler"
  if (!local && automata.test(userAgent)) return "automaton"
  return undefined
}

const inApp: ReadonlyArray<readonly [string, RegExp]> = [
  ["instagram", /Instagram/],
  ["facebook", /FBAN|FBAV|FB_IAB/],
  ["tiktok", /BytedanceWebview|musical_ly|trill_|TikTok/],
  ["kwai", /Kwai|kwai/],
  ["snapchat", /Snapchat/],
  ["pinterest", /\[Pinterest/],
  ["webview", /; wv\)/]
]

/** The app whose built-in browser this is. */
export const inAppBrowserOf = (userAgent: string | undefined): string | null =>
  inApp.find(([, mark]) => mark.test(userAgent ?? ""))?.[0] ?? null
