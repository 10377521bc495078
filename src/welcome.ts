import { Effect, Layer, Option, Redacted } from "effect"
import { Config } from "./config.ts"
import { firstShow } from "./config/secrets.ts"
import * as Log from "./log/Log.ts"

/**
 * Says that the service is up. A generated admin token is shown this once, straight to the terminal and never through
 * the log (contract, section 2).
 */
export const WelcomeLayer = Layer.effectDiscard(
  Effect.gen(function* () {
    const config = yield* Config
    const address = `http://${config.host === "0.0.0.0" ? "localhost" : config.host}:${config.port}`
    if (yield* firstShow(config)) {
      const lines = [
        "",
        "  Bem-vindo ao Funil!",
        `  Endereço:            ${address}`,
        `  Senha do painel/API: ${Redacted.value(config.adminToken)}`,
        `  (guardada em ${config.dataDir}/admin-token; não será mostrada de novo)`,
        ""
      ]
      yield* Effect.sync(() => process.stdout.write(`${lines.join("\n")}\n`))
    }
    yield* Log.info(`[SERVIÇO] Funil ligado em ${address}`, { event_name: "started" })
    yield* Option.match(config.publicUrl, {
      onNone: () => Log.info("[SERVIÇO] Sem PUBLIC_URL: os bots buscam as mensagens direto no Telegram"),
      onSome: (url) => Log.info(`[SERVIÇO] Endereço público: ${url}`)
    })
    yield* Effect.addFinalizer(() => Log.info("[SERVIÇO] Desligando: terminando o que está em andamento"))
  })
)
