import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { eventually } from "../support/service.ts"
import { inWorld, otherToken, shop, startNode, token, uploadsIn, warmupChat } from "./support.ts"
import { jpeg, mp3, mp4 } from "./samples.ts"

type Shop = Effect.Success<ReturnType<typeof shop>>

const warmed = ({ admin }: Pick<Shop, "admin">, ready: number, slug = "vip") =>
  eventually(admin.get(slug), (view) => view.media.ready === ready)

const chatId = String(warmupChat.id)

describe("warm-up", () => {
  it.live("sends each file once to the chat, one after the other, and a restart sends nothing", () =>
    Effect.gen(function* () {
      const node = yield* shop({ warmup: true })
      const { admin, dataDir, library, send, telegram, upload } = node
      const files = [yield* upload(jpeg()), yield* upload(mp4()), yield* upload(mp3())]
      assert.deepStrictEqual((yield* admin.get("vip")).media, { ready: 0, total: 3 })
      yield* telegram.clear
      yield* admin.patch("vip", { warmup_chat_id: chatId })
      yield* warmed(node, 3)
      const calls = (yield* telegram.calls).filter((call) => call.method.startsWith("send"))
      assert.deepStrictEqual(
        calls.map((call) => [call.method, String(call.params["chat_id"]), call.files.length]),
        [
          ["sendPhoto", chatId, 1],
          ["sendVideo", chatId, 1],
          ["sendAudio", chatId, 1]
        ]
      )
      calls.slice(1).forEach((call, index) => assert.isAtLeast(call.receivedAt - calls[index]!.receivedAt, 900))
      const { items } = yield* library.list("vip", {})
      assert.isTrue(items.every((item) => item.ready && item.status === "ready" && item.error === null))

      yield* telegram.clear
      const again = yield* startNode({ dataDir, warmup: true })
      yield* send({ text: "Oi", media: files.map(({ id }) => ({ media_id: id })) })
      yield* again.send({ media: [{ media_id: files[0]!.id }] })
      assert.deepStrictEqual(yield* uploadsIn(telegram), [])
      const sent = (yield* telegram.calls).filter((call) => call.method.startsWith("send"))
      assert.isFalse(sent.some((call) => String(call.params["chat_id"]) === chatId))
    }).pipe(inWorld)
  )

  it.live("two processes share the work: one upload per file", () =>
    Effect.gen(function* () {
      const node = yield* shop({ warmup: true })
      yield* startNode({ dataDir: node.dataDir, warmup: true })
      yield* node.admin.patch("vip", { warmup_chat_id: chatId })
      yield* node.telegram.clear
      for (const bytes of [jpeg(), jpeg(), mp4()]) yield* node.upload(bytes)
      yield* warmed(node, 3)
      assert.strictEqual((yield* uploadsIn(node.telegram)).length, 3)
    }).pipe(inWorld)
  )

  it.live("waits as long as Telegram says, and does not count that as a failure", () =>
    Effect.gen(function* () {
      const node = yield* shop({ warmup: true })
      const { admin, sql, telegram, upload } = node
      yield* upload(jpeg())
      yield* telegram.fail({ match: { method: "sendPhoto" }, answer: { kind: "limited", retryAfter: 2 } })
      yield* telegram.clear
      yield* admin.patch("vip", { warmup_chat_id: chatId })
      yield* warmed(node, 1)
      const [limited, done] = (yield* telegram.calls).filter((call) => call.method === "sendPhoto")
      assert.deepStrictEqual([limited?.status, done?.status], [429, 200])
      assert.isAtLeast(done!.receivedAt - limited!.answeredAt, 1_900)
      const [row] = yield* sql`select attempts, last_error from media_cache`
      assert.deepStrictEqual({ ...row }, { attempts: 0, last_error: null })
    }).pipe(inWorld)
  )

  it.live("one bad file does not hold the others; it says why and is tried again later", () =>
    Effect.gen(function* () {
      const node = yield* shop({ warmup: true })
      const { admin, library, sql, telegram, upload } = node
      const bad = yield* upload(jpeg())
      yield* upload(mp4())
      yield* telegram.fail({
        match: { method: "sendPhoto" },
        answer: { kind: "refused", description: "Bad Request: PHOTO_INVALID_DIMENSIONS" }
      })
      yield* admin.patch("vip", { warmup_chat_id: chatId })
      yield* warmed(node, 1)
      const { items } = yield* library.list("vip", {})
      assert.deepInclude(
        items.find((item) => item.id === bad.id),
        {
          ready: false,
          status: "error",
          error: "A foto é grande ou comprida demais: diminua-a e envie de novo."
        }
      )
      const [row] = yield* sql<{ attempts: number; wait: number }>`
        select attempts, extract(epoch from next_attempt_at - now())::float8 as wait from media_cache where kind = 'photo'`
      assert.strictEqual(row?.attempts, 1)
      assert.isAbove(row?.wait ?? 0, 3_500)
      // Its time comes: here by hand. The change of the bot wakes the worker.
      yield* sql`update media_cache set next_attempt_at = now() where kind = 'photo'`
      yield* admin.patch("vip", { name: "Outro nome" })
      yield* warmed(node, 2)
    }).pipe(inWorld)
  )

  it.live("a chat that does not work is not tried with every file; another chat is taken at once", () =>
    Effect.gen(function* () {
      const node = yield* shop({ warmup: true })
      const { admin, log, telegram, upload } = node
      for (const bytes of [jpeg(), jpeg(), jpeg()]) yield* upload(bytes)
      yield* telegram.clear
      yield* admin.patch("vip", { warmup_chat_id: "-1009999" })
      yield* eventually(log, (text) => /ainda não está pronta: este bot não conhece essa conversa/.test(text))
      yield* admin.patch("vip", { warmup_chat_id: chatId })
      yield* eventually(admin.get("vip"), (view) => view.media.ready >= 2)
      const failed = (yield* telegram.calls).filter((call) => call.method === "sendPhoto" && !call.ok)
      assert.strictEqual(failed.length, 1)
    }).pipe(inWorld)
  )

  it.live("another bot warms the same bytes anew", () =>
    Effect.gen(function* () {
      const node = yield* shop({ warmup: true })
      const { admin, bot, telegram, upload } = node
      yield* telegram.addBot({ token: otherToken, username: "outro_bot", name: "Outro" })
      yield* telegram.addGroup(otherToken, { ...warmupChat, id: -1_009_876 })
      yield* admin.create({ slug: "outro", token: otherToken, gateway: "pushinpay" })
      const bytes = jpeg()
      const mine = yield* upload(bytes)
      const theirs = yield* upload(bytes, {}, "outro")
      yield* admin.patch("vip", { warmup_chat_id: chatId })
      yield* admin.patch("outro", { warmup_chat_id: "-1009876" })
      yield* warmed(node, 1)
      yield* warmed(node, 1, "outro")
      const uploads = yield* uploadsIn(telegram)
      assert.deepStrictEqual(uploads.map((call) => call.botId).toSorted(), [555_000_111, 824_078_912])
      assert.notStrictEqual(bot().media.get(`#${mine.id}`)?.fileId, bot("outro").media.get(`#${theirs.id}`)?.fileId)
      assert.strictEqual(token.split(":")[0], "824078912")
    }).pipe(inWorld)
  )

  it.live("leaves alone what cannot be sent: a paused bot, a file that is nowhere", () =>
    Effect.gen(function* () {
      const node = yield* shop({ warmup: true })
      const { admin, library, store, telegram, upload } = node
      const gone = yield* upload(jpeg())
      yield* store.remove(`vip/photo/${gone.sha256}.jpg`)
      yield* upload(mp4())
      yield* admin.patch("vip", { warmup_chat_id: chatId, active: false })
      yield* telegram.clear
      yield* admin.patch("vip", { active: true })
      yield* warmed(node, 1)
      assert.strictEqual((yield* uploadsIn(telegram)).length, 1)
      yield* eventually(library.list("vip", {}), ({ items }) =>
        items.some(
          (item) => item.id === gone.id && item.error === "O arquivo não está mais onde as mídias são guardadas."
        )
      )
    }).pipe(inWorld)
  )
})
