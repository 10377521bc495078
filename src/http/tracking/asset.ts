import { HttpServerResponse, type HttpServerRequest } from "effect/http"
import { hash } from "node:crypto"
import { gzipSync } from "node:zlib"

/** A file that is served from memory: as it is, packed, and by its mark not at all. */
export interface Asset {
  readonly plain: Uint8Array
  readonly packed: Uint8Array
  readonly etag: string
  readonly headers: Readonly<Record<string, string>>
}

export const assetOf = (text: string, headers: Readonly<Record<string, string>>): Asset => {
  const plain = Buffer.from(text)
  return {
    plain,
    packed: gzipSync(plain, { level: 9 }),
    etag: `"${hash("sha256", plain, "base64url").slice(0, 22)}"`,
    headers
  }
}

export const serve = (asset: Asset, { headers }: HttpServerRequest.HttpServerRequest) => {
  const common = { ...asset.headers, etag: asset.etag, vary: "Accept-Encoding" }
  // A proxy in between may have marked it as weak.
  if (headers["if-none-match"]?.includes(asset.etag) === true) {
    return HttpServerResponse.empty({ status: 304, headers: common })
  }
  const packs = /\bgzip\b/.test(headers["accept-encoding"] ?? "")
  return HttpServerResponse.uint8Array(packs ? asset.packed : asset.plain, {
    headers: packs ? { ...common, "content-encoding": "gzip" } : common,
    contentType: asset.headers["content-type"]
  })
}
