import type { Alert } from "../domain/alert.ts"
import type { Signs } from "../repo/AlertsRepo.ts"

const reais = (cents: number): string => `R$ ${(cents / 100).toFixed(2).replace(".", ",")}`

/** What the operator is told, in plain words: what happened, and what to do. */
export const alertsOf = (signs: Signs): ReadonlyArray<Alert> => [
  ...signs.stoppedBots.map(({ slug, reason }) => ({
    cause: `bot:${slug}`,
    state: reason,
    text: `⚠️ O bot ${slug} não está funcionando: ${reason}. Veja em Bots, no painel.`
  })),
  ...signs.silentGateways.map(({ gateway, failed }) => ({
    cause: `gateway:${gateway}`,
    state: "down",
    text: `⚠️ O gateway ${gateway} não gerou nenhum dos últimos ${failed} PIX. Confira a conta no painel dele.`
  })),
  ...(signs.deadUpdates > 0
    ? [
        {
          cause: "updates",
          state: String(signs.deadUpdates),
          text: `⚠️ ${signs.deadUpdates} mensagens recebidas falharam de vez e esperam por você em Entregas, no painel.`
        }
      ]
    : []),
  ...(signs.failedDeliveries > 0
    ? [
        {
          cause: "deliveries",
          state: String(signs.failedDeliveries),
          text: `⚠️ ${signs.failedDeliveries} entregas (produto, Meta ou UTMify) falharam de vez. Veja o motivo em Entregas, no painel.`
        }
      ]
    : []),
  ...(signs.firstSale === undefined
    ? []
    : [
        {
          cause: "first_sale",
          state: signs.firstSale.day,
          text: `🎉 Primeira venda do dia: ${reais(signs.firstSale.cents)} no bot ${signs.firstSale.slug ?? "-"}.`
        }
      ])
]
