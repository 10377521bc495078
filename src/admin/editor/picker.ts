import type { Bot } from "../../domain/bot.ts"
import type { MediaView } from "../../domain/media.ts"
import { bytes } from "../format.ts"
import { csrf } from "../frame.ts"
import { type Html, html, nothing } from "../html.ts"
import type { Session } from "../PanelSession.ts"
import { badge } from "../parts/ui.ts"
import { op } from "./contentFields.ts"
import { kindWords, mediaPath } from "./preview.ts"

/** The bot's files, each with what may be done to it here; `fault` is what was wrong with the last upload. */
export const picker = (
  session: Session,
  bot: Bot,
  files: ReadonlyArray<MediaView>,
  given: { readonly editor: boolean; readonly fault?: string | undefined }
): Html =>
  html`<div id="biblioteca">
    <form
      method="post"
      action="/admin/midias/${bot.slug}"
      enctype="multipart/form-data"
      class="filters"
      hx-post="/admin/midias/${bot.slug}"
      hx-encoding="multipart/form-data"
      hx-target="#biblioteca"
      hx-swap="outerHTML"
    >
      ${csrf(session)} ${given.editor ? html`<input type="hidden" name="editor" value="1" />` : nothing}
      <div class="field">
        <label for="arquivo">Enviar um arquivo</label>
        <input id="arquivo" type="file" name="file" required aria-describedby="arquivo-ajuda" />
        <p class="hint" id="arquivo-ajuda">Fotos até 10 MB, o resto até 50 MB.</p>
        <progress data-upload hidden aria-label="Envio do arquivo"></progress>
        ${given.fault === undefined ? nothing : html`<p class="fault" role="alert">${given.fault}</p>`}
      </div>
      <div class="field act"><button>Enviar</button></div>
    </form>
    ${
      files.length === 0
        ? html`<p class="muted">A biblioteca deste bot está vazia. Envie a primeira foto ou vídeo.</p>`
        : html`<div class="picker">${files.map((file) => thumb(session, bot, file, given.editor))}</div>`
    }
  </div>`

const states = {
  ready: badge("ok", "pronta"),
  warming: badge("calm", "preparando"),
  waiting: badge("calm", "ainda não enviada"),
  error: badge("warn", "com erro")
} as const

const thumb = (session: Session, bot: Bot, file: MediaView, editor: boolean): Html => {
  const words = `${kindWords[file.kind] ?? "Arquivo"} ${file.id}`
  const address = mediaPath(bot.slug, file.id)
  return html`<div class="thumb">
    ${file.kind === "photo" ? html`<img src="${address}" alt="${file.file_name ?? words}" loading="lazy" />` : nothing}
    ${file.kind === "video" || file.kind === "animation" ? html`<video src="${address}" preload="metadata" aria-label="${words}"></video>` : nothing}
    <div class="words">
      <p>${words} · ${bytes(file.bytes)}<br />${states[file.status]} ${file.error ?? ""}</p>
      ${
        editor
          ? op(bot, `media-add-${file.id}`, "Usar", `Usar ${words}`, html`form="editor" hx-include="#editor"`)
          : html`<form method="post" action="/admin/midias/${bot.slug}/${file.id}/apagar">
              ${csrf(session)}<button class="small danger" data-confirm="Apagar ${words}?" aria-label="Apagar ${words}">
                Apagar
              </button>
            </form>`
      }
    </div>
  </div>`
}
