import type { FieldProblems } from "../../domain/admin.ts"
import type { Bot } from "../../domain/bot.ts"
import type { MediaView } from "../../domain/media.ts"
import type { PreviewedCall } from "../../messages/Preview.ts"
import { csrf } from "../frame.ts"
import { type Html, html, nothing } from "../html.ts"
import type { Session } from "../PanelSession.ts"
import { input, otherFaults } from "../parts/fields.ts"
import { badge, card } from "../parts/ui.ts"
import { contentFields } from "./contentFields.ts"
import { type Draft, faultsOfDraft } from "./draft.ts"
import { picker } from "./picker.ts"
import { draftPreview } from "./preview.ts"

export interface EditorGiven {
  readonly bot: Bot
  readonly draft: Draft
  readonly files: ReadonlyArray<MediaView>
  readonly faults?: FieldProblems
  /** Where the form goes. */
  readonly action: string
  /** Fields of whoever owns the message, above it. */
  readonly above?: Html
  /** Buttons beside "Salvar". */
  readonly beside?: Html
  readonly chatId?: string
  readonly sent?: ReadonlyArray<PreviewedCall>
}

/** A message being written, beside it as Telegram would show it, under it the bot's files. */
export const messageEditor = (session: Session, given: EditorGiven): Html => {
  const { bot, draft } = given
  const faults = faultsOfDraft(draft, given.faults ?? {})
  return html`${otherFaults(faults, isShown)}
    <div class="editor">
      <div>
        <form id="editor" class="card" method="post" action="${given.action}">
          ${csrf(session)} ${given.above ?? nothing} ${contentFields(bot, draft, faults)}
          <div class="row"><button class="primary">Salvar</button>${given.beside ?? nothing}</div>
          <details ${given.sent !== undefined || faults["chat_id"] !== undefined ? html`open` : nothing}>
            <summary>Mandar um teste para mim</summary>
            ${input("chat_id", "Seu número no Telegram", {
              value: given.chatId ?? "",
              faults,
              inputmode: "numeric",
              maxlength: 20,
              hint: "Fale antes com o bot. O número aparece em Pessoas."
            })}
            <button name="op" value="test">Mandar o teste</button>
            ${given.sent === undefined ? nothing : sentList(given.sent)}
          </details>
        </form>
      </div>
      <div class="aside">
        <section class="card">
          <div class="cardhead"><h2>Como a pessoa vê</h2></div>
          <div
            id="previa"
            aria-live="polite"
            hx-post="/admin/mensagens/${bot.slug}/previa"
            hx-include="#editor"
            hx-trigger="input from:#editor delay:350ms, rascunho from:body"
          >
            ${draftPreview(bot, draft)}
          </div>
        </section>
      </div>
    </div>
    ${card("Biblioteca de mídias", picker(session, bot, given.files, { editor: true }))}`
}

/** A fault of the message or of the form around it, which stands at its field. */
const isShown = (path: string): boolean =>
  /^(text|media(\.\d+)?|buttons|b\d+\.\w+|layout|caption|chat_id|title|name|trigger|delay|scheduled_at|filters.*)$/.test(
    path
  )

const sentList = (calls: ReadonlyArray<PreviewedCall>): Html =>
  html`<ul class="list" role="status">
    ${calls.map(({ error, ok }, at) => html`<li>Mensagem ${at + 1}: ${ok ? badge("ok", "enviada") : html`${badge("bad", "recusada")} ${error}`}</li>`)}
  </ul>`
