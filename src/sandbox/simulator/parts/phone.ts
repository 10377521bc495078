import type { User } from "../../telegram/wire.ts"
import { type Html, html } from "../html.ts"
import type { Due } from "../Seller.ts"

const nameOf = ({ first_name, last_name }: User): string => [first_name, last_name].filter(Boolean).join(" ")

/** One person's telephone: what never changes of it. The rest is filled in by `header`, `messages` and `tools`. */
export const phone = (person: User, botName: string): Html => {
  const who = JSON.stringify({ person: person.id })
  return html`<section class="phone" id="phone${person.id}" aria-label="Telefone de ${nameOf(person)}">
    <div class="owner">
      📱 ${nameOf(person)}
      <button data-do="arrive" data-body="${who}" title="Vê a página, clica e entra no bot">Chegar pelo anúncio</button>
    </div>
    <header>
      <span class="avatar" aria-hidden="true">${[...botName][0] ?? "B"}</span>
      <div><b>${botName}</b><small>bot</small></div>
      <div id="state${person.id}" class="state"></div>
    </header>
    <div class="messages" id="chat${person.id}" role="log" aria-live="polite" aria-label="Conversa" tabindex="0"></div>
    <form data-do="text" data-body="${who}">
      <button
        type="button"
        class="command"
        data-do="text"
        data-body="${JSON.stringify({ person: person.id, text: "/start" })}"
      >
        /start
      </button>
      <input
        name="text"
        aria-label="Mensagem de ${nameOf(person)}"
        placeholder="Mensagem"
        autocomplete="off"
        required
      />
      <button aria-label="Enviar">➤</button>
    </form>
    <div class="tools" id="tools${person.id}"></div>
  </section>`
}

export const state = (person: User, blocked: boolean): Html => {
  const who = JSON.stringify({ person: person.id })
  return blocked
    ? html`<button id="block${person.id}-1" data-do="unblock" data-body="${who}">Desbloquear</button>`
    : html`<button id="block${person.id}-0" data-do="block" data-body="${who}">Bloquear</button>`
}

/** The next downsell, and the way into its time. */
export const tools = (person: User, due: Due | undefined): Html =>
  due === undefined
    ? html`<span>Nenhuma oferta de retorno marcada.</span>`
    : html`<span>Próxima oferta: <b>${due.name}</b> <time data-due="${due.at.getTime()}"></time></span>
        <button data-do="advance" data-body="${JSON.stringify({ person: person.id })}">⏩ Avançar até ela</button>`
