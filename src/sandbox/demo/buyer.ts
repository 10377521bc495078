import { Clock, Console, Effect } from "effect"
import { Sandbox } from "../Sandbox.ts"
import type { Call } from "../telegram/CallLog.ts"
import { visitPresell } from "./presell.ts"
import { downsellCounted, downsellWords } from "./downsell.ts"
import { demoBot } from "./seed.ts"
import { DemoError, type DemoService } from "./service.ts"
import { sendShot, shotCounted, shotWords } from "./shot.ts"

const ana = { id: 7_205_343_917, first_name: "Ana", last_name: "Souza", username: "ana_souza", language_code: "pt-br" }

/** Plays one buyer from the presell page to the delivered product. Fails at the first step the stand-ins did not see. */
export const playBuyer = Effect.fn("Demo.playBuyer")(function* (service: DemoService) {
  const { telegram, pushinpay } = yield* Sandbox
  yield* telegram.person(ana)

  const sentTo = (text: RegExp) => (call: Call) =>
    call.method.startsWith("send") && Number(call.params["chat_id"]) === ana.id && text.test(words(call))

  yield* step(
    1,
    "página de presell vista, clique contado, /start respondido",
    Effect.flatMap(visitPresell(service), (token) => telegram.sendText(demoBot.token, ana, `/start ${token}`)),
    telegram.waitFor(sentTo(/Olá Ana/))
  )
  yield* step(
    2,
    "plano escolhido, PIX criado no gateway",
    telegram.press(demoBot.token, ana, "Mensal: R$ 19,90"),
    pushinpay.waitForCharge((charge) => charge.valueCents === 1990)
  )
  const charge = yield* pushinpay.waitForCharge((one) => one.valueCents === 1990)
  yield* step(
    3,
    "QR Code e código PIX na conversa",
    Effect.void,
    Effect.andThen(
      telegram.waitFor((call) => call.method === "sendPhoto" && Number(call.params["chat_id"]) === ana.id),
      telegram.waitFor(sentTo(/<code>000201/))
    )
  )
  yield* step(
    4,
    "PIX esquecido: o downsell chegou sozinho",
    Effect.void,
    Effect.andThen(telegram.waitFor(sentTo(new RegExp(`${downsellWords}, Ana`))), downsellCounted(service))
  )
  yield* step(
    5,
    "PIX pago, produto entregue",
    pushinpay.pay(charge.id),
    telegram.waitFor(sentTo(/Seu acesso está liberado, Ana/))
  )
  yield* step(
    6,
    "disparo enviado a quem comprou",
    sendShot(service),
    Effect.andThen(telegram.waitFor(sentTo(new RegExp(`${shotWords}, Ana`))), shotCounted(service))
  )
  yield* step(7, "funil contado", Effect.void, checkMetrics(service))
})

const words = (call: Call) => `${String(call.params["text"] ?? "")}${String(call.params["caption"] ?? "")}`

const step = Effect.fnUntraced(function* <A, B, E1, E2, R1, R2>(
  number: number,
  name: string,
  act: Effect.Effect<A, E1, R1>,
  seen: Effect.Effect<B, E2, R2>
) {
  const begun = yield* Clock.currentTimeMillis
  yield* act
  yield* seen
  yield* Console.log(`✔ Passo ${number}: ${name} (${(yield* Clock.currentTimeMillis) - begun} ms)`)
})

interface Metrics {
  readonly funnel: ReadonlyArray<{ readonly event: string; readonly unique: number }>
  readonly revenue_cents: number
}

const checkMetrics = Effect.fnUntraced(function* (service: DemoService) {
  const metrics = (yield* service.call("GET", `/api/metrics?bot=${demoBot.slug}`)) as Metrics
  yield* Console.log(JSON.stringify(metrics, null, 2))
  for (const event of ["presell_view", "to_bot_click", "bot_start", "pix_created", "pix_paid"]) {
    if ((metrics.funnel.find((one) => one.event === event)?.unique ?? 0) < 1) {
      return yield* new DemoError({ message: `O funil não contou ${event}.` })
    }
  }
  if (metrics.revenue_cents < 1990) return yield* new DemoError({ message: "O funil não contou a venda." })
})
