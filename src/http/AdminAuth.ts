import { Context, Effect, Layer, Option, Redacted } from "effect"
import { HttpApiMiddleware, HttpApiSecurity } from "effect/http-api"
import { hash, timingSafeEqual } from "node:crypto"
import { Config } from "../config.ts"
import { problems, unauthorized } from "./problem.ts"

/** Knows the admin token and says nothing about it but yes or no, in the same time for every guess. */
export class AdminAuth extends Context.Service<
  AdminAuth,
  {
    readonly accepts: (token: string) => boolean
    /** The value of an `Authorization` header. */
    readonly acceptsHeader: (header: string | undefined) => boolean
  }
>()("funil/http/AdminAuth") {
  static readonly layer = Layer.effect(
    AdminAuth,
    Effect.map(Config, (config) => {
      // Digests have one length, whatever was sent: neither content nor length shows in the time taken.
      const expected = hash("sha256", Redacted.value(config.adminToken), "buffer")
      const accepts = (token: string) => timingSafeEqual(hash("sha256", token, "buffer"), expected)
      const acceptsHeader = (header: string | undefined) => Option.exists(bearerOf(header), (token) => accepts(token))
      return AdminAuth.of({ accepts, acceptsHeader })
    })
  )
}

const bearerOf = (header: string | undefined): Option.Option<string> =>
  Option.fromNullishOr(/^bearer +(\S+) *$/i.exec(header ?? "")?.[1])

/** `Authorization: Bearer <ADMIN_TOKEN>` on every administrative endpoint. */
export class Bearer extends HttpApiMiddleware.Service<Bearer>()("funil/http/Bearer", {
  security: { bearer: HttpApiSecurity.bearer },
  error: problems("unauthorized")
}) {
  static readonly layer = Layer.effect(
    Bearer,
    Effect.map(AdminAuth, (auth) =>
      Bearer.of({
        bearer: (handler, { credential }) =>
          auth.accepts(Redacted.value(credential)) ? handler : Effect.fail(unauthorized)
      })
    )
  )
}
