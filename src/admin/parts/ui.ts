import { type Html, html, nothing } from "../html.ts"

export type Tone = "ok" | "warn" | "bad" | "calm"

export const badge = (tone: Tone, words: string): Html => html`<span class="badge ${tone}">${words}</span>`

export const notice = (tone: Tone, words: string | Html): Html =>
  html`<div class="notice ${tone}" role="${tone === "bad" ? "alert" : "status"}">${words}</div>`

/** Nothing here yet: what that means, and what to do next. */
export const empty = (words: string, next: Html = nothing): Html =>
  html`<div class="empty">
    <p>${words}</p>
    ${next}
  </div>`

export const card = (title: string, body: Html, side: Html = nothing): Html =>
  html`<section class="card">
    <div class="cardhead">
      <h2>${title}</h2>
      ${side}
    </div>
    ${body}
  </section>`

/** Wide tables scroll by themselves, also by keyboard, and the page does not. */
export const table = (label: string, heads: ReadonlyArray<string>, rows: ReadonlyArray<Html>): Html =>
  html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">
    <table>
      <thead>
        <tr>
          ${heads.map((head) => html`<th scope="col">${head}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`

/** Names and values, one under the other. */
export const facts = (rows: ReadonlyArray<readonly [string, string | number | Html | null]>): Html =>
  html`<dl class="facts">
    ${rows.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value === null || value === "" ? html`<span class="muted">não há</span>` : value}</dd>
        </div>`
    )}
  </dl>`

/** The addresses of a list: the same filters, another page. */
export const withQuery = (path: string, query: Readonly<Record<string, string | undefined>>): string => {
  const given = Object.entries(query).filter((entry): entry is [string, string] => (entry[1] ?? "") !== "")
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`
}

export const pager = (path: string, query: Readonly<Record<string, string | undefined>>, next: string | null): Html => {
  const onFirst = query["cursor"] === undefined
  if (onFirst && next === null) return nothing
  return html`<nav class="pager" aria-label="Páginas da lista">
    ${onFirst ? nothing : html`<a class="button" href="${withQuery(path, { ...query, cursor: undefined })}">Mais recentes</a>`}
    ${next === null ? nothing : html`<a class="button" href="${withQuery(path, { ...query, cursor: next })}">Mais antigos</a>`}
  </nav>`
}

const done: Readonly<Record<string, string>> = {
  salvo: "Salvo. Já está valendo.",
  criado: "Pronto, foi criado.",
  pausado: "O bot está pausado: não responde a ninguém.",
  retomado: "O bot voltou a responder.",
  apagado: "Foi apagado.",
  devolvido: "O pagamento foi devolvido.",
  reenviado: "A entrega voltou para a fila.",
  refeita: "A mensagem voltou para a fila e é atendida em seguida.",
  refeitas: "As mensagens voltaram para a fila e são atendidas em seguida.",
  "nada-a-refazer": "Não há mais nenhuma mensagem para tentar de novo.",
  testado: "O teste chegou ao Telegram. Se ele apareceu no seu chat, salve.",
  "avisos-desligados": "Os avisos estão desligados.",
  esquecido: "Os dados da pessoa foram apagados. Os pagamentos ficaram, sem nome.",
  igual: "A cópia está pronta. Dê a ela o token de um bot novo do @BotFather, em Dar um token, e ela liga.",
  copiado: "O funil foi copiado para cá. Confira as mensagens e os preços.",
  importado: "O arquivo foi importado.",
  comecou: "O disparo começou."
}

/** What the last form did, told by the page after it. Only sentences of ours: the address is anybody's. */
export const doneNotice = (query: Readonly<Record<string, string | undefined>>): Html => {
  const sentence = Object.hasOwn(done, query["feito"] ?? "") ? done[query["feito"] ?? ""] : undefined
  return sentence === undefined ? nothing : notice("ok", sentence)
}
