import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { FormData } from "undici"
import { SandboxTelegram } from "../../src/sandbox/telegram/SandboxTelegram.ts"
import type { Ask } from "./support.ts"
import { ask, botCall, TOKEN } from "./support.ts"

const ANA = 7_205_343_917

/** A bot, Ana, who wrote to it, and a caller of its methods. */
const setup = Effect.gen(function* () {
  const telegram = yield* SandboxTelegram
  const bot = yield* telegram.addBot({ token: TOKEN, username: "loja_bot", name: "Loja" })
  yield* telegram.person({ id: ANA, first_name: "Ana" })
  yield* telegram.sendText(bot, ANA, "/start")
  const call = (method: string, body?: Ask["body"]) => botCall(telegram.url, method, body)
  const says = (method: string, body: object) =>
    call(method, body).pipe(Effect.map(({ json }) => json.description as string | undefined))
  return { telegram, bot, call, says }
})

const fresh = <A, E>(test: Effect.Effect<A, E, SandboxTelegram>) =>
  test.pipe(Effect.provide(SandboxTelegram.layerWith({ failingUrls: ["https://fora.example/x.jpg"] })))

describe("sending to the Telegram stand-in", () => {
  it.live("answers a message as Telegram does and shows it in the chat", () =>
    fresh(
      Effect.gen(function* () {
        const { telegram, bot, call } = yield* setup
        const markup = { inline_keyboard: [[{ text: "Quero", callback_data: "plan:3" }], []] }
        const { status, json } = yield* call("sendMessage", {
          chat_id: String(ANA),
          text: "  <b>Olá</b>, Ana!  ",
          parse_mode: "html",
          protect_content: true,
          reply_markup: JSON.stringify(markup)
        })
        assert.strictEqual(status, 200)
        assert.deepInclude(json.result, {
          message_id: 2,
          from: { id: 5_551_234, is_bot: true, first_name: "Loja", username: "loja_bot" },
          chat: { id: ANA, type: "private", first_name: "Ana" },
          text: "Olá, Ana!",
          entities: [{ type: "bold", offset: 0, length: 3 }],
          has_protected_content: true,
          reply_markup: { inline_keyboard: [markup.inline_keyboard[0]] }
        })
        const shown = yield* telegram.chat(bot, ANA)
        assert.deepStrictEqual(
          shown.map(({ from, text, messageId }) => [from, messageId, text]),
          [
            ["person", 1, "/start"],
            ["bot", 2, "Olá, Ana!"]
          ]
        )
      })
    )
  )

  it.live("takes urlencoded, query and multipart parameters, in any case of the method's name", () =>
    fresh(
      Effect.gen(function* () {
        const { telegram, call } = yield* setup
        const url = `${telegram.url}/bot${TOKEN}/SENDMESSAGE?chat_id=${ANA}`
        const headers = { "content-type": "application/x-www-form-urlencoded" }
        const urlencoded = yield* ask(url, { headers, body: "text=a%26b&disable_notification=true" })
        assert.strictEqual(urlencoded.json.result.text, "a&b")
        const form = new FormData()
        form.set("chat_id", String(ANA))
        form.set("caption", "ção")
        form.set("photo", new Blob([Buffer.alloc(3000, 1)], { type: "image/png" }), "qr.png")
        const { json } = yield* call("sendPhoto", form)
        assert.strictEqual(json.result.caption, "ção")
        assert.strictEqual(json.result.photo.at(-1).file_size, 3000)
        const { files, method } = yield* telegram.waitFor((made) => made.method === "sendPhoto")
        assert.deepStrictEqual(
          files.map(({ field, filename, contentType, size }) => [method, field, filename, contentType, size]),
          [["sendPhoto", "photo", "qr.png", "image/png", 3000]]
        )
      })
    )
  )

  it.live("refuses texts, buttons and chats with Telegram's words, in Telegram's order", () =>
    fresh(
      Effect.gen(function* () {
        const { says } = yield* setup
        const message = (rest: object) => says("sendMessage", { chat_id: ANA, text: "oi", ...rest })
        const button = (rest: object) => message({ reply_markup: { inline_keyboard: [[{ text: "x", ...rest }]] } })
        const parse = "can't parse inline keyboard button: "
        const cases: ReadonlyArray<readonly [Effect.Effect<string | undefined>, string | undefined]> = [
          [says("sendMessage", { chat_id: 0 }), "message text is empty"],
          [message({ text: "  \n " }), "text must be non-empty"],
          [message({ text: "😀".repeat(4096) }), undefined],
          [message({ text: "😀".repeat(4097) }), "message is too long"],
          [message({ text: `<b>${"&amp;".repeat(4096)}</b>`, parse_mode: "HTML" }), undefined],
          [message({ text: "x".repeat(32_769) }), "text is too long"],
          [message({ parse_mode: "MarkdownV2" }), "unsupported parse_mode"],
          [message({ chat_id: "" }), "chat_id is empty"],
          [message({ chat_id: 1 }), "chat not found"],
          [message({ chat_id: "@ninguem" }), "chat not found"],
          [message({ reply_parameters: { message_id: 99 } }), "message to be replied not found"],
          [message({ reply_markup: "[" }), "can't parse reply keyboard markup JSON object"],
          [message({ reply_markup: { inline_keyboard: "x" } }), 'field "inline_keyboard" must be of type Array'],
          [button({ callback_data: "é".repeat(32) }), undefined],
          [button({ callback_data: "é".repeat(32) + "x" }), "BUTTON_DATA_INVALID"],
          [button({}), `${parse}Text buttons are unallowed in the inline keyboard`],
          [button({ text: undefined, url: "https://a.b" }), `${parse}Can't find field "text"`],
          [button({ callback_data: "a", url: "https://a.b" }), `${parse}Exactly one action must be specified`],
          [button({ url: "tg://user?id=1" }), undefined],
          [button({ url: "http://127.0.0.1:3000/go" }), undefined],
          [
            button({ url: "http://localhost/x" }),
            "inline keyboard button URL 'http://localhost/x' is invalid: Wrong HTTP URL"
          ],
          [button({ url: "ftp://a.b" }), "inline keyboard button URL 'ftp://a.b' is invalid: Unsupported URL protocol"],
          [button({ copy_text: { text: "x".repeat(256) } }), undefined],
          [button({ copy_text: { text: "x".repeat(257) } }), "BUTTON_COPY_TEXT_INVALID"]
        ]
        for (const [made, expected] of cases) {
          assert.strictEqual(yield* made, expected === undefined ? undefined : `Bad Request: ${expected}`)
        }
      })
    )
  )

  it.live("refuses blocked chats, dead accounts, unknown tokens and methods", () =>
    fresh(
      Effect.gen(function* () {
        const { telegram, bot, call, says } = yield* setup
        const hello = { chat_id: ANA, text: "oi" }
        yield* telegram.block(bot, ANA)
        assert.strictEqual(yield* says("sendMessage", hello), "Forbidden: bot was blocked by the user")
        yield* telegram.unblock(bot, ANA)
        assert.isUndefined(yield* says("sendMessage", hello))
        yield* telegram.deactivate(ANA)
        const gone = yield* call("sendMessage", hello)
        assert.deepStrictEqual([gone.status, gone.json.description], [403, "Forbidden: user is deactivated"])
        const missing = yield* call("sendMassage", hello)
        assert.deepStrictEqual(missing.json, { ok: false, error_code: 404, description: "Not Found" })
        const stranger = yield* botCall(telegram.url, "getMe", undefined, "1:unknown")
        assert.deepStrictEqual(stranger.json, { ok: false, error_code: 401, description: "Unauthorized" })
        yield* telegram.revoke(TOKEN)
        assert.strictEqual((yield* call("getMe")).status, 401)
        yield* telegram.addBot({ token: "5551234:rotated" })
        assert.strictEqual((yield* botCall(telegram.url, "getMe", undefined, "5551234:rotated")).json.result.id, bot.id)
      })
    )
  )

  it.live("binds file ids to their bot and kind", () =>
    fresh(
      Effect.gen(function* () {
        const { telegram, bot, call, says } = yield* setup
        const other = yield* telegram.addBot({ token: "999:other" })
        const photo = (value: string) => says("sendPhoto", { chat_id: ANA, photo: value })
        const first = yield* call("sendPhoto", { chat_id: ANA, photo: "https://loja.example/a.jpg" })
        const fileId = first.json.result.photo.at(-1).file_id as string
        const again = yield* call("sendPhoto", { chat_id: ANA, photo: fileId })
        assert.strictEqual(again.json.result.photo.at(-1).file_id, fileId)
        const wrong = "Bad Request: wrong file identifier/HTTP URL specified"
        assert.strictEqual(yield* photo(`${fileId.slice(0, -1)}${fileId.endsWith("A") ? "B" : "A"}`), wrong)
        assert.strictEqual(yield* photo(yield* telegram.registerFile(other, "photo")), wrong)
        assert.strictEqual(
          yield* says("sendVideo", { chat_id: ANA, video: fileId }),
          "Bad Request: can't use file of type Photo as Video"
        )
        const animation = yield* telegram.registerFile(bot, "animation")
        assert.isUndefined(yield* says("sendDocument", { chat_id: ANA, document: animation }))
        assert.strictEqual(yield* photo("https://fora.example/x.jpg"), "Bad Request: failed to get HTTP URL content")
        assert.strictEqual(yield* photo(""), "Bad Request: there is no photo in the request")
      })
    )
  )

  it.live("limits uploads: nothing empty, photos to 10 MB, everything to 50 MB", () =>
    fresh(
      Effect.gen(function* () {
        const { call } = yield* setup
        const upload = (field: string, bytes: number) => {
          const form = new FormData()
          form.set("chat_id", String(ANA))
          form.set(field, new Blob([Buffer.alloc(bytes)]), "x.bin")
          return call(field === "photo" ? "sendPhoto" : "sendDocument", form)
        }
        assert.strictEqual((yield* upload("document", 0)).json.description, "Bad Request: file must be non-empty")
        const limit = 10 * 1024 * 1024
        assert.strictEqual((yield* upload("photo", limit)).status, 200)
        assert.strictEqual(
          (yield* upload("photo", limit + 1)).json.description,
          `Bad Request: file of size ${limit + 1} bytes is too big for a photo; the maximum size is ${limit} bytes`
        )
        assert.strictEqual((yield* upload("document", limit + 1)).status, 200)
        assert.strictEqual((yield* upload("document", 51 * 1024 * 1024)).status, 413)
      })
    )
  )

  it.live("sends albums of 2 to 10 and refuses mixtures", () =>
    fresh(
      Effect.gen(function* () {
        const { telegram, bot, call, says } = yield* setup
        const item = (type: string, rest = {}) => ({ type, media: `https://loja.example/${type}`, ...rest })
        const album = (...media: ReadonlyArray<object>) => says("sendMediaGroup", { chat_id: ANA, media })
        const form = new FormData()
        form.set("chat_id", String(ANA))
        form.set("media", JSON.stringify([{ type: "photo", media: "attach://um", caption: "olha" }, item("video")]))
        form.set("reply_markup", JSON.stringify({ inline_keyboard: [[{ text: "x", callback_data: "x" }]] }))
        form.set("um", new Blob(["bytes"]), "um.jpg")
        const { json } = yield* call("sendMediaGroup", form)
        assert.strictEqual(json.result.length, 2)
        const shown = (yield* telegram.chat(bot, ANA)).slice(1)
        assert.deepStrictEqual(
          shown.map(({ media, text, buttons }) => [media?.kind, media?.source, text, buttons.length]),
          [
            ["photo", "upload", "olha", 0],
            ["video", "url", "", 0]
          ]
        )
        assert.strictEqual(shown[0]?.albumId, shown[1]?.albumId)
        assert.isDefined(shown[0]?.albumId)

        assert.strictEqual(yield* album(item("photo")), "Bad Request: there are too few messages to send as an album")
        assert.strictEqual(
          yield* album(...Array.from({ length: 11 }, () => item("photo"))),
          "Bad Request: too many messages to send as an album"
        )
        assert.isUndefined(yield* album(item("document"), item("document")))
        assert.strictEqual(
          yield* album(item("photo"), item("document")),
          "Bad Request: document can't be mixed with other media types"
        )
        assert.strictEqual(
          yield* album(item("photo"), item("voice")),
          "Bad Request: can't use the media of the specified type in the album"
        )
        assert.strictEqual(
          yield* album(item("photo"), item("photo", { media: "nada" })),
          'Bad Request: failed to send message #2 with the error message "wrong file identifier/HTTP URL specified"'
        )
        assert.strictEqual((yield* telegram.chat(bot, ANA)).length, 5)
      })
    )
  )

  it.live("applies edits and deletions, and refuses the ones Telegram refuses", () =>
    fresh(
      Effect.gen(function* () {
        const { telegram, bot, call, says } = yield* setup
        const reply_markup = { inline_keyboard: [[{ text: "Pagar", callback_data: "p" }]] }
        yield* call("sendMessage", { chat_id: ANA, text: "um", reply_markup })
        yield* call("sendPhoto", { chat_id: ANA, photo: "https://loja.example/a.jpg", caption: "foto" })
        const edit = (method: string, message_id: number, rest: object) =>
          says(method, { chat_id: ANA, message_id, ...rest })
        assert.include(
          yield* edit("editMessageText", 2, { text: "um", reply_markup }) ?? "",
          "Bad Request: message is not modified"
        )
        assert.isUndefined(yield* edit("editMessageText", 2, { text: "dois" }))
        assert.strictEqual(yield* edit("editMessageText", 1, { text: "x" }), "Bad Request: message can't be edited")
        assert.strictEqual(yield* edit("editMessageText", 9, { text: "x" }), "Bad Request: message to edit not found")
        assert.strictEqual(
          yield* edit("editMessageText", 3, { text: "x" }),
          "Bad Request: there is no text in the message to edit"
        )
        assert.isUndefined(yield* edit("editMessageCaption", 3, { caption: "nova" }))
        assert.isUndefined(yield* edit("editMessageReplyMarkup", 3, { reply_markup }))
        const media = { type: "video", media: "https://loja.example/v.mp4", caption: "vídeo" }
        assert.isUndefined(yield* edit("editMessageMedia", 3, { media }))
        assert.deepStrictEqual(
          (yield* telegram.chat(bot, ANA))
            .slice(1)
            .map(({ text, edited, media: shown, buttons }) => [text, edited, shown?.kind, buttons.length]),
          [
            ["dois", true, undefined, 0],
            ["vídeo", true, "video", 0]
          ]
        )
        assert.isUndefined(yield* edit("deleteMessage", 2, {}))
        assert.strictEqual(yield* edit("deleteMessage", 2, {}), "Bad Request: message to delete not found")
        assert.strictEqual((yield* telegram.chat(bot, ANA)).length, 2)
      })
    )
  )

  it.live("keeps nothing with record off, but counts and calls the hook", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      yield* Effect.gen(function* () {
        const telegram = yield* SandboxTelegram
        yield* telegram.addBot({ token: TOKEN })
        for (const text of ["a", "b", ""]) yield* botCall(telegram.url, "sendMessage", { chat_id: 55, text })
        assert.deepStrictEqual(yield* telegram.calls, [])
        assert.deepStrictEqual(yield* telegram.chat(TOKEN, 55), [])
        const { total, byMethod, byStatus } = yield* telegram.counters
        assert.deepStrictEqual(
          { total, byMethod, byStatus },
          { total: 3, byMethod: { sendMessage: 3 }, byStatus: { 200: 2, 400: 1 } }
        )
      }).pipe(
        Effect.provide(
          SandboxTelegram.layerWith({
            record: false,
            acceptUnknownChats: true,
            onCall: ({ params }) => void seen.push(String(params.text))
          })
        )
      )
      assert.deepStrictEqual(seen, ["a", "b", ""])
    })
  )
})
