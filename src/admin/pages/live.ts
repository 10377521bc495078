import { Effect, Queue, Schedule, Stream } from "effect"
import { HttpServerResponse } from "effect/http"
import { Bots } from "../../bots/Bots.ts"
import { Readiness } from "../../http/Readiness.ts"
import type { Line } from "../../log/format.ts"
import { LiveLog } from "../../log/LiveLog.ts"
import { maskSecrets } from "../../log/mask.ts"
import { clock } from "../format.ts"
import { html, type Html } from "../html.ts"
import { personFilter } from "../listQuery.ts"
import { select } from "../parts/fields.ts"
import { botFilter, filterForm } from "../parts/filters.ts"
import { card, withQuery } from "../parts/ui.ts"
import { page } from "../respond.ts"
import { get, type Visit } from "../visit.ts"

const here = "/admin/ao-vivo"
const shown = 100
// A reader that does not keep up misses lines; the service does not wait for it.
const bufferSize = 256
// Proxies drop a connection on which nothing comes for a minute.
const heartbeat = Stream.fromSchedule(Schedule.spaced("20 seconds")).pipe(Stream.map(() => ": estou aqui\n\n"))

export const livePages = Effect.gen(function* () {
  const bots = yield* Bots
  const readiness = yield* Readiness
  const log = yield* LiveLog

  const lines = (wanted: (line: Line) => boolean) =>
    Stream.callback<string>(
      (queue) =>
        Effect.acquireRelease(
          Effect.sync(() => log.listen((line) => wanted(line) && Queue.offerUnsafe(queue, eventOf(line)))),
          (stop) => Effect.sync(stop)
        ),
      { bufferSize, strategy: "sliding" }
    )

  return [
    get(here, ({ query, session }) =>
      Effect.sync(() => {
        const recent = log.recent().filter(wantedBy(query)).slice(-shown).toReversed()
        const fields = html`${botFilter(bots.all(), query)}
        ${select(
          "nivel",
          "Mostrar",
          [
            ["", "Tudo"],
            ["aviso", "Avisos e erros"],
            ["erro", "Só erros"]
          ],
          { value: query["nivel"] ?? "" }
        )}
        ${personFilter(query)}`
        const body = html`${filterForm(here, fields, query)}
        ${card(
          "O que está acontecendo",
          html`<p class="muted" data-live-state role="status">Recarregue a página para ver o que há de novo.</p>
            <ol class="live" data-live="${withQuery("/admin/ao-vivo/linhas", query)}">
              ${recent.map(item)}
            </ol>
            ${recent.length === 0 ? html`<p class="muted">Nada ainda com estes filtros. Assim que algo acontecer, aparece aqui.</p>` : ""}`,
          html`<button type="button" class="small" data-live-pause>Pausar</button>`
        )}`
        return page(session, { title: "Ao vivo", here, body })
      })
    ),
    get("/admin/ao-vivo/linhas", ({ query, session }) =>
      Effect.succeed(
        HttpServerResponse.stream(
          lines(wantedBy(query)).pipe(
            Stream.prepend(["retry: 3000\n\n"]),
            Stream.merge(heartbeat),
            // A stop does not wait for somebody who watches, and a session's end ends what it saw.
            Stream.interruptWhen(Effect.race(readiness.closed, Effect.sleep(`${session.validSeconds} seconds`))),
            Stream.encodeText
          ),
          { contentType: "text/event-stream; charset=utf-8", headers: { "x-accel-buffering": "no" } }
        )
      )
    )
  ]
})

const levels: Readonly<Record<string, ReadonlyArray<Line["level"]>>> = { aviso: ["WARN", "ERROR"], erro: ["ERROR"] }

const wantedBy = (query: Visit["query"]) => {
  const { bot, nivel, pessoa } = query
  return ({ fields, level, sentence }: Line): boolean =>
    (levels[nivel ?? ""]?.includes(level) ?? true) &&
    (bot === undefined || fields["slug"] === bot || fields["bot"] === bot) &&
    (pessoa === undefined || String(fields["telegram_id"] ?? "") === pessoa || sentence.includes(pessoa))
}

const words = { DEBUG: "detalhe", INFO: "", WARN: "aviso", ERROR: "erro" } as const

const viewOf = ({ date, level, sentence }: Line) => ({
  level,
  time: clock(date),
  word: words[level],
  sentence: maskSecrets(sentence)
})

// JSON has no line breaks of its own, which would end the event.
const eventOf = (line: Line): string => `event: line\ndata: ${JSON.stringify(viewOf(line))}\n\n`

const item = (line: Line): Html => {
  const { level, sentence, time, word } = viewOf(line)
  return html`<li class="${level}"><time>${time}</time> <b>${word}</b> <span>${sentence}</span></li>`
}
