import { Context, Effect, Layer, Option, Redacted, Schema } from "effect"
import type { SqlError } from "effect/sql"
import { TokenVault } from "../bots/TokenVault.ts"
import { GatewaySettingsRepo, type SealedSetting } from "../repo/GatewaySettingsRepo.ts"
import type { AccountWebhook } from "./PaymentGateway.ts"

/** Longer than any registration takes; a process that dies in between holds the others up no longer. */
const claimSeconds = 90

const Stored = Schema.fromJsonString(Schema.Struct({ id: Schema.String, token: Schema.String }))
const decode = Schema.decodeUnknownOption(Stored)

const keyOf = (url: string) => `webhook ${url}`

/** The tokens of webhooks that gateways registered for an account: told once, kept sealed, shared by all processes. */
export class WebhookTokens extends Context.Service<
  WebhookTokens,
  {
    readonly find: (gateway: string, url: string) => Effect.Effect<Option.Option<AccountWebhook>, SqlError.SqlError>
    readonly keep: (gateway: string, url: string, webhook: AccountWebhook) => Effect.Effect<void, SqlError.SqlError>
    /**
     * All tokens of a gateway, read at each call: another process may have registered a moment ago. None while the
     * database is away, as nothing that they prove could be kept then.
     */
    readonly ofGateway: (gateway: string) => Effect.Effect<ReadonlyArray<Redacted.Redacted<string>>>
    /** Runs the effect unless another process is at the same address right now. */
    readonly alone: <A, E, R>(
      gateway: string,
      url: string,
      effect: Effect.Effect<A, E, R>
    ) => Effect.Effect<Option.Option<A>, E | SqlError.SqlError, R>
  }
>()("funil/payments/WebhookTokens") {
  static readonly layer = Layer.effect(
    WebhookTokens,
    Effect.gen(function* () {
      const repo = yield* GatewaySettingsRepo
      const vault = yield* TokenVault

      const open = (sealed: SealedSetting): Option.Option<AccountWebhook> =>
        vault.unseal({ tokenEncrypted: sealed.value, tokenIv: sealed.iv }).pipe(
          Option.flatMap((text) => decode(Redacted.value(text))),
          Option.map(({ id, token }) => ({ id, token: Redacted.make(token) }))
        )

      const find = (gateway: string, url: string) =>
        Effect.map(repo.find(gateway, keyOf(url)), (found) => Option.flatMap(found, open))

      const keep = (gateway: string, url: string, { id, token }: AccountWebhook) => {
        const sealed = vault.seal(Redacted.make(JSON.stringify({ id, token: Redacted.value(token) })))
        return repo.save(gateway, keyOf(url), { value: sealed.tokenEncrypted, iv: sealed.tokenIv })
      }

      const ofGateway = (gateway: string) =>
        repo.ofGateway(gateway).pipe(
          Effect.map((all) => all.flatMap((one) => Option.toArray(open(one))).map(({ token }) => token)),
          Effect.orElseSucceed((): ReadonlyArray<Redacted.Redacted<string>> => [])
        )

      const alone = Effect.fnUntraced(function* <A, E, R>(
        gateway: string,
        url: string,
        effect: Effect.Effect<A, E, R>
      ) {
        if (!(yield* repo.claim(gateway, keyOf(url), claimSeconds))) return Option.none<A>()
        return yield* Effect.asSome(effect).pipe(Effect.ensuring(Effect.ignore(repo.release(gateway, keyOf(url)))))
      })

      return WebhookTokens.of({ find, keep, ofGateway, alone })
    })
  ).pipe(Layer.provide(Layer.merge(GatewaySettingsRepo.layer, TokenVault.layer)))
}
