import type { Bench } from "./lib/bench.ts"
import { compose } from "../src/messages/compose.ts"
import { figure } from "./lib/figure.ts"
import { mean } from "./lib/httpLoad.ts"

const rounds = 20_000

const text = "<b>Olá, {nome}!</b>\n\nHoje o plano <i>{plano}</i> está por {valor}. ".repeat(10)
const file = (kind: "photo" | "video", id: string) => ({ kind, file_id: id })
const content = {
  text,
  media: [file("photo", "AgACAgEAAxk"), file("video", "BAACAgEAAxk"), file("photo", "AgACAgEAAyk")],
  buttons: [[{ text: "Quero o plano", plan_id: 3 }], [{ text: "Site", url: "https://exemplo.com.br/?de={nome}" }]]
}

/** One person's greeting: an album of three and a long text with variables and buttons. */
export const composing: Bench = async () => {
  const context = { chatId: 7, planPrice: () => 1990, planName: () => "Mensal" }
  const once = (index: number) =>
    compose(
      content,
      { nome: `Ana ${index}`, usuario: "@ana", bot: "vip_bot", plano: "VIP", valor: "R$ 19,90" },
      context
    )
  for (let index = 0; index < rounds; index++) once(index)
  const micros = new Float64Array(rounds)
  for (let index = 0; index < rounds; index++) {
    const begun = performance.now()
    once(index)
    micros[index] = (performance.now() - begun) * 1000
  }
  return [figure("compose_greeting", "us", mean(micros), { latencies: micros })]
}
