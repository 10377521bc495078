import { Effect, Option } from "effect"
import type { PaymentGateway } from "../../src/payments/PaymentGateway.ts"
import type { UpdateView } from "../../src/repo/updates/list.ts"

/** A gateway that is shown and configured, never asked for money. */
export const shownGateway: PaymentGateway = {
  name: "pushinpay",
  capabilities: {
    minCents: 50,
    refund: true,
    secondsBetweenQueries: 60,
    firstQuerySeconds: 60,
    legalNotice: Option.none()
  },
  configured: true,
  createCharge: () => Effect.die("not here"),
  getCharge: () => Effect.die("not here"),
  refund: () => Effect.die("not here"),
  readWebhook: () => Effect.die("not here")
}

/** An update that was given up. */
export const deadUpdate: UpdateView = {
  bot: "vip",
  update_id: 7,
  kind: "start",
  telegram_id: 7_205_343_917,
  status: "dead",
  attempts: 4,
  error: "o banco de dados falhou",
  received_at: "2025-11-07T12:00:00.000Z"
}
