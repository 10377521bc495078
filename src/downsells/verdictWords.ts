import type { Verdict } from "../repo/downsells/verdict.ts"

/** Why a downsell does not go out, for the seller. */
export const verdictWords: Readonly<Record<Verdict, string>> = {
  deleted: "O downsell foi apagado.",
  inactive: "O downsell está desligado.",
  paid: "A pessoa já pagou.",
  opted_out: "A pessoa pediu para não receber ofertas (/parar).",
  blocked: "A pessoa bloqueou o bot.",
  charge_closed: "O PIX não está mais aberto.",
  late: "Passou do prazo em que ainda valia a pena enviar."
}
