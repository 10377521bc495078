/** Literal text of PushinPay's terms, item 4.10: shown before every payment, and nobody may take it away. */
export const pushinPayNotice =
  "A PUSHIN PAY atua exclusivamente como processadora de pagamentos e não possui qualquer responsabilidade pela " +
  "entrega, suporte, conteúdo, qualidade ou cumprimento das obrigações relacionadas aos produtos ou serviços " +
  "oferecidos pelo vendedor."
