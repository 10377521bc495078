import { Effect, Schema } from "effect"
import { type ControlRoute, route, routeWith } from "../http/control.ts"
import { attempt, type SandboxError } from "../SandboxError.ts"
import type { Bank } from "./Bank.ts"
import type { Charge } from "./Charge.ts"
import type { Fault } from "./Faults.ts"
import { hookBody } from "./Hooks.ts"
import type { Options } from "./Options.ts"

const PayBody = Schema.Struct({
  name: Schema.optionalKey(Schema.String),
  document: Schema.optionalKey(Schema.String)
})

const HookInput = Schema.Struct({ url: Schema.String, event: Schema.String })
const Withdrawal = Schema.Struct({ value_cents: Schema.Int })

/** `/__sandbox/…` of the SyncPay stand-in; `:id` is a charge's id, in any case. */
export const controlRoutes = (bank: Bank): ReadonlyArray<ControlRoute> => {
  const { courier, hooks } = bank.webhooks
  return [
    route("GET", "/charges", () => Effect.sync(() => [...bank.charges.values()].map(shown))),
    route("GET", "/charges/:id", ({ path }) => attempt(() => shown(bank.charge(path.id!)))),
    routeWith("POST", "/charges/:id/pay", PayBody, (payer, { path }) =>
      changed(bank, path.id!, () => bank.pay(path.id!, payer))
    ),
    route("POST", "/charges/:id/refuse", ({ path }) => changed(bank, path.id!, () => bank.refuse(path.id!))),
    route("POST", "/charges/:id/refund", ({ path }) => changed(bank, path.id!, () => bank.refund(path.id!))),
    route("POST", "/charges/:id/dispute", ({ path }) => changed(bank, path.id!, () => bank.dispute(path.id!))),
    route("POST", "/charges/:id/resend", ({ path }) =>
      changed(bank, path.id!, () => bank.webhooks.resend(bank.charge(path.id!)))
    ),
    route("GET", "/webhooks", () => Effect.sync(() => [...hooks.all.values()].map((hook) => hookBody(hook, true)))),
    routeWith("POST", "/webhooks", HookInput, (input) =>
      Effect.sync(() => hookBody(hooks.add({ ...input, title: "Painel" }), true))
    ),
    routeWith("POST", "/withdraw", Withdrawal, ({ value_cents }) =>
      Effect.promise(() => bank.webhooks.cashOut(value_cents))
    ),
    route("POST", "/tokens/revoke", () => Effect.sync(() => bank.tokens.revoke())),
    route("POST", "/release", ({ query }) => Effect.promise(() => courier.release(query.has("reverse")))),
    route("GET", "/calls", () => Effect.sync(() => bank.calls)),
    route("GET", "/deliveries", () => Effect.sync(() => courier.deliveries)),
    route("GET", "/counters", () =>
      Effect.sync(() => ({
        charges: bank.charges.size,
        violations: bank.violations,
        tokens: bank.tokens.issued
      }))
    ),
    route("POST", "/options", ({ body }) => Effect.sync(() => void Object.assign(bank.settings, body as Options))),
    route("POST", "/faults", ({ body }) => Effect.sync(() => ({ id: bank.faults.arm(body as Fault) }))),
    route("DELETE", "/faults", () => Effect.sync(() => bank.faults.clear()))
  ]
}

/** Answers at once with the changed charge; its webhooks are on the way. */
const changed = (bank: Bank, id: string, run: () => Promise<void>): Effect.Effect<unknown, SandboxError> =>
  attempt(() => {
    void run()
    return shown(bank.charge(id))
  })

const shown = (charge: Charge) => ({
  id: charge.id,
  status: charge.status,
  value_cents: charge.valueCents,
  pix_code: charge.code,
  webhook_url: charge.webhookUrl,
  end_to_end_id: charge.endToEndId,
  queries: charge.queries,
  created_at: charge.createdAt.toISOString()
})
