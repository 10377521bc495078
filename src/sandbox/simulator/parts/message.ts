import type { VisibleMedia, VisibleMessage } from "../../telegram/transcript.ts"
import type { Button } from "../../telegram/wire.ts"
import type { BankCharge } from "../Banks.ts"
import { type Html, html, type Part } from "../html.ts"
import { reais } from "../money.ts"
import { rich } from "./rich.ts"

/** The bubbles of a chat: an album is one bubble, and a PIX code has the buyer's bank under it. */
export const messages = (
  personId: number,
  all: ReadonlyArray<VisibleMessage>,
  charges: ReadonlyArray<BankCharge>
): Html => html`${albums(all).map((album) => [bubble(personId, album), bank(album, charges)])}`

const albums = (all: ReadonlyArray<VisibleMessage>): ReadonlyArray<ReadonlyArray<VisibleMessage>> => {
  const groups: Array<Array<VisibleMessage>> = []
  for (const message of all) {
    const last = groups.at(-1)
    if (message.albumId !== undefined && last?.[0]?.albumId === message.albumId) last.push(message)
    else groups.push([message])
  }
  return groups
}

const bubble = (personId: number, album: ReadonlyArray<VisibleMessage>): Html => {
  const first = album[0]!
  const media = album.flatMap((message) => (message.media === undefined ? [] : [message.media]))
  const written = album.find((message) => message.text !== "")
  const body = html`${media.length > 0 && html`<div class="media media-${media.length}">${media.map(medium)}</div>`}
    ${written !== undefined && html`<div class="text">${rich(written.text, written.entities)}</div>`}
    <span class="time">${first.edited && "editada "}${hour(first.date)}</span>`
  return html`<div class="row ${first.from}" id="m${personId}-${first.messageId}">
    <div class="bubble">${body}</div>
    ${first.buttons.map(
      (row) => html`<div class="keys">${row.map((one) => key(personId, first.messageId, one))}</div>`
    )}
  </div>`
}

const medium = (file: VisibleMedia): Html => {
  const address = file.source === "url" ? (file.url ?? "") : `files/${file.uniqueId}`
  const spoiler = file.spoiler && "hidden-media"
  if (file.kind === "photo") return html`<img src="${address}" alt="Foto" class="${spoiler}" loading="lazy" />`
  if (file.kind === "video" || file.kind === "animation" || file.kind === "video_note") {
    return html`<video src="${address}" controls preload="metadata" class="${spoiler}" aria-label="Vídeo"></video>`
  }
  if (file.kind === "audio" || file.kind === "voice") return html`<audio src="${address}" controls></audio>`
  return html`<a class="file" href="${address}" download>📄 ${file.filename ?? "Documento"}</a>`
}

const key = (personId: number, messageId: number, button: Button): Part => {
  if (button.callback_data !== undefined) {
    const data = JSON.stringify({ person: personId, message_id: messageId, data: button.callback_data })
    return html`<button data-do="tap" data-body="${data}">${button.text}</button>`
  }
  if (button.copy_text !== undefined) return html`<button data-copy="${button.copy_text.text}">${button.text}</button>`
  const url = button.url ?? ""
  if (url.startsWith("https://t.me/+")) {
    return html`<button data-do="join" data-body="${JSON.stringify({ person: personId, invite_link: url })}">
      ${button.text} ↗
    </button>`
  }
  return /^https?:/i.test(url)
    ? html`<a href="${url}" target="_blank" rel="noopener noreferrer">${button.text} ↗</a>`
    : html`<button disabled>${button.text}</button>`
}

const bank = (album: ReadonlyArray<VisibleMessage>, charges: ReadonlyArray<BankCharge>): Part => {
  const words = album.flatMap(({ text, buttons }) => [text, ...buttons.flat().map((key) => key.copy_text?.text ?? "")])
  const charge = charges.find(({ code }) => words.some((word) => word.includes(code)))
  if (charge === undefined) return undefined
  const body = JSON.stringify({ gateway: charge.gateway, id: charge.id })
  const id = `b${album[0]!.messageId}-${charge.id}`
  return html`<div class="bank ${charge.state}" id="${id}">
    <span>Banco de mentira · ${charge.gatewayName} · <b>${reais(charge.valueCents)}</b> · ${STATE[charge.state]}</span>
    ${(charge.state === "open" || charge.state === "over") && html`<button class="pay" data-do="pay" data-body="${body}">Pagar</button>`}
    ${charge.state === "open" && html`<button data-do="expire" data-body="${body}">Deixar expirar</button>`}
    ${charge.state === "paid" && html`<button data-do="refund" data-body="${body}">Devolver</button>`}
  </div>`
}

const STATE = { open: "aguardando pagamento", paid: "pago", over: "expirado", refunded: "devolvido" } as const

const hour = (seconds: number): string =>
  new Date(seconds * 1000).toLocaleTimeString("pt-BR", { hour: "2-digit", minute: "2-digit" })
