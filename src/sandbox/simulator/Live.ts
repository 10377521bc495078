import type { IncomingMessage, ServerResponse } from "node:http"
import type { Html } from "./html.ts"

/** What each element of the page holds now, told to every open page when it changes (server-sent events). */
export class Live {
  readonly #elements = new Map<string, string>()
  readonly #pages = new Set<ServerResponse>()

  /** `GET /live`: everything as it is, then every change. */
  readonly connect = (request: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" })
    for (const [id, text] of this.#elements) response.write(event(id, text))
    this.#pages.add(response)
    request.on("close", () => this.#pages.delete(response))
  }

  show(id: string, content: Html): void {
    if (this.#elements.get(id) === content.text) return
    this.#elements.set(id, content.text)
    for (const page of this.#pages) page.write(event(id, content.text))
  }
}

const event = (id: string, html: string) => `data: ${JSON.stringify({ id, html })}\n\n`
