import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import { Bots } from "../../bots/Bots.ts"
import { invalid } from "../../bots/refusals.ts"
import { type AdminError, BotCopyInput, type FieldProblems } from "../../domain/admin.ts"
import { type FunnelFile, FunnelInput } from "../../domain/funnelFile.ts"
import { BotCopy } from "../../funnel/BotCopy.ts"
import { FunnelTransfer } from "../../funnel/FunnelTransfer.ts"
import { decodeForm, faultsOf, orNull } from "../decodeForm.ts"
import { findBot } from "../findBot.ts"
import { csrf } from "../frame.ts"
import { html, nothing } from "../html.ts"
import { area, input, otherFaults, select } from "../parts/fields.ts"
import { botTabs } from "../parts/tabs.ts"
import { card, withQuery } from "../parts/ui.ts"
import { attachment, page, redirect } from "../respond.ts"
import { get, post, type Visit } from "../visit.ts"

const here = "/admin/bots"
const readCopy = decodeForm(BotCopyInput)
const readFile = decodeForm(FunnelInput)
const notJson = "Isto não é um arquivo exportado daqui: cole o conteúdo inteiro dele."

/** A bot's whole funnel out as a file, in from one, or straight from another bot. */
export const funnelPages = Effect.gen(function* () {
  const bots = yield* Bots
  const copy = yield* BotCopy
  const transfer = yield* FunnelTransfer
  const botOf = findBot(bots)

  const show = Effect.fnUntraced(function* (visit: Visit, error?: AdminError) {
    const bot = yield* botOf(visit.params["slug"])
    const others = bots.all().filter(({ slug }) => slug !== bot.slug)
    const action = `/admin/bots/${bot.slug}/funil`
    const faults = error === undefined ? {} : faultsOf(error)
    // Each form complains at its own fields.
    const shown = new Set(visit.form.has("slug") ? ["slug", "name"] : visit.form.has("de") ? ["de"] : ["arquivo"])
    const body = html`${botTabs(bot.slug, "funnel")} ${otherFaults(placed(faults), (path) => shown.has(path))}
    ${card(
      "Exportar",
      html`<p class="muted">Planos, mensagens, downsells e disparos em um arquivo. Sem token e sem pessoas.</p>
        <a class="button" href="${action}/arquivo">Baixar o arquivo</a>`
    )}
    ${
      others.length === 0
        ? nothing
        : card(
            "Copiar de outro bot",
            html`<p class="muted">
                Traz planos, mensagens, downsells, as mídias que eles usam e, como rascunho, os disparos. O que tem o
                mesmo nome é trocado; o resto fica.
              </p>
              <form method="post" action="${action}" class="filters">
                ${csrf(visit.session)}
                ${select(
                  "de",
                  "De onde",
                  others.map(({ name, slug }) => [slug, `${name} (${slug})`] as const),
                  { value: visit.form.get("de") ?? "", faults }
                )}
                <div class="field act">
                  <button
                    data-confirm="Trazer planos, mensagens, downsells e disparos para ${bot.name}? O que tem o mesmo nome é trocado."
                  >
                    Copiar para cá
                  </button>
                </div>
              </form>`
          )
    }
    ${card(
      "Fazer um bot igual a este",
      html`<p class="muted">
          Um bot novo com os mesmos ajustes, pixel, planos, mensagens, mídias e downsells. As pessoas não vão, e ele
          fica parado até receber o token dele.
        </p>
        <form method="post" action="/admin/bots/${bot.slug}/igual" class="filters">
          ${csrf(visit.session)}
          ${input("slug", "Endereço curto do novo", { value: visit.form.get("slug") ?? "", required: true, faults, maxlength: 64, placeholder: `${bot.slug}-2`.slice(0, 64) })}
          ${input("name", "Nome (opcional)", { value: visit.form.get("name") ?? "", faults, maxlength: 200, placeholder: `${bot.name} (cópia)` })}
          <div class="field act"><button>Fazer a cópia</button></div>
        </form>`
    )}
    ${card(
      "Importar",
      html`<form method="post" action="${action}">
        ${csrf(visit.session)}
        <div class="field" data-file-into="f-arquivo" hidden>
          <label for="f-escolher">Arquivo exportado</label>
          <input type="file" id="f-escolher" accept="application/json,.json" />
        </div>
        ${area("arquivo", "Ou cole aqui o conteúdo dele", { rows: 6, value: visit.form.get("arquivo") ?? "", faults, hint: "O que tem o mesmo nome é trocado; o resto fica. As mídias vêm junto se algum bot daqui as tem." })}
        <button class="primary">Importar</button>
      </form>`
    )}`
    return page(visit.session, { title: `Funil de ${bot.name}`, here, body, status: error === undefined ? 200 : 422 })
  })

  const fileOf = (form: URLSearchParams): Effect.Effect<FunnelFile | FunnelInput, AdminError> => {
    const from = form.get("de")
    if (from !== null) return transfer.take(from)
    const parsed = Effect.try({
      try: (): unknown => JSON.parse(form.get("arquivo") ?? ""),
      catch: () => invalid({ arquivo: notJson })
    })
    return parsed.pipe(Effect.flatMap(readFile))
  }

  const copied = Effect.fnUntraced(function* ({ form, params }: Visit) {
    const name = orNull(form.get("name"))
    const wanted = yield* readCopy({ slug: (form.get("slug") ?? "").trim(), ...(name === null ? {} : { name }) })
    return yield* copy.copy(params["slug"] ?? "", wanted)
  })

  return [
    get("/admin/bots/:slug/funil", (visit) => show(visit)),
    get("/admin/bots/:slug/funil/arquivo", ({ params }) =>
      Effect.map(transfer.take(params["slug"] ?? ""), (file) =>
        attachment(
          HttpServerResponse.text(JSON.stringify(file, null, 2), { contentType: "application/json; charset=utf-8" }),
          `funil-${file.bot.slug}.json`
        )
      )
    ),
    post("/admin/bots/:slug/igual", (visit) =>
      copied(visit).pipe(
        Effect.map(({ slug }) => redirect(withQuery(`/admin/bots/${slug}`, { feito: "igual" }))),
        Effect.catchIf(
          (error: AdminError) => error.reason._tag !== "NotFound",
          (error) => show(visit, error)
        )
      )
    ),
    post("/admin/bots/:slug/funil", (visit) =>
      Effect.gen(function* () {
        const bot = yield* botOf(visit.params["slug"])
        return yield* fileOf(visit.form).pipe(
          Effect.flatMap((file) => transfer.put(bot.slug, file)),
          Effect.map(() => {
            const feito = visit.form.has("de") ? "copiado" : "importado"
            return redirect(withQuery(`/admin/bots/${bot.slug}`, { feito }))
          }),
          Effect.catch((error: AdminError) => show(visit, error))
        )
      })
    )
  ]
})

/** The first few, each with its place in the file: a stranger's file may be wrong in hundreds. */
const placed = (faults: FieldProblems): FieldProblems =>
  Object.fromEntries(
    Object.entries(faults)
      .slice(0, 5)
      .map(([path, words]) => [path, path === "" || path.startsWith("media.") ? words : `${path}: ${words}`])
  )
