import { Effect } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { hash } from "node:crypto"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { gzipSync } from "node:zlib"
import { notFound, problemResponse } from "../http/problem.ts"

interface Asset {
  readonly body: Uint8Array
  /** A third of it: the first page on a phone would else be mostly htmx. */
  readonly packed: Uint8Array
  readonly contentType: string
  readonly version: string
}

const javascript = "text/javascript; charset=utf-8"

const sources = {
  "panel.css": { url: new URL("assets/panel.css", import.meta.url), contentType: "text/css; charset=utf-8" },
  "panel.js": { url: new URL("assets/panel.js", import.meta.url), contentType: javascript },
  "htmx.js": { url: createRequire(import.meta.url).resolve("htmx.org/dist/htmx.min.js"), contentType: javascript },
  "icon.svg": { url: new URL("assets/icon.svg", import.meta.url), contentType: "image/svg+xml" }
} as const
export type AssetName = keyof typeof sources

const loaded = new Map<string, Asset>()

/** Read when the panel is first looked at: most processes never show it. */
const assetOf = (name: AssetName): Asset => {
  const known = loaded.get(name)
  if (known !== undefined) return known
  const { contentType, url } = sources[name]
  const body = readFileSync(url)
  const asset = { body, packed: gzipSync(body), contentType, version: hash("sha256", body, "hex").slice(0, 12) }
  loaded.set(name, asset)
  return asset
}

/** The address changes with the content, so a browser may keep what it has for ever. */
export const assetPath = (name: AssetName): string => `/admin/assets/${assetOf(name).version}/${name}`

export const assetRoute = Effect.gen(function* () {
  const { name = "" } = yield* HttpRouter.params
  if (!Object.hasOwn(sources, name)) return problemResponse(notFound)
  const { body, contentType, packed } = assetOf(name as AssetName)
  const { headers } = yield* HttpServerRequest.HttpServerRequest
  const unpacks = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|$))/.test(headers["accept-encoding"] ?? "")
  return HttpServerResponse.uint8Array(unpacks ? packed : body, {
    contentType,
    headers: {
      "cache-control": "public, max-age=31536000, immutable",
      vary: "accept-encoding",
      ...(unpacks ? { "content-encoding": "gzip" } : {})
    }
  })
})
