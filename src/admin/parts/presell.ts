import type { FieldProblems } from "../../domain/admin.ts"
import type { Bot } from "../../domain/bot.ts"
import type { PresellContent } from "../../domain/tracking.ts"
import { csrf } from "../frame.ts"
import { type Html, html, nothing } from "../html.ts"
import type { Session } from "../PanelSession.ts"
import { area, copyable, input } from "./fields.ts"
import { notice } from "./ui.ts"

export const presellFields = ["title", "text", "image_url", "button", "color", "footer"] as const

/** As the panel of ads fills it in; UTMify and the funnel read names and numbers out of it. */
const adParameters =
  "utm_source=FB&utm_campaign={{campaign.name}}|{{campaign.id}}&utm_medium={{adset.name}}|{{adset.id}}&utm_content={{ad.name}}|{{ad.id}}&utm_term={{placement}}"

/** Everything that is pasted somewhere else. Without a public address nobody outside gets here. */
export const addresses = (slug: string, publicUrl: string | undefined): Html => {
  const base = publicUrl ?? "https://seu-endereco"
  return html`${
      publicUrl === undefined
        ? notice(
            "warn",
            "O servidor ainda não tem um endereço público (PUBLIC_URL): troque https://seu-endereco pelo seu quando ele tiver."
          )
        : nothing
    }
    ${copyable("endereco", "Endereço para o anúncio", `${base}/p/${slug}`, "Cole como link do anúncio. Quem clica vê a página abaixo e segue para o bot.")}
    ${copyable("parametros", "Parâmetros de URL do anúncio", adParameters, "No Gerenciador de Anúncios da Meta, cole em “Parâmetros de URL”. Assim cada venda mostra de que anúncio veio.")}
    <p><a class="button" href="/p/${slug}" target="_blank" rel="noreferrer">Abrir a página de verdade</a></p>
    <p class="hint">Abrir por aqui conta como uma visita. Para só olhar, use “Ver sem salvar”.</p>
    <details>
      <summary>Já tenho uma página minha</summary>
      <p class="muted">
        Ponha a primeira linha no código dela e use o segundo endereço no botão que leva ao Telegram. Visitas, cliques e
        vendas contam do mesmo jeito.
      </p>
      ${copyable("codigo", "Código para a sua página", `<script async src="${base}/t.js" data-bot="${slug}"></script>`)}
      ${copyable("direto", "Endereço do botão", `${base}/go/${slug}`)}
    </details>`
}

export const presellForm = (session: Session, bot: Bot, content: PresellContent, faults: FieldProblems): Html =>
  html`<form method="post" action="/admin/bots/${bot.slug}/presell">
    ${csrf(session)}
    <div class="grid">
      <div>
        ${input("title", "Título", { value: content.title ?? "", faults, maxlength: 120, placeholder: bot.name })}
        ${area("text", "Texto", { value: content.text ?? "", faults, rows: 7, hint: "Uma linha em branco começa outro parágrafo." })}
        ${input("footer", "Rodapé", { value: content.footer ?? "", faults, maxlength: 1000, hint: "Letra pequena: termos, contato, “proibido para menores”." })}
      </div>
      <div>
        ${input("image_url", "Imagem", { type: "url", value: content.image_url ?? "", faults, hint: "Endereço https de uma imagem que já está na internet. Aparece também quando o link é compartilhado." })}
        ${input("button", "Texto do botão", { value: content.button ?? "", faults, maxlength: 60, placeholder: "Entrar no Telegram" })}
        ${input("color", "Cor do botão", { type: "color", value: content.color ?? "#2aabee", faults })}
      </div>
    </div>
    <div class="row">
      <button class="primary">Salvar página</button>
      <button formaction="/admin/bots/${bot.slug}/presell/previa" formtarget="_blank">Ver sem salvar</button>
    </div>
  </form>`
