import { Schema } from "effect"
import { MediaKind } from "./contentModel.ts"
import { codePoints, htmlLength, isBlank, parseHtml } from "./html.ts"
import { maxBytes } from "./split.ts"
import { unknownVariables, variableNames } from "./variables.ts"

const maxText = 4_096
const maxMedia = 3
const maxRow = 8
const maxButtons = 100
const maxButtonText = 100
const maxCopyText = 256
/** An int4 in the payments table. */
const maxCents = 2_147_483_647

const rule = <A>(check: (value: A) => string | ReadonlyArray<string> | undefined) =>
  Schema.makeFilter<A>((value) => check(value) ?? undefined)

const unknownNames = (text: string): ReadonlyArray<string> =>
  unknownVariables(text).map((name) => {
    const names = variableNames.map((known) => `{${known}}`)
    return `Variável desconhecida: {${name}}. Use ${names.slice(0, -1).join(", ")} ou ${names.at(-1)}.`
  })

const Text = Schema.String.annotate({ message: "O texto precisa ser um texto." }).check(
  rule((text) => {
    if (Buffer.byteLength(text) > maxBytes) return "O texto é grande demais para o Telegram."
    const length = htmlLength(text)
    return [
      ...parseHtml(text).problems.slice(0, 3),
      ...(length > maxText ? [`O texto tem ${length} caracteres; o Telegram aceita até ${maxText}.`] : []),
      ...unknownNames(text)
    ]
  })
)

const positive = (message: string, max = Number.MAX_SAFE_INTEGER) =>
  // Schema.Finite would put the sentence on its own check and leave a wrong type without one.
  // @effect-diagnostics-next-line schemaNumber:off
  Schema.Number.annotate({ message }).check(
    rule((value) => (Number.isSafeInteger(value) && value >= 1 && value <= max ? undefined : message))
  )

/** Variables may stand in a link; what they will hold does not matter for its form. */
const sampled = (url: string): string => url.replace(/\{[^{}]*\}/g, "x")

const MediaInput = Schema.Struct({
  media_id: Schema.optionalKey(positive("media_id precisa ser o número de uma mídia enviada.")),
  kind: Schema.optionalKey(
    MediaKind.annotate({ message: `O tipo da mídia precisa ser um destes: ${MediaKind.literals.join(", ")}.` })
  ),
  url: Schema.optionalKey(
    Schema.String.annotate({ message: "O endereço da mídia precisa ser um texto." }).check(
      rule((url) =>
        /^https?:\/\//i.test(url) && URL.canParse(url)
          ? undefined
          : "O endereço da mídia precisa começar com http:// ou https://."
      )
    )
  ),
  file_id: Schema.optionalKey(
    Schema.String.annotate({ message: "file_id precisa ser um texto." }).check(
      rule((fileId) => (/^(?!https?:)\S{1,512}$/.test(fileId) ? undefined : "Este file_id não é do Telegram."))
    )
  )
})
  .annotate({ message: "Cada mídia precisa ser um objeto." })
  .check(
    rule((media) => {
      if (countOf(media, ["media_id", "url", "file_id"]) !== 1)
        return "Cada mídia precisa de exatamente um: media_id, url ou file_id."
      if (media.media_id === undefined && media.kind === undefined) return "Diga o tipo da mídia em kind."
      if (media.kind === "video_note" && media.url !== undefined)
        return "O Telegram não aceita vídeo redondo por endereço: envie o arquivo."
      return undefined
    })
  )

const ButtonInput = Schema.Struct({
  text: Schema.String.annotate({ message: "O botão precisa de um texto." })
    .annotateKey({ messageMissingKey: "O botão precisa de um texto." })
    .check(
      rule((text) => {
        if (isBlank(text)) return "O botão precisa de um texto."
        if (codePoints(text) > maxButtonText) return `O texto do botão tem no máximo ${maxButtonText} caracteres.`
        return unknownNames(text)
      })
    ),
  plan_id: Schema.optionalKey(positive("plan_id precisa ser o número de um plano.")),
  price_cents: Schema.optionalKey(positive("O preço do botão precisa ser em centavos, 1 ou mais.", maxCents)),
  url: Schema.optionalKey(
    Schema.String.annotate({ message: "O link do botão precisa ser um texto." }).check(
      rule((url) => {
        const unknown = unknownNames(url)
        if (unknown.length > 0) return unknown
        if (url === "{link}") return undefined
        return /^(https?|tg):\/\/\S+$/i.test(url) && URL.canParse(sampled(url))
          ? undefined
          : "O link do botão precisa começar com http://, https:// ou tg://."
      })
    )
  ),
  copy_text: Schema.optionalKey(
    Schema.String.annotate({ message: "O texto para copiar precisa ser um texto." }).check(
      rule((text) =>
        text.length > 0 && codePoints(text) <= maxCopyText
          ? unknownNames(text)
          : `O texto para copiar tem de 1 a ${maxCopyText} caracteres.`
      )
    )
  )
})
  .annotate({ message: "Cada botão precisa ser um objeto." })
  .check(
    rule((button) => {
      if (countOf(button, ["plan_id", "url", "copy_text"]) !== 1)
        return "O botão precisa de exatamente um: plan_id, url ou copy_text."
      return button.price_cents !== undefined && button.plan_id === undefined
        ? "Só um botão de plano pode ter preço."
        : undefined
    })
  )

const flag = Schema.optionalKey(Schema.Boolean.annotate({ message: "Use true ou false." }))

/** A message as it comes in, every rule with its sentence; unions are spelled out so that a mistake is named at its field. */
export const ContentInput = Schema.Struct({
  text: Schema.optionalKey(Text),
  media: Schema.optionalKey(
    Schema.Array(MediaInput)
      .annotate({ message: "media precisa ser uma lista." })
      .check(
        rule((media) => (media.length > maxMedia ? `Cada mensagem leva no máximo ${maxMedia} mídias.` : undefined))
      )
  ),
  buttons: Schema.optionalKey(
    Schema.Array(
      Schema.Array(ButtonInput)
        .annotate({ message: "Cada linha de botões precisa ser uma lista." })
        .check(rule((row) => (row.length > maxRow ? `Cada linha leva no máximo ${maxRow} botões.` : undefined)))
    )
      .annotate({ message: "buttons precisa ser uma lista de linhas." })
      .check(
        rule((rows) =>
          rows.flat().length > maxButtons ? `A mensagem leva no máximo ${maxButtons} botões.` : undefined
        )
      )
  ),
  layout: Schema.optionalKey(
    Schema.Literals(["album", "separate"]).annotate({ message: "layout: use album ou separate." })
  ),
  caption: Schema.optionalKey(
    Schema.Literals(["above", "below", "none"]).annotate({ message: "caption: use above, below ou none." })
  ),
  spoiler: flag,
  protect: flag,
  preview: flag,
  opt_out: flag
}).annotate({ message: "A mensagem precisa ser um objeto JSON." })

const countOf = <A extends object>(value: A, keys: ReadonlyArray<keyof A>): number =>
  keys.filter((key) => value[key] !== undefined).length
