import type { Bot } from "../../domain/bot.ts"
import type { Media } from "../../domain/content.ts"
import type { FieldProblems } from "../../domain/admin.ts"
import { variableNames } from "../../domain/variables.ts"
import { formatBrl } from "../format.ts"
import { type Html, html, nothing } from "../html.ts"
import { area, check, input, select } from "../parts/fields.ts"
import type { Draft, DraftButton } from "./draft.ts"
import { kindWords, mediaPath } from "./preview.ts"

const maxMedia = 3

/** The part of a form that holds a message. Its inner buttons go through htmx where it runs, else through the form. */
export const contentFields = (bot: Bot, draft: Draft, faults: FieldProblems): Html =>
  html`<div id="mensagem">
    <button class="hidden" tabindex="-1" aria-hidden="true">Salvar</button>
    ${toolbar} ${area("text", "Texto", { value: draft.text, faults, rows: 9 })}
    <fieldset>
      <legend>Mídias (${draft.media.length} de ${maxMedia})</legend>
      ${faults["media"] === undefined ? nothing : html`<p class="fault">${faults["media"]}</p>`}
      ${
        draft.media.length === 0
          ? html`<p class="muted">Nenhuma. Escolha na biblioteca, abaixo da mensagem.</p>`
          : html`<div class="picker">
              ${draft.media.map((media, at) => chosen(bot, media, at, faults[`media.${at}`]))}
            </div>`
      }
    </fieldset>
    <fieldset>
      <legend>Botões</legend>
      ${faults["buttons"] === undefined ? nothing : html`<p class="fault">${faults["buttons"]}</p>`}
      <input type="hidden" name="buttons" value="${draft.buttons.length}" />
      ${draft.buttons.map((button, at) => buttonFields(bot, button, at, faults))}
      ${op(bot, "button-add", "Adicionar botão")}
    </fieldset>
    <details>
      <summary>Aparência</summary>
      <div class="filters">
        ${select(
          "layout",
          "Várias mídias",
          [
            ["album", "Juntas, em álbum"],
            ["separate", "Uma por mensagem"]
          ],
          { value: draft.layout }
        )}
        ${select(
          "caption",
          "Texto com uma mídia",
          [
            ["below", "Abaixo dela"],
            ["above", "Acima dela"],
            ["none", "Em mensagem à parte"]
          ],
          { value: draft.caption }
        )}
      </div>
      ${check("preview", "Mostrar a prévia do primeiro link", draft.flags.preview)}
      ${check("spoiler", "Mídia coberta até a pessoa tocar", draft.flags.spoiler)}
      ${check("protect", "Não deixar encaminhar nem salvar", draft.flags.protect)}
      ${check("opt_out", 'Botão "Não quero mais receber" no fim', draft.flags.opt_out)}
    </details>
  </div>`

const marks = [
  ["Negrito", "<b>|</b>"],
  ["Itálico", "<i>|</i>"],
  ["Sublinhado", "<u>|</u>"],
  ["Riscado", "<s>|</s>"],
  ["Oculto", "<tg-spoiler>|</tg-spoiler>"],
  ["Citação", "<blockquote>|</blockquote>"],
  ["Link", '<a href="https://">|</a>']
] as const

const toolbar: Html = html`<div class="tools" role="group" aria-label="Formatar e inserir">
  ${marks.map(([name, tags]) => html`<button type="button" class="small" data-insert="${tags}" data-into="f-text">${name}</button>`)}
  ${variableNames.map((name) => html`<button type="button" class="small" data-insert="{${name}}" data-into="f-text">{${name}}</button>`)}
</div>`

/** A button that changes the draft and saves nothing. */
export const op = (bot: Bot, value: string, words: string, label?: string, attributes: Html = nothing): Html =>
  html`<button
    class="small"
    name="op"
    value="${value}"
    ${label === undefined ? nothing : html`aria-label="${label}"`}
    hx-post="/admin/mensagens/${bot.slug}/rascunho"
    hx-target="#mensagem"
    hx-swap="outerHTML"
    ${attributes}
  >
    ${words}
  </button>`

const chosen = (bot: Bot, media: Media, at: number, fault: string | undefined): Html => {
  const known = "media_id" in media ? bot.media.get(`#${media.media_id}`) : undefined
  const words = known === undefined ? outsideWords(media) : `${kindWords[known.kind] ?? "Arquivo"} ${known.id ?? ""}`
  return html`<div class="thumb">
    <input type="hidden" name="media" value="${JSON.stringify(media)}" />
    ${known?.kind === "photo" && known.id !== undefined ? html`<img src="${mediaPath(bot.slug, known.id)}" alt="" loading="lazy" />` : nothing}
    <div class="words">
      ${words} ${fault === undefined ? nothing : html`<p class="fault">${fault}</p>`}
      <div class="row">
        ${at === 0 ? nothing : op(bot, `media-up-${at}`, "←", `Mover ${words} para antes`)}
        ${op(bot, `media-remove-${at}`, "Tirar", `Tirar ${words}`)}
      </div>
    </div>
  </div>`
}

const outsideWords = (media: Media): string => {
  if ("media_id" in media) return `Mídia ${media.media_id}`
  return `${kindWords[media.kind] ?? "Arquivo"} ${"url" in media ? media.url : "que o Telegram guarda"}`
}

const buttonFields = (bot: Bot, button: DraftButton, at: number, faults: FieldProblems): Html => {
  const name = (key: string) => `b${at}.${key}`
  const plans = [...bot.plans.values()].filter((plan) => plan.active || String(plan.id) === button.plan)
  const refresh = html`hx-post="/admin/mensagens/${bot.slug}/rascunho" hx-target="#mensagem" hx-swap="outerHTML"
  hx-trigger="change"`
  return html`<fieldset>
    <legend>Botão ${at + 1}</legend>
    <div class="filters">
      ${input(name("text"), "Texto do botão", { value: button.text, faults, maxlength: 200 })}
      ${select(
        name("kind"),
        "O que ele faz",
        [
          ["plan", "Vende um plano"],
          ["url", "Abre um link"],
          ["copy", "Copia um texto"]
        ],
        {
          value: button.kind,
          attributes: refresh
        }
      )}
      ${
        button.kind === "plan"
          ? html`${select(
              name("plan"),
              "Plano",
              [
                ["", "Escolha"],
                ...plans.map((plan) => [String(plan.id), `${plan.name}, ${formatBrl(plan.priceCents)}`] as const)
              ],
              {
                value: button.plan,
                faults,
                ...(plans.length === 0 ? { hint: "Este bot ainda não tem planos: crie um na página dele." } : {})
              }
            )}
            ${input(name("price"), "Preço só deste botão", { value: button.price, faults, inputmode: "decimal", placeholder: "o do plano" })}`
          : input(name("value"), button.kind === "url" ? "Link" : "Texto a copiar", { value: button.value, faults })
      }
    </div>
    <div class="row">
      ${at === 0 ? nothing : check(name("beside"), "Ao lado do anterior", button.beside)}
      ${at === 0 ? nothing : op(bot, `button-up-${at}`, "↑", `Subir o botão ${at + 1}`)}
      ${op(bot, `button-remove-${at}`, "Tirar", `Tirar o botão ${at + 1}`)}
    </div>
  </fieldset>`
}
