import { Effect, Option, Schema } from "effect"
import { Bots } from "../../bots/Bots.ts"
import { invalid } from "../../bots/refusals.ts"
import type { AdminError } from "../../domain/admin.ts"
import type { Bot } from "../../domain/bot.ts"
import { MessageContent } from "../../domain/content.ts"
import { AudienceInput, type ShotAction, ShotInput, ShotPatch, type ShotView } from "../../domain/shot.ts"
import { MediaLibrary } from "../../media/MediaLibrary.ts"
import { Preview, type PreviewedCall } from "../../messages/Preview.ts"
import { decodeCursor } from "../../repo/cursor.ts"
import { ShotAdmin } from "../../shots/ShotAdmin.ts"
import { decodeForm, faultsOf, orNull } from "../decodeForm.ts"
import { applied, contentOf, type Draft, draftOf, draftOfForm } from "../editor/draft.ts"
import { messageEditor } from "../editor/messageEditor.ts"
import { draftPreview } from "../editor/preview.ts"
import { findBot } from "../findBot.ts"
import { count, formatBrl, moment } from "../format.ts"
import { type Html, html, nothing } from "../html.ts"
import { botPicker, chosenBot } from "../parts/filters.ts"
import {
  audienceWords,
  filtersOf,
  peopleWords,
  readShotForm,
  type ShotForm,
  shotActions,
  shotBadge,
  shotFields,
  shotFormOf,
  shotProgress
} from "../parts/shot.ts"
import { card, doneNotice, empty, notice, pager, table, withQuery } from "../parts/ui.ts"
import { page, part, redirect } from "../respond.ts"
import { get, post, type Visit } from "../visit.ts"
import { libraryPage, noBots } from "./messages.ts"

const here = "/admin/shots"
const perPage = 30
const readInput = decodeForm(ShotInput)
const readPatch = decodeForm(ShotPatch)
const readAudience = decodeForm(AudienceInput)
const decodeContent = Schema.decodeUnknownOption(MessageContent)

const inputOf = (given: ShotForm, draft: Draft) => ({
  title: given.title.trim(),
  content: contentOf(draft),
  filters: filtersOf(given),
  scheduled_at: orNull(given.scheduled_at)
})

const stripped = (error: AdminError) =>
  Object.fromEntries(Object.entries(faultsOf(error)).map(([path, words]) => [path.replace(/^content\./, ""), words]))

interface Shown {
  readonly shot?: ShotView
  readonly given: ShotForm
  readonly draft: Draft
  readonly error?: AdminError
  readonly sent?: ReadonlyArray<PreviewedCall>
  readonly people?: number
}

export const shotPages = Effect.gen(function* () {
  const bots = yield* Bots
  const library = yield* MediaLibrary
  const preview = yield* Preview
  const shots = yield* ShotAdmin
  const botOf = findBot(bots)

  const show = Effect.fnUntraced(function* (
    visit: Visit,
    bot: Bot,
    { draft, error, given, people, sent, shot }: Shown
  ) {
    const { items } = yield* library.list(bot.slug, { limit: libraryPage })
    const faults = error === undefined ? {} : stripped(error)
    const open = shot === undefined || shot.status === "draft" || shot.status === "scheduled"
    const editor = messageEditor(visit.session, {
      bot,
      draft,
      files: items,
      faults,
      action: shot === undefined ? `${here}/${bot.slug}` : `${here}/${bot.slug}/${shot.id}`,
      above: html`${shotFields(bot.slug, given, faults)}
      ${people === undefined ? nothing : notice("calm", peopleWords(people))}`,
      chatId: visit.form.get("chat_id") ?? "",
      ...(sent === undefined ? {} : { sent })
    })
    const body = html`${doneNotice(visit.query)}
      <p><a href="${withQuery(here, { bot: bot.slug })}">Todos os disparos de ${bot.name}</a></p>
      ${shot === undefined ? nothing : card("Andamento", html`${shotProgress(bot.slug, shot)} ${shotActions(visit.session, bot.slug, shot)}`)}
      ${
        open
          ? editor
          : card(
              "A mensagem",
              html`<p class="muted">Para: ${audienceWords(shot.filters)}</p>
                ${draftPreview(bot, draft)}`
            )
      }`
    return page(visit.session, {
      title: shot?.title ?? "Novo disparo",
      here,
      body,
      status: error === undefined ? 200 : 422
    })
  })

  const shotOf = (visit: Visit) => shots.get(visit.params["slug"] ?? "", numberOf(visit.params["id"]))

  /** Saves, or does what another button of the form asks for. */
  const answer = Effect.fnUntraced(function* (
    visit: Visit,
    shot: ShotView | undefined,
    save: (input: unknown) => Effect.Effect<ShotView, AdminError>
  ) {
    const bot = yield* botOf(visit.params["slug"])
    const draft = draftOfForm(visit.form)
    const given = readShotForm(visit.form)
    const shown = { draft, given, ...(shot === undefined ? {} : { shot }) }
    const refused = (error: AdminError) => show(visit, bot, { ...shown, error })
    const op = visit.form.get("op")
    if (op === "count") {
      return yield* counted(bot.slug, given).pipe(
        Effect.flatMap((people) => show(visit, bot, { ...shown, people })),
        Effect.catch(refused)
      )
    }
    if (op === "test") {
      return yield* tested(visit, bot, draft).pipe(
        Effect.flatMap((sent) => show(visit, bot, { ...shown, sent })),
        Effect.catch(refused)
      )
    }
    if (op !== null) return yield* show(visit, bot, { ...shown, draft: applied(draft, op) })
    return yield* save(inputOf(given, draft)).pipe(
      Effect.map(({ id }) => redirect(withQuery(`${here}/${bot.slug}/${id}`, { feito: "salvo" }))),
      Effect.catch(refused)
    )
  })

  const counted = (slug: string, given: ShotForm) =>
    Effect.flatMap(readAudience({ filters: filtersOf(given) }), ({ filters }) => shots.people(slug, filters ?? {}))

  const tested = Effect.fnUntraced(function* (visit: Visit, bot: Bot, draft: Draft) {
    const chat = (visit.form.get("chat_id") ?? "").trim()
    if (!/^-?\d{1,15}$/.test(chat)) return yield* invalid({ chat_id: "Deve ser o número de um chat no Telegram." })
    return yield* preview.send({ slug: bot.slug, key: "disparo", chatId: Number(chat), content: contentOf(draft) })
  })

  const act = (name: string) =>
    post(`/admin/shots/:slug/:id/${name}`, (visit) =>
      Effect.gen(function* () {
        const slug = visit.params["slug"] ?? ""
        const shot = yield* shotOf(visit)
        if (name === "remove") {
          yield* shots.remove(slug, shot.id)
          return redirect(withQuery(here, { bot: slug, feito: "apagado" }))
        }
        const after = yield* name === "duplicate"
          ? shots.duplicate(slug, shot.id)
          : shots.act(slug, shot.id, name as ShotAction)
        return redirect(withQuery(`${here}/${slug}/${after.id}`, { feito: feito[name] }))
      })
    )

  return [
    get(here, (visit) =>
      Effect.gen(function* () {
        const bot = chosenBot(bots.all(), visit.query)
        if (bot === undefined) return page(visit.session, { title: "Shots", here, body: noBots })
        const cursor = Option.getOrUndefined(
          Option.flatMap(Option.fromUndefinedOr(visit.query["cursor"]), decodeCursor)
        )
        const { items, next_cursor } = yield* shots.list(bot.slug, { cursor, limit: perPage })
        const add = html`<a class="button primary" href="${here}/${bot.slug}/novo">Novo disparo</a>`
        const body = html`${doneNotice(visit.query)} ${botPicker(here, bots.all(), bot)}
        ${card(
          `Disparos de ${bot.name}`,
          items.length === 0
            ? empty("Um disparo manda uma mensagem para muitas pessoas, uma vez. Ainda não há nenhum.", add)
            : html`${shotTable(bot.slug, items)} ${pager(here, { ...visit.query, bot: bot.slug }, next_cursor)}`,
          items.length === 0 ? nothing : add
        )}`
        return page(visit.session, { title: "Shots", here, body })
      })
    ),
    get("/admin/shots/:slug/novo", (visit) =>
      Effect.flatMap(botOf(visit.params["slug"]), (bot) =>
        show(visit, bot, { draft: draftOf({}), given: shotFormOf({ title: "", scheduled_at: null, filters: {} }) })
      )
    ),
    post("/admin/shots/:slug/publico", ({ form, params }) =>
      counted(params["slug"] ?? "", readShotForm(form)).pipe(
        Effect.map((people) => part(html`${peopleWords(people)}`)),
        Effect.catch((error: AdminError) =>
          Effect.succeed(part(html`<span class="fault">${Object.values(faultsOf(error)).join(" ")}</span>`))
        )
      )
    ),
    post("/admin/shots/:slug", (visit) =>
      answer(visit, undefined, (input) =>
        Effect.flatMap(readInput(input), (read) => shots.create(visit.params["slug"] ?? "", read))
      )
    ),
    get("/admin/shots/:slug/:id", (visit) =>
      Effect.gen(function* () {
        const bot = yield* botOf(visit.params["slug"])
        const shot = yield* shotOf(visit)
        const content = Option.getOrElse(decodeContent(shot.content), (): MessageContent => ({}))
        return yield* show(visit, bot, { shot, draft: draftOf(content), given: shotFormOf(shot) })
      })
    ),
    get("/admin/shots/:slug/:id/andamento", (visit) =>
      Effect.map(shotOf(visit), (shot) =>
        // The buttons of the page are those of the state it was in.
        part(shotProgress(visit.params["slug"] ?? "", shot), shot.status === "sending" ? {} : { "hx-refresh": "true" })
      )
    ),
    post("/admin/shots/:slug/:id", (visit) =>
      Effect.flatMap(shotOf(visit), (shot) =>
        answer(visit, shot, (input) =>
          Effect.flatMap(readPatch(input), (read) => shots.patch(visit.params["slug"] ?? "", shot.id, read))
        )
      )
    ),
    ...["start", "pause", "resume", "cancel", "duplicate", "remove"].map(act)
  ]
})

const feito: Readonly<Record<string, string>> = { start: "comecou", duplicate: "criado" }

const numberOf = (text: string | undefined): number => (/^\d{1,15}$/.test(text ?? "") ? Number(text) : 0)

const shotTable = (slug: string, shots: ReadonlyArray<ShotView>): Html =>
  table(
    "Disparos",
    ["Disparo", "Situação", "Enviadas", "Vendas", "Receita"],
    shots.map(
      (shot) =>
        html`<tr>
          <td>
            <a href="${here}/${slug}/${shot.id}">${shot.title}</a><br /><span class="muted"
              >${audienceWords(shot.filters)}</span
            >
          </td>
          <td>
            ${shotBadge(shot.status)}<br /><span class="muted nowrap"
              >${moment(shot.started_at ?? shot.scheduled_at ?? shot.created_at)}</span
            >
          </td>
          <td class="nowrap">${count(shot.counts.sent)} de ${count(shot.counts.total)}</td>
          <td>${count(shot.sales)}</td>
          <td class="nowrap">${formatBrl(shot.revenue_cents)}</td>
        </tr>`
    )
  )
