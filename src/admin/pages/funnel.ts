import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import { Bots } from "../../bots/Bots.ts"
import { invalid } from "../../bots/refusals.ts"
import type { AdminError } from "../../domain/admin.ts"
import { type FunnelFile, FunnelInput } from "../../domain/funnelFile.ts"
import { FunnelTransfer } from "../../funnel/FunnelTransfer.ts"
import { decodeForm, faultsOf } from "../decodeForm.ts"
import { findBot } from "../findBot.ts"
import { csrf } from "../frame.ts"
import { html } from "../html.ts"
import { area, select } from "../parts/fields.ts"
import { botTabs } from "../parts/tabs.ts"
import { card, notice, withQuery } from "../parts/ui.ts"
import { attachment, page, redirect } from "../respond.ts"
import { get, post, type Visit } from "../visit.ts"

const here = "/admin/bots"
const readFile = decodeForm(FunnelInput)
const notJson = "Isto não é um arquivo exportado daqui: cole o conteúdo inteiro dele."

/** A bot's whole funnel out as a file, in from one, or straight from another bot. */
export const funnelPages = Effect.gen(function* () {
  const bots = yield* Bots
  const transfer = yield* FunnelTransfer
  const botOf = findBot(bots)

  const show = Effect.fnUntraced(function* (visit: Visit, error?: AdminError) {
    const bot = yield* botOf(visit.params["slug"])
    const others = bots.all().filter(({ slug }) => slug !== bot.slug)
    const action = `/admin/bots/${bot.slug}/funil`
    const body = html`${botTabs(bot.slug, "funnel")}
    ${error === undefined ? "" : notice("bad", Object.values(faultsOf(error)).slice(0, 5).join(" "))}
    ${card(
      "Exportar",
      html`<p class="muted">Planos, mensagens e downsells em um arquivo. Sem token e sem pessoas.</p>
        <a class="button" href="/admin/bots/${bot.slug}/funil/arquivo">Baixar o arquivo</a>`
    )}
    ${
      others.length === 0
        ? ""
        : card(
            "Copiar de outro bot",
            html`<form method="post" action="${action}" class="filters">
              ${csrf(visit.session)}
              ${select(
                "de",
                "De onde",
                others.map(({ name, slug }) => [slug, `${name} (${slug})`] as const)
              )}
              <div class="field act">
                <button
                  data-confirm="Trazer planos, mensagens e downsells para ${bot.name}? O que tem o mesmo nome é trocado."
                >
                  Copiar para cá
                </button>
              </div>
            </form>`
          )
    }
    ${card(
      "Importar",
      html`<form method="post" action="${action}">
        ${csrf(visit.session)}
        ${area("arquivo", "Conteúdo do arquivo", { rows: 8, value: visit.form.get("arquivo") ?? "", hint: "Abra o arquivo exportado, copie tudo e cole aqui. O que tem o mesmo nome é trocado; o resto fica." })}
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
    post("/admin/bots/:slug/funil", (visit) =>
      Effect.gen(function* () {
        const bot = yield* botOf(visit.params["slug"])
        return yield* fileOf(visit.form).pipe(
          Effect.flatMap((file) => transfer.put(bot.slug, file)),
          Effect.map(() => redirect(withQuery(`/admin/bots/${bot.slug}`, { feito: "importado" }))),
          Effect.catch((error: AdminError) => show(visit, error))
        )
      })
    )
  ]
})
