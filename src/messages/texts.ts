/** What the service itself says to buyers, where the seller wrote nothing of his own. */
export const texts = {
  startWithPlans: "Olá {nome}! Escolha uma opção para continuar:",
  startWithoutPlans: "Olá {nome}! Que bom ter você aqui.",
  pixCaption:
    "<b>{plano}</b>\nValor: <b>{valor}</b>\n\nPague pelo aplicativo do seu banco: leia o QR Code ou use o código PIX Copia e Cola abaixo.",
  pixCode: "Toque no código para copiar:",
  copyButton: "📋 Copiar código PIX",
  verifyButton: "✅ Já paguei",
  optedOut: "Pronto, {nome}: você não recebe mais as nossas ofertas. Para voltar a receber, envie /voltar.",
  optedIn: "Que bom ter você de volta, {nome}! Você volta a receber as nossas ofertas.",
  optOutButton: "🔕 Não quero mais receber",
  paid: "Pagamento confirmado! ✅ Obrigado, {nome}.",
  tapPlan: "Gerando o seu PIX…",
  planGone: "Esta oferta não está mais disponível.",
  buttonGone: "Este botão não vale mais. Envie /start para ver as opções.",
  checkoutWaiting:
    "O banco está demorando para responder. Se o código não chegar em instantes, toque no botão abaixo para tentar de novo.",
  checkoutSlow: "O banco está demorando para responder. Toque no botão abaixo para tentar de novo.",
  checkoutLimited:
    "Você já gerou vários códigos PIX. Pague um dos que estão acima ou volte daqui a uma hora para gerar outro.",
  checkoutFailed: "Não conseguimos gerar o seu PIX agora. Tente de novo em alguns instantes.",
  retryButton: "🔄 Tentar de novo",
  pixPaid: "✅ Este PIX já foi pago. Obrigado!",
  pixExpired: "⌛ Este código PIX venceu. Envie /start para ver as opções.",
  pixExpiredAgain: "⌛ Este código PIX venceu. Toque no botão abaixo para gerar um novo.",
  newPixButton: "🔄 Gerar novo PIX",
  vipInvite:
    "Seu acesso está liberado, {nome}! Toque no botão abaixo e peça para entrar: a sua entrada é aprovada na hora.",
  vipButton: "🔓 Entrar agora",
  verifyPaid: "Pagamento confirmado! ✅",
  verifyPending: "Ainda não recebemos a confirmação do banco. Assim que o PIX cair, avisamos aqui.",
  verifyExpired:
    "Este PIX venceu. Envie /start para gerar um novo. Se você já pagou, fique tranquilo: vamos reconhecer.",
  verifyRefunded: "Este pagamento foi devolvido.",
  verifyUnknown: "Não encontramos este PIX."
} as const
