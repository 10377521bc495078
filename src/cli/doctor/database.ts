import { Effect } from "effect"
import { diagnose } from "../../db/diagnosis.ts"
import { pendingMigrations } from "../../db/Migrations.ts"
import { bad, type Finding, good } from "./finding.ts"

/** Telegram, gateways and Meta judge by the time; five seconds is what none of them minds. */
const mostSkewSeconds = 5

/** The database as it is; nothing is migrated or repaired here. */
export const databaseFindings = Effect.gen(function* () {
  const found = yield* diagnose
  const pending = yield* pendingMigrations(found.migrations)
  const major = Number.parseInt(found.version, 10)
  const findings: ReadonlyArray<Finding> = [
    major < 15
      ? bad("Banco de dados", `PostgreSQL ${found.version} é antigo demais`, "Use o PostgreSQL 15 ou mais novo.")
      : good("Banco de dados", `PostgreSQL ${found.version} respondendo`),
    found.skewSeconds > mostSkewSeconds
      ? bad(
          "Relógio",
          `o do banco está ${Math.round(found.skewSeconds)} s diferente do desta máquina`,
          "Ligue o acerto automático da hora (NTP) nas duas máquinas."
        )
      : good("Relógio", "o do banco e o desta máquina concordam"),
    pending.length > 0
      ? bad(
          "Migrações",
          found.migrations.size === 0
            ? "nenhuma foi aplicada ainda"
            : `faltam ${pending.length}: ${pending.join(", ")}`,
          "Rode: npm run migrate (ou ligue o serviço, que faz isso sozinho)"
        )
      : good("Migrações", "em dia")
  ]
  // Of tables that are not there yet nothing can be said.
  if (pending.length > 0) return findings
  return [
    ...findings,
    found.monthsMissing.length > 0
      ? bad(
          "Partições",
          `faltam as de ${found.monthsMissing.join(", ")}`,
          "Rode: npm run migrate (os eventos desses meses iriam para a partição padrão)."
        )
      : good("Partições", "as dos próximos meses existem"),
    found.deadUpdates + found.failedDeliveries > 0
      ? bad(
          "Pendências",
          `${found.deadUpdates} mensagens separadas e ${found.failedDeliveries} entregas que falharam de vez`,
          "Veja os motivos no painel, em Entregas, e mande de novo."
        )
      : good("Pendências", "nenhuma mensagem separada, nenhuma entrega perdida")
  ] satisfies ReadonlyArray<Finding>
})
