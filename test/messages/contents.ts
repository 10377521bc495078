import * as fc from "fast-check"
import { MediaKind } from "../../src/domain/content.ts"

const words = fc.array(
  fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 30 }),
    fc.constantFrom(
      "<b>",
      "</b>",
      "<i>",
      "</i>",
      "<x>",
      "&lt;",
      "{nome}",
      "{link}",
      "{plano}",
      "\n\n",
      '<a href="{link}">',
      "</a>"
    ),
    fc.constantFrom(200, 1_000, 3_000).map((length) => "Olá 😀. ".repeat(length / 8))
  ),
  { maxLength: 20 }
)
const text = words.map((parts) => parts.join("").toWellFormed())
const kind = fc.constantFrom(...MediaKind.literals)
const media = fc.oneof(
  fc.record({ kind, file_id: fc.stringMatching(/^[A-Za-z0-9_-]{4,40}$/) }),
  fc.record({ kind, url: fc.webUrl() }),
  fc.record({ media_id: fc.nat() })
)
const button = fc.oneof(
  fc.record(
    { text, plan_id: fc.integer({ min: 1 }), price_cents: fc.integer({ min: 1 }) },
    { requiredKeys: ["text", "plan_id"] }
  ),
  fc.record({ text, url: fc.oneof(fc.webUrl(), fc.constant("{link}"), fc.string()) }),
  fc.record({ text, copy_text: text })
)
/** Whatever a seller might write, and worse. */
export const content = fc.record(
  {
    text,
    media: fc.array(media, { maxLength: 4 }),
    buttons: fc.array(fc.array(button, { maxLength: 12 }), { maxLength: 12 }),
    layout: fc.constantFrom("album" as const, "separate" as const),
    caption: fc.constantFrom("above" as const, "below" as const, "none" as const),
    spoiler: fc.boolean(),
    protect: fc.boolean(),
    preview: fc.boolean()
  },
  { requiredKeys: [] }
)
const value = fc.string({ unit: "grapheme", maxLength: 60 })
export const anyVariables = fc.record(
  { nome: value, usuario: value, bot: value, plano: value, valor: value, link: fc.oneof(value, fc.webUrl()) },
  { requiredKeys: ["nome", "usuario", "bot"] }
)
