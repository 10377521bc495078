import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Result } from "effect"
import { draftPreview } from "../../src/admin/editor/preview.ts"
import { applied, contentOf, draftOf, draftOfForm, faultsOfDraft } from "../../src/admin/editor/draft.ts"
import { telegramText } from "../../src/admin/editor/telegramText.ts"
import { checkMessageContent, type MessageContent } from "../../src/domain/content.ts"
import { botNamed, openDoor } from "../http/door.ts"
import { enter } from "./visitor.ts"

const content: MessageContent = {
  text: "Olá {nome}!\n<b>Oferta</b>",
  media: [{ media_id: 12 }, { kind: "video", file_id: "abc" }],
  buttons: [
    [
      { text: "Mensal", plan_id: 3, price_cents: 990 },
      { text: "Canal", url: "https://t.me/canal" }
    ],
    [{ text: "Copiar", copy_text: "OFERTA10" }]
  ],
  caption: "above",
  preview: false,
  opt_out: true
}

/** The fields a browser would send for this draft. */
const formOf = (message: MessageContent, more: Record<string, string> = {}) => {
  const draft = draftOf(message)
  const form = new URLSearchParams({ text: draft.text.replaceAll("\n", "\r\n"), buttons: String(draft.buttons.length) })
  for (const media of draft.media) form.append("media", JSON.stringify(media))
  for (const [at, button] of draft.buttons.entries()) {
    for (const key of ["text", "kind", "plan", "price", "value"] as const) form.set(`b${at}.${key}`, button[key])
    if (button.beside) form.set(`b${at}.beside`, "1")
  }
  form.set("layout", draft.layout)
  form.set("caption", draft.caption)
  for (const [flag, on] of Object.entries(draft.flags)) if (on) form.set(flag, "1")
  for (const [name, value] of Object.entries(more)) form.set(name, value)
  return form
}

describe("the message editor", () => {
  it("gives back what it was given, through the form and the API's own check", () => {
    const checked = checkMessageContent(contentOf(draftOfForm(formOf(content))))
    assert.deepStrictEqual(checked, Result.succeed(content))
  })

  it("adds, moves and removes media and buttons", () => {
    const draft = draftOf(content)
    assert.deepStrictEqual(applied(draft, "media-add-7").media.at(-1), { media_id: 7 })
    assert.lengthOf(applied(draft, "media-remove-0").media, 1)
    assert.deepStrictEqual(applied(draft, "media-up-1").media[0], { kind: "video", file_id: "abc" })
    assert.lengthOf(applied(draft, "button-add").buttons, 4)
    assert.strictEqual(applied(draft, "button-up-2").buttons[1]?.text, "Copiar")
    assert.deepStrictEqual(
      applied(draft, "button-remove-0").buttons.map(({ text }) => text),
      ["Canal", "Copiar"]
    )
    for (const op of ["", "media-remove-9", "button-up-0", "nada", "media-up-99"]) {
      assert.lengthOf(applied(draft, op).buttons, 3, op)
    }
  })

  it("puts each complaint at the field that it is about", () => {
    const draft = draftOfForm(
      formOf(content, { "b0.price": "de graça", "b1.value": "ftp://x", "b2.text": " ", text: "{xis}" })
    )
    const checked = checkMessageContent(contentOf(draft))
    const issues = Result.isFailure(checked) ? checked.failure : []
    const faults = faultsOfDraft(draft, Object.fromEntries(issues.map(({ message, path }) => [path, message])))
    assert.hasAllKeys(faults, ["text", "b0.price", "b1.value", "b2.text"])
    assert.include(faults["b1.value"] ?? "", "https://")
  })

  it("survives whatever a form may hold", () => {
    for (const form of ["", "buttons=1e9", "buttons=-3", "media=%7B", "media=1&media=null", "b0.kind=x&buttons=1"]) {
      assert.isObject(contentOf(draftOfForm(new URLSearchParams(form))), form)
    }
  })
})

describe("the preview", () => {
  it("shows Telegram's marks and nothing else of what was written", () => {
    const shown = (text: string) => String(telegramText(text))
    assert.strictEqual(shown("<b>a</b> <i>b"), "<b>a</b> <i>b</i>")
    assert.strictEqual(shown("<script>alert(1)</script>"), "&lt;script&gt;alert(1)&lt;/script&gt;")
    assert.strictEqual(shown('<b onclick="x">a</b>'), "<b>a</b>")
    assert.strictEqual(shown('<a href="javascript:alert(1)">a</a>'), "<a>a</a>")
    assert.include(shown('<a href="https://x.com/?a=1&amp;b=&quot;">a</a>'), 'href="https://x.com/?a=1&amp;b=&quot;"')
    assert.strictEqual(shown("<tg-spoiler>a</tg-spoiler>"), '<span class="spoiler" tabindex="0">a</span>')
  })

  it("is what would be sent: names and prices filled in, plans off sale without a button", () => {
    const plan = {
      id: 3,
      name: "Mensal",
      priceCents: 1990,
      active: true,
      delivery: Option.none(),
      vipChatId: Option.none()
    }
    const bot = botNamed("vip", { plans: new Map([[3, plan]]) })
    const message: MessageContent = {
      text: "Olá {nome}, só {valor}",
      buttons: [
        [
          { text: "{plano} por {valor}", plan_id: 3, price_cents: 990 },
          { text: "Fora", plan_id: 4 }
        ]
      ]
    }
    const shown = String(draftPreview(bot, draftOf(message)))
    assert.include(shown, "Olá Ana, só R$ 19,90")
    assert.include(shown, "Mensal por R$ 9,90")
    assert.notInclude(shown, "Fora")
    assert.include(String(draftPreview(bot, draftOf({ text: "<i>" }))), "A tag &lt;i&gt; foi aberta e não foi fechada.")
  })
})

describe("the pages of messages", () => {
  it.live("save through the admin, and show a refused message again with its complaints", () =>
    Effect.gen(function* () {
      const saved: Array<unknown> = []
      const door = yield* openDoor({
        admin: {
          message: () => Effect.succeed(content),
          putMessage: (_slug, _key, given) => Effect.sync(() => (saved.push(given), content))
        },
        media: { list: () => Effect.succeed({ items: [], next_cursor: null }) }
      })
      const { get, post } = yield* enter(door)
      const page = yield* get("/admin/mensagens/vip/start")
      assert.strictEqual(page.status, 200)
      assert.include(page.text, "Boas-vindas (/start)")
      const fields = Object.fromEntries(formOf({ text: "Oi" }))
      assert.strictEqual((yield* post("/admin/mensagens/vip/start", fields)).status, 303)
      assert.deepStrictEqual(saved, [{ text: "Oi", media: [], buttons: [] }])
      const more = yield* post("/admin/mensagens/vip/start", { ...fields, op: "button-add" })
      assert.include(more.text, "Botão 1")
      assert.lengthOf(saved, 1)
    })
  )
})
