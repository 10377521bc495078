import { Result } from "effect"
import type { Bot } from "../../domain/bot.ts"
import { checkMessageContent, type MediaKind, type MessageContent } from "../../domain/content.ts"
import { htmlLength } from "../../domain/html.ts"
import { formatBrl } from "../../domain/text.ts"
import { composeFor } from "../../messages/personal.ts"
import { LibraryFile, type TelegramCall } from "../../messages/telegramCall.ts"
import { count } from "../format.ts"
import { type Html, html, nothing } from "../html.ts"
import { contentOf, type Draft } from "./draft.ts"
import { telegramText } from "./telegramText.ts"

const ana = { telegramId: 7_205_343_917, firstName: "Ana", username: "ana_souza" }
const maxText = 4_096

/** The draft as Telegram would show it to a person called Ana, and what is wrong with it. */
export const draftPreview = (bot: Bot, draft: Draft): Html => {
  const checked = checkMessageContent(contentOf(draft))
  const problems = Result.isFailure(checked) ? [...new Set(checked.failure.map(({ message }) => message))] : []
  // What is half written is shown as far as it goes.
  const content = Result.isSuccess(checked) ? checked.success : { text: draft.text, media: draft.media }
  return html`<div class="chat" aria-label="Prévia" role="group">${bubbles(bot, content)}</div>
    <p class="hint">
      ${count(htmlLength(draft.text))} de ${count(maxText)} caracteres. A prévia usa uma pessoa de exemplo, Ana.
    </p>
    ${problems.slice(0, 6).map((words) => html`<p class="fault">${words}</p>`)}`
}

const bubbles = (bot: Bot, content: MessageContent): Html => {
  const plan = [...bot.plans.values()].find((one) => one.active)
  // Without Telegram's ids every file is one of ours, which the browser can be shown.
  const media = new Map([...bot.media].map(([name, file]) => [name, { ...file, fileId: undefined }]))
  const example = plan === undefined ? {} : { plano: plan.name, valor: formatBrl(plan.priceCents) }
  const calls = composeFor({ ...bot, media }, ana, { ...content }, example)
  return calls.length === 0
    ? html`<p class="muted">Escreva um texto ou escolha uma mídia.</p>`
    : html`${calls.map((call) => bubble(bot, call))}`
}

const bubble = (bot: Bot, { payload }: TelegramCall): Html => {
  const words = String(payload["text"] ?? payload["caption"] ?? "")
  const text = words === "" ? nothing : html`<span class="text">${telegramText(words)}</span>`
  const files = filesOf(payload)
  const above = payload["show_caption_above_media"] === true
  const album = files.length === 0 ? nothing : html`<div class="album">${files.map((file) => picture(bot, file))}</div>`
  return html`<div class="bubble ${files.length === 0 ? "" : "plain"}">
      ${above ? text : album}${above ? album : text}
    </div>
    ${keyboard(payload["reply_markup"])}`
}

interface Shown {
  readonly kind: string
  readonly file: unknown
}

const fileKeys = ["photo", "video", "animation", "audio", "voice", "document", "video_note"] satisfies Array<MediaKind>

const filesOf = (payload: TelegramCall["payload"]): ReadonlyArray<Shown> => {
  const album = payload["media"]
  if (Array.isArray(album)) {
    return album.map((one: { readonly type: string; readonly media: unknown }) => ({ kind: one.type, file: one.media }))
  }
  return fileKeys.flatMap((kind) => (payload[kind] === undefined ? [] : [{ kind, file: payload[kind] }]))
}

export const kindWords: Readonly<Record<string, string>> = {
  photo: "Foto",
  video: "Vídeo",
  animation: "Animação",
  audio: "Áudio",
  voice: "Voz",
  document: "Documento",
  video_note: "Vídeo redondo"
}

export const mediaPath = (slug: string, id: number): string => `/admin/midias/${slug}/${id}/arquivo`

const picture = (bot: Bot, { file, kind }: Shown): Html => {
  const words = kindWords[kind] ?? "Arquivo"
  const id = file instanceof LibraryFile ? file.media.id : undefined
  if (id === undefined) return html`<div class="file">${words}: só o Telegram conhece este arquivo</div>`
  const address = mediaPath(bot.slug, id)
  if (kind === "photo") return html`<img src="${address}" alt="Foto ${id}" loading="lazy" />`
  if (kind === "video" || kind === "animation" || kind === "video_note") {
    return html`<video src="${address}" controls preload="metadata" aria-label="${words} ${id}"></video>`
  }
  return html`<div class="file">${words} ${id}</div>`
}

const keyboard = (markup: unknown): Html => {
  const rows = (
    markup as { readonly inline_keyboard?: ReadonlyArray<ReadonlyArray<{ readonly text: string }>> } | undefined
  )?.inline_keyboard
  return rows === undefined
    ? nothing
    : html`<div class="keys">
        ${rows.map((row) => html`<div>${row.map((key) => html`<span class="key">${key.text}</span>`)}</div>`)}
      </div>`
}
