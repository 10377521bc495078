import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { MediaStore } from "../../src/media/MediaStore.ts"
import { eventually } from "../support/service.ts"
import { ana, inWorld, otherToken, shop, startNode, token, uploadsIn } from "./support.ts"
import { gif, jpeg, m4a, mp3, mp4, ogg, pdf, png } from "./samples.ts"

/** A store that nobody may ask: for sends that need no bytes. */
const forbidden = Layer.mock(MediaStore, {})

describe("Attachments", () => {
  it.live("the first send uploads and keeps the id; the next one carries only the id and reads nothing", () =>
    Effect.gen(function* () {
      const { bot, dataDir, send, telegram, upload } = yield* shop()
      const bytes = jpeg()
      const photo = yield* upload(bytes)
      assert.isFalse(photo.ready)
      yield* telegram.clear
      yield* send({ text: "Olá", media: [{ media_id: photo.id }] })
      const [first] = yield* telegram.calls
      assert.deepInclude(first, { method: "sendPhoto", ok: true })
      assert.isTrue(first?.files[0]?.bytes?.equals(bytes))
      assert.strictEqual(first?.params["caption"], "Olá")
      assert.isString(bot().media.get(`#${photo.id}`)?.fileId)

      // Another process, as after a restart, that has no access to the bytes at all.
      const later = yield* startNode({ dataDir, store: forbidden })
      yield* telegram.clear
      yield* Effect.all([send({ media: [{ media_id: photo.id }] }), later.send({ media: [{ media_id: photo.id }] })])
      const calls = yield* telegram.calls
      assert.strictEqual(calls.length, 2)
      assert.deepStrictEqual(yield* uploadsIn(telegram), [])
      assert.isTrue(calls.every((call) => call.params["photo"] === bot().media.get(`#${photo.id}`)?.fileId))
    }).pipe(inWorld)
  )

  it.live("of many sends at once, on two processes, one uploads", () =>
    Effect.gen(function* () {
      const { dataDir, send, telegram, upload } = yield* shop()
      const other = yield* startNode({ dataDir })
      const photo = yield* upload(jpeg())
      const video = yield* upload(mp4())
      yield* other.bots.reload(1)
      yield* telegram.clear
      const content = { media: [{ media_id: photo.id }, { media_id: video.id }] }
      const people = Array.from({ length: 12 }, (_, index) => ({ id: 8_000 + index, first_name: "Pessoa" }))
      for (const person of people) {
        yield* telegram.person(person)
        yield* telegram.sendText(token, person, "/start")
      }
      yield* Effect.forEach(people, (person, index) => (index % 2 === 0 ? send : other.send)(content, person), {
        concurrency: "unbounded"
      })
      const uploads = yield* uploadsIn(telegram)
      assert.strictEqual(uploads.length, 1)
      assert.strictEqual(uploads[0]?.files.length, 2)
      const albums = (yield* telegram.calls).filter((call) => call.ok && call.method === "sendMediaGroup")
      assert.strictEqual(albums.length, people.length)
    }).pipe(inWorld)
  )

  it.live("each kind goes out as what it is, bytes and name intact", () =>
    Effect.gen(function* () {
      const { send, telegram, upload } = yield* shop()
      const samples = [
        [jpeg(), undefined, "sendPhoto"],
        [png(), undefined, "sendPhoto"],
        [mp4(), undefined, "sendVideo"],
        [gif(), undefined, "sendAnimation"],
        [mp4(), "animation", "sendAnimation"],
        [mp3(), undefined, "sendAudio"],
        [m4a(), undefined, "sendAudio"],
        [ogg(), undefined, "sendVoice"],
        [mp4(), "video_note", "sendVideoNote"],
        [pdf(), undefined, "sendDocument"],
        [jpeg(), "document", "sendDocument"]
      ] as const
      for (const [bytes, kind, method] of samples) {
        const media = yield* upload(bytes, { kind, fileName: 'C:\\fotos\\e-book "final".pdf' })
        yield* telegram.clear
        yield* send({ media: [{ media_id: media.id }] })
        yield* send({ media: [{ media_id: media.id }] })
        const calls = yield* telegram.calls
        assert.deepStrictEqual(
          calls.map((call) => [call.method, call.ok, call.files.length]),
          [
            [method, true, 1],
            [method, true, 0]
          ],
          `${kind ?? "by its bytes"}: ${JSON.stringify(calls.map((call) => call.response))}`
        )
        const [file] = calls[0]!.files
        assert.isTrue(file?.bytes?.equals(bytes))
        if (method === "sendDocument" || method === "sendAudio")
          assert.strictEqual(file?.filename, "e-book 'final'.pdf")
      }
    }).pipe(inWorld)
  )

  it.live("a send that fails gives the upload back: the next person's send makes it", () =>
    Effect.gen(function* () {
      const { send, sql, telegram, upload } = yield* shop()
      const photo = yield* upload(jpeg())
      yield* telegram.fail({
        match: { method: "sendPhoto" },
        answer: { kind: "forbidden", description: "Forbidden: bot was blocked by the user" }
      })
      const error = yield* Effect.flip(send({ media: [{ media_id: photo.id }] }))
      assert.strictEqual(error.reason._tag, "Gone")
      const [row] = yield* sql`select owner, lease_until, status from media_cache`
      assert.deepStrictEqual({ ...row }, { owner: null, lease_until: null, status: "warming" })
      yield* send({ media: [{ media_id: photo.id }] })
      assert.strictEqual((yield* uploadsIn(telegram)).length, 2)
    }).pipe(inWorld)
  )

  it.live("a claim of a process that died is taken over", () =>
    Effect.gen(function* () {
      const { send, sql, telegram, upload } = yield* shop()
      const photo = yield* upload(jpeg())
      yield* sql`
        insert into media_cache (bot_slug, sha256, kind, status, owner, lease_until)
        values ('vip', ${photo.sha256}, 'photo', 'warming', 'morto', now() + interval '600 milliseconds')`
      yield* telegram.clear
      yield* send({ media: [{ media_id: photo.id }] })
      assert.strictEqual((yield* uploadsIn(telegram)).length, 1)
    }).pipe(inWorld)
  )

  it.live("words go without a file that is nowhere, and with it again once it is back", () =>
    Effect.gen(function* () {
      const { bot, log, send, store, telegram, upload } = yield* shop()
      const bytes = jpeg()
      const photo = yield* upload(bytes)
      const film = yield* upload(mp4())
      yield* store.remove(`vip/photo/${photo.sha256}.jpg`)
      yield* telegram.clear
      yield* send({ text: "Oi", media: [{ media_id: photo.id }], buttons: [[{ text: "Site", url: "https://t.me/x" }]] })
      yield* send({ text: "Dois", media: [{ media_id: photo.id }, { media_id: film.id }] })
      yield* send({ media: [{ media_id: photo.id }] })
      const calls = yield* telegram.calls
      assert.deepStrictEqual(
        calls.map((call) => [call.method, call.params["text"] ?? call.files.length]),
        [
          ["sendMessage", "Oi"],
          ["sendVideo", 1],
          ["sendMessage", "Dois"]
        ]
      )
      assert.match(String(calls[0]?.params["reply_markup"] && JSON.stringify(calls[0].params["reply_markup"])), /Site/)
      assert.isString(bot().media.get(`#${film.id}`)?.fileId)
      assert.match(yield* log, /AVISO.*vão sem a mídia 1: o arquivo não está mais onde as mídias são guardadas/)

      yield* upload(bytes)
      yield* eventually(Effect.andThen(send({ text: "Oi", media: [{ media_id: photo.id }] }), telegram.calls), (made) =>
        made.some((call) => call.method === "sendPhoto" && call.params["caption"] === "Oi")
      )
    }).pipe(inWorld)
  )

  it.live("words go without a file that Telegram will not take, and the seller learns why", () =>
    Effect.gen(function* () {
      const { library, send, telegram, upload } = yield* shop()
      const photo = yield* upload(jpeg())
      yield* telegram.fail({
        match: { method: "sendPhoto" },
        answer: { kind: "refused", description: "Bad Request: IMAGE_PROCESS_FAILED" }
      })
      yield* telegram.clear
      yield* send({ text: "Oi", media: [{ media_id: photo.id }] })
      assert.deepStrictEqual(
        (yield* telegram.calls).map((call) => call.method),
        ["sendPhoto", "sendMessage"]
      )
      const { items } = yield* library.list("vip", {})
      assert.deepInclude(items[0], {
        ready: false,
        status: "error",
        error: "O Telegram não conseguiu abrir a imagem: salve-a de novo como JPG ou PNG."
      })
    }).pipe(inWorld)
  )

  const wrongId = Effect.fnUntraced(function* (
    given: Effect.Success<ReturnType<typeof shop>>,
    kind: "photo" | "video"
  ) {
    const { admin, bots, sql, telegram } = given
    yield* telegram.addBot({ token: otherToken, username: "outro_bot", name: "Outro" })
    const foreign = yield* telegram.registerFile(otherToken, kind)
    yield* sql`update media_cache set tg_file_id = ${foreign} where kind = ${kind}`
    yield* bots.reload((yield* admin.get("vip")).id)
    yield* telegram.clear
    return foreign
  })

  it.live("a wrong id is healed by one upload, for many sends at once", () =>
    Effect.gen(function* () {
      const node = yield* shop()
      const { log, send, telegram, upload } = node
      const photo = yield* upload(jpeg())
      const content = { text: "Oi", media: [{ media_id: photo.id }] }
      yield* send(content)
      yield* wrongId(node, "photo")
      yield* Effect.forEach(Array.from({ length: 8 }), () => send(content), { concurrency: "unbounded" })
      const calls = yield* telegram.calls
      assert.strictEqual((yield* uploadsIn(telegram)).length, 1)
      assert.strictEqual(calls.filter((call) => call.ok && call.params["caption"] === "Oi").length, 8)
      assert.isAtLeast(calls.filter((call) => !call.ok).length, 1)
      assert.match(yield* log, /não reconhece mais a mídia 1 do bot vip; envio o arquivo de novo/)
      yield* telegram.clear
      yield* send(content)
      assert.deepStrictEqual(
        (yield* telegram.calls).map((call) => [call.ok, call.files.length]),
        [[true, 0]]
      )
    }).pipe(inWorld)
  )

  it.live("in an album only the wrong one is uploaded again", () =>
    Effect.gen(function* () {
      const node = yield* shop()
      const { bot, send, telegram, upload } = node
      const photo = yield* upload(jpeg())
      const video = yield* upload(mp4())
      const content = { media: [{ media_id: photo.id }, { media_id: video.id }] }
      yield* send(content)
      const foreign = yield* wrongId(node, "video")
      const kept = bot().media.get(`#${photo.id}`)?.fileId
      yield* send(content)
      const calls = yield* telegram.calls
      assert.deepStrictEqual(
        calls.map((call) => [call.method, call.ok, call.files.length]),
        [
          ["sendMediaGroup", false, 0],
          ["sendMediaGroup", true, 1]
        ]
      )
      assert.strictEqual(bot().media.get(`#${photo.id}`)?.fileId, kept)
      assert.notStrictEqual(bot().media.get(`#${video.id}`)?.fileId, foreign)
    }).pipe(inWorld)
  )

  it.live("an id that the seller wrote himself is none of ours: the refusal stands", () =>
    Effect.gen(function* () {
      const { send, telegram } = yield* shop()
      yield* telegram.clear
      const error = yield* Effect.flip(send({ media: [{ kind: "photo", file_id: "AgACnotours" }] }))
      assert.strictEqual(error.reason._tag, "BadFile")
      assert.strictEqual((yield* telegram.calls).length, 1)
    }).pipe(inWorld)
  )

  it.live("a new token of the same bot keeps the ids; another bot's makes them worthless", () =>
    Effect.gen(function* () {
      const { admin, bot, bots, send, sql, telegram, upload } = yield* shop()
      const photo = yield* upload(jpeg())
      const content = { media: [{ media_id: photo.id }] }
      yield* send(content)
      const renewed = token.replace("LEOBE", "NOVO1")
      yield* telegram.addBot({ token: renewed, username: "vip_bot", name: "Vip" })
      yield* admin.patch("vip", { token: renewed })
      yield* telegram.clear
      yield* send(content)
      assert.deepStrictEqual(yield* uploadsIn(telegram), [])

      // The API refuses another bot's token; plain SQL does not.
      yield* telegram.addBot({ token: otherToken, username: "outro_bot", name: "Outro" })
      yield* telegram.sendText(otherToken, ana, "/start")
      yield* sql`update bots set token = ${otherToken}, token_encrypted = null, token_iv = null, telegram_bot_id = null`
      yield* bots.reload(bot().id)
      assert.deepStrictEqual(
        Option.map(bot().token, () => bot().media.get(`#${photo.id}`)?.fileId),
        Option.some(undefined)
      )
      assert.deepStrictEqual((yield* admin.get("vip")).media, { ready: 0, total: 1 })
      yield* telegram.clear
      yield* send(content)
      const [call] = yield* uploadsIn(telegram)
      assert.deepInclude(call, { botId: 555_000_111, ok: true })
      assert.deepStrictEqual((yield* admin.get("vip")).media, { ready: 1, total: 1 })
    }).pipe(inWorld)
  )

  it.live("a file that Telegram takes for another kind is sent as that from then on", () =>
    Effect.gen(function* () {
      const { bot, send, sql, telegram, upload } = yield* shop()
      const video = yield* upload(mp4())
      const animation = yield* telegram.registerFile(token, "animation")
      const message = {
        message_id: 5,
        date: 1,
        chat: { id: ana.id, type: "private" },
        animation: { file_id: animation, file_unique_id: "AQ" }
      }
      yield* telegram.fail({
        match: { method: "sendVideo" },
        answer: { kind: "server", status: 200, body: JSON.stringify({ ok: true, result: message }) }
      })
      yield* send({ media: [{ media_id: video.id }] })
      assert.deepInclude(bot().media.get(`#${video.id}`), { kind: "animation", storedKind: "video", fileId: animation })
      assert.deepStrictEqual(
        [...(yield* sql`select kind, send_as from media_store`)],
        [{ kind: "video", send_as: "animation" }]
      )
      yield* telegram.clear
      yield* send({ media: [{ media_id: video.id }] })
      assert.deepStrictEqual(
        (yield* telegram.calls).map((call) => [call.method, call.ok]),
        [["sendAnimation", true]]
      )
    }).pipe(inWorld)
  )
})
