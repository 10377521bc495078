import { Effect } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { HttpApiScalar, OpenApi } from "effect/http-api"
import { DocumentedApi } from "../api/Api.ts"

// The page brings its own script; whatever in it would like to call another host may not.
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'unsafe-inline'",
  "style-src 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join("; ")

const scalar = HttpApiScalar.layer(DocumentedApi, {
  path: "/docs",
  scalar: { withDefaultFonts: false, defaultOpenAllTags: true }
})

/** The API described, for programs: made from the schemas that check the calls. */
export const openApiRoute = Effect.sync(
  () => (described ??= HttpServerResponse.jsonUnsafe(OpenApi.fromApi(DocumentedApi)))
)

let described: HttpServerResponse.HttpServerResponse | undefined

/**
 * The same for people. Scalar's script is part of Effect and is read when somebody visits: most processes never show
 * this page, and its 3 MB would cost each of them 18 MB.
 */
export const docsRoute = Effect.gen(function* () {
  const page = yield* HttpRouter.toHttpEffect(scalar)
  return HttpServerResponse.setHeader(yield* page, "content-security-policy", contentSecurityPolicy)
})
