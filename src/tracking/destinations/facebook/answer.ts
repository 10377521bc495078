import { Option, Schema } from "effect"
import type { Trouble } from "../../Breakers.ts"
import type { Answer } from "../http.ts"

/** `Refused`: something in the events is wrong, and only there. */
export type Verdict =
  | { readonly _tag: "Accepted"; readonly trace: string | undefined }
  | { readonly _tag: "Refused"; readonly reason: string }
  | { readonly _tag: "Away"; readonly trouble: Trouble }

const GraphError = Schema.Struct({
  error: Schema.Struct({
    code: Schema.optionalKey(Schema.NullOr(Schema.Int)),
    error_subcode: Schema.optionalKey(Schema.NullOr(Schema.Int)),
    is_transient: Schema.optionalKey(Schema.NullOr(Schema.Boolean))
  })
})
const Success = Schema.Struct({
  events_received: Schema.Int,
  fbtrace_id: Schema.optionalKey(Schema.NullOr(Schema.String))
})

const decodeError = Schema.decodeUnknownOption(GraphError)
const decodeSuccess = Schema.decodeUnknownOption(Success)

const throttles = new Set([4, 17, 32, 613, 80_003, 80_004, 80_014])
const transient = new Set([1, 2, 341, 5000])
const permissions = new Set([3, 10, 200, 294])

const subcodes: Readonly<Record<number, string>> = {
  2_804_003: "o evento tem mais de 7 dias",
  2_804_050: "faltam dados do visitante para este evento",
  2_804_019: "falta o valor da compra"
}

const defaultWaitSeconds = 60

/** What Meta's answer means. By code only: its titles come in the language of the token's owner. */
export const verdictOf = (answer: Answer, pixelId: string): Verdict => {
  if (answer.status === 200) {
    const success = Option.getOrUndefined(decodeSuccess(answer.body))
    if (success !== undefined) return { _tag: "Accepted", trace: success.fbtrace_id ?? undefined }
    return away({ reason: "o Meta deu uma resposta que não é dele" })
  }
  const error = Option.getOrUndefined(decodeError(answer.body))?.error
  const code = error?.code ?? undefined
  const subcode = error?.error_subcode ?? undefined
  if (answer.status >= 500 || error === undefined || code === undefined) {
    // A page instead of an answer: whoever gave it, it was not about our events.
    if (answer.status === 429) return away({ reason: "o Meta pediu para esperar", afterSeconds: waitOf(answer) })
    return away({ reason: `o Meta não está atendendo (resposta ${answer.status})` })
  }
  if (throttles.has(code)) return away({ reason: "o Meta pediu para esperar", afterSeconds: waitOf(answer) })
  if (code === 190 || code === 102 || answer.status === 401) {
    return away({ reason: `o Meta não aceita mais o token do pixel ${pixelId}; gere outro token`, alarm: true })
  }
  if (code === 100 && subcode === 33) {
    return away({ reason: `o pixel ${pixelId} não existe ou o token não tem acesso a ele`, alarm: true })
  }
  if (permissions.has(code) || answer.status === 403) {
    return away({ reason: `o token não tem permissão para enviar eventos ao pixel ${pixelId}`, alarm: true })
  }
  if (code === 368) {
    return away({ reason: "o Meta bloqueou os envios desta conta por um tempo", afterSeconds: 900, alarm: true })
  }
  if (transient.has(code) || error.is_transient === true) {
    return away({ reason: `o Meta está com uma falha passageira (código ${code})` })
  }
  const told = subcode === undefined ? `código ${code}` : `código ${code}/${subcode}`
  const known = subcode === undefined ? undefined : subcodes[subcode]
  return { _tag: "Refused", reason: `o Meta recusou o evento: ${known === undefined ? told : `${known} (${told})`}` }
}

const away = (trouble: Trouble): Verdict => ({ _tag: "Away", trouble })

const Usage = Schema.fromJsonString(
  Schema.Record(
    Schema.String,
    Schema.Array(Schema.Struct({ estimated_time_to_regain_access: Schema.optionalKey(Schema.Finite) }))
  )
)
const decodeUsage = Schema.decodeUnknownOption(Usage)

/** Meta tells minutes, for each account that the token serves; an hour at most is believed. */
const waitOf = ({ headers, retryAfterSeconds }: Answer): number => {
  const usage = Option.getOrUndefined(decodeUsage(headers["x-business-use-case-usage"]))
  const minutes = Object.values(usage ?? {}).flatMap((list) =>
    list.map((one) => one.estimated_time_to_regain_access ?? 0)
  )
  const seconds = Math.max(0, ...minutes) * 60
  return Math.min(seconds > 0 ? seconds : (retryAfterSeconds ?? defaultWaitSeconds), 3600)
}
