import type { BotView, FieldProblems } from "../../domain/admin.ts"
import { count, moment } from "../format.ts"
import { csrf } from "../frame.ts"
import { type Html, html, nothing } from "../html.ts"
import type { Session } from "../PanelSession.ts"
import { check, input, select } from "./fields.ts"
import { badge, card, facts, notice, withQuery } from "./ui.ts"

export const botState = (bot: BotView): Html => {
  if (!bot.active) return badge("bad", "parado")
  return bot.webhook.error === null ? badge("ok", "ligado") : badge("warn", "com aviso")
}

export const botHealth = (session: Session, bot: BotView): Html =>
  card(
    "Saúde",
    html`${bot.inactive_reason === null ? nothing : notice("bad", bot.inactive_reason)}
      ${bot.vip_error === null ? nothing : notice("warn", bot.vip_error)}
      ${bot.webhook.error === null ? nothing : notice("warn", `O Telegram avisa: ${bot.webhook.error}`)}
      ${facts([
        [
          "No Telegram",
          bot.username === null
            ? null
            : html`<a href="https://t.me/${bot.username}" rel="noreferrer">@${bot.username}</a>`
        ],
        ["Recebe por", bot.webhook.url === null ? "busca direta (sem PUBLIC_URL)" : "webhook"],
        ["Mensagens esperando no Telegram", bot.webhook.pending === null ? null : count(bot.webhook.pending)],
        ["Conferido em", bot.webhook.checked_at === null ? null : moment(bot.webhook.checked_at)],
        [
          "Ritmo de envio em massa",
          `${bot.allow_paid_broadcast ? bot.paid_messages_per_second : bot.messages_per_second} por segundo`
        ],
        [
          "Mídias prontas no Telegram",
          bot.media.total === 0 ? "nenhuma mídia" : `${bot.media.ready} de ${bot.media.total}`
        ],
        ["Gateway", bot.second_gateway === null ? bot.gateway : `${bot.gateway}, depois ${bot.second_gateway}`],
        ["Desde", moment(bot.created_at)]
      ])}
      <div class="row">
        ${powerForm(session, bot)}
        <a class="button" href="${withQuery("/admin/mensagens", { bot: bot.slug })}">Mensagens</a>
        <a class="button" href="${withQuery("/admin/midias", { bot: bot.slug })}">Mídias</a>
      </div>`,
    botState(bot)
  )

export const settingsForm = (
  session: Session,
  bot: BotView,
  gateways: ReadonlyArray<{ readonly name: string; readonly configured: boolean }>,
  faults: FieldProblems,
  given?: URLSearchParams
): Html => {
  const value = (name: string, current: string | number | null) => given?.get(name) ?? String(current ?? "")
  const choices = gateways.map(
    ({ configured, name }) => [name, configured ? name : `${name} (sem credencial)`] as const
  )
  const field = (name: keyof BotView & string, label: string, hint: string, numeric = false) =>
    input(name, label, {
      value: value(name, bot[name] as string | number | null),
      faults,
      hint,
      ...(numeric ? { inputmode: "numeric" as const } : {})
    })
  return html`<form method="post" action="/admin/bots/${bot.slug}/ajustes">
    ${csrf(session)}
    <div class="grid">
      <div>
        ${field("name", "Nome", "Aparece aqui no painel e em {bot} quando o bot não tem @nome.")}
        ${select("gateway", "Gateway de pagamento", choices, { value: value("gateway", bot.gateway), faults })}
        ${select("second_gateway", "Segundo gateway", [["", "Nenhum"], ...choices], {
          value: value("second_gateway", bot.second_gateway),
          faults,
          hint: "Cobra quando o primeiro está fora do ar ou recusa."
        })}
        ${field("notice", "Aviso junto ao PIX", "Uma frase sua que acompanha o código PIX. Pode ficar vazio.")}
      </div>
      <div>
        ${field("pix_expires_minutes", "Validade do PIX, em minutos", "De 1 a 10080 (uma semana).", true)}
        ${field("max_pix_per_hour", "PIX sem pagar por pessoa e hora", "Depois disto, a pessoa espera.", true)}
        ${field("messages_per_second", "Mensagens em massa por segundo", "O Telegram aceita cerca de 30 por bot.", true)}
        <div class="filters">
          ${field("shots_per_person", "Disparos por pessoa, no máximo", "Vazio: sem limite.", true)}
          ${field("shots_per_person_hours", "Em quantas horas", "24 é um dia.", true)}
        </div>
        ${field("time_zone", "Fuso horário", "Vale para os horários dos downsells, como America/Sao_Paulo.")}
        ${field("vip_chat_id", "Grupo ou canal VIP", "Número do chat ou @nome. O comprador recebe um convite.")}
        ${field("warmup_chat_id", "Canal de aquecimento", "Um canal só seu: cada mídia é enviada lá uma vez e depois sai na hora.")}
      </div>
    </div>
    ${check("withdraw_access", "Tirar do grupo VIP quem teve o dinheiro devolvido", given === undefined ? bot.withdraw_access : given.has("withdraw_access"))}
    <button class="primary">Salvar ajustes</button>
  </form>`
}

export const powerForm = (session: Session, bot: BotView): Html =>
  html`<form method="post" action="/admin/bots/${bot.slug}/ligar">
    ${csrf(session)}
    ${
      bot.active
        ? html`<button data-confirm="Pausar o bot ${bot.name}? Ele deixa de responder a todos.">Pausar</button>`
        : html`<input type="hidden" name="active" value="1" /><button>Ligar</button>`
    }
  </form>`
