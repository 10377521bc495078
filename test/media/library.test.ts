import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { decodeCursor } from "../../src/repo/cursor.ts"
import { inWorld, otherToken, shop } from "./support.ts"
import { jpeg, mp4, webp } from "./samples.ts"

const conflictOf = <A>(
  effect: Effect.Effect<A, { readonly reason: { readonly _tag: string }; readonly message: string }, never>
) => Effect.map(Effect.flip(effect), (error) => [error.reason._tag, error.message] as const)

describe("MediaLibrary", () => {
  it.live("takes a file by its bytes, and the same bytes once", () =>
    Effect.gen(function* () {
      const { bot, library, sql, store, upload } = yield* shop()
      const bytes = jpeg(1_024, 768)
      const [first, second] = yield* Effect.all([upload(bytes, { fileName: "filme.mp4" }), upload(bytes)], {
        concurrency: 2
      })
      assert.strictEqual(first.id, second.id)
      assert.deepInclude(first, { kind: "photo", mime: "image/jpeg", bytes: bytes.length, width: 1_024, height: 768 })
      assert.match(first.sha256, /^[0-9a-f]{64}$/)
      const [row] = yield* sql`select count(*) as rows, min(r2_key) as key from media_store`
      assert.deepStrictEqual({ ...row }, { rows: 1, key: `vip/photo/${first.sha256}.jpg` })
      assert.isTrue(yield* store.exists(`vip/photo/${first.sha256}.jpg`))
      // In force when it returns.
      assert.deepInclude(bot().media.get(`#${first.id}`), { kind: "photo", fileId: undefined })
      const opened = yield* library.open("vip", first.id)
      const read = yield* Effect.promise(() => opened.stream.toArray())
      assert.isTrue(Buffer.concat(read as Array<Buffer>).equals(bytes))
    }).pipe(inWorld)
  )

  it.live("refuses what Telegram would refuse, and keeps nothing of it", () =>
    Effect.gen(function* () {
      const { sql, upload } = yield* shop()
      const refusal = (bytes: Buffer, kind?: "photo" | "video") =>
        Effect.map(Effect.flip(upload(bytes, { kind })), (error) =>
          error._tag === "MediaRefused" ? [error.why, error.message] : [error._tag]
        )
      assert.strictEqual((yield* refusal(jpeg(6_000, 6_000)))[0], "unfit")
      assert.strictEqual((yield* refusal(jpeg(800, 600, 10_485_761)))[0], "too_large")
      assert.strictEqual((yield* refusal(webp()))[0], "unfit")
      assert.match((yield* refusal(jpeg(), "video"))[1] ?? "", /não serve para um vídeo/)
      assert.strictEqual((yield* refusal(Buffer.alloc(0)))[1], "O arquivo está vazio.")
      assert.strictEqual((yield* sql`select id from media_store`).length, 0)
    }).pipe(inWorld)
  )

  it.live("the same bytes as another kind: beside it where the tables have room, else refused in words", () =>
    Effect.gen(function* () {
      const { upload } = yield* shop()
      const film = mp4()
      const video = yield* upload(film)
      const round = yield* upload(film, { kind: "video_note" })
      assert.notStrictEqual(video.id, round.id)
      assert.deepStrictEqual([video.kind, round.kind], ["video", "video_note"])
      const error = yield* Effect.flip(upload(film, { kind: "animation" }))
      assert.match(error.message, new RegExp(`mídia ${video.id}`))
      // Without a wish it is the file that is there.
      assert.strictEqual((yield* upload(film)).id, video.id)
    }).pipe(inWorld)
  )

  it.live("lists page by page, newest first, this bot's only", () =>
    Effect.gen(function* () {
      const { admin, library, sql, telegram, upload } = yield* shop()
      yield* telegram.addBot({ token: otherToken, username: "outro_bot", name: "Outro" })
      yield* admin.create({ slug: "outro", token: otherToken, gateway: "pushinpay" })
      const ids: Array<number> = []
      for (let index = 0; index < 5; index++) ids.unshift((yield* upload(jpeg())).id)
      yield* upload(jpeg(), {}, "outro")
      // A row of an older system without a date comes last.
      const [old] = yield* sql<{ id: number }>`
        insert into media_store (bot_slug, kind, r2_key, bytes, sha256, created_at)
        values ('vip', 'photo', 'old', 1, 'old', null) returning id`
      const first = yield* library.list("vip", { limit: 4 })
      const cursor = decodeCursor(first.next_cursor ?? "")
      assert.strictEqual(cursor._tag, "Some")
      const rest = yield* library.list("vip", { limit: 4, cursor: cursor._tag === "Some" ? cursor.value : undefined })
      assert.deepStrictEqual(
        [...first.items, ...rest.items].map((item) => item.id),
        [...ids, old!.id]
      )
      assert.isNull(rest.next_cursor)
      assert.strictEqual((yield* library.list("outro", {})).items.length, 1)
      assert.deepStrictEqual(yield* conflictOf(library.list("nada", {})), [
        "NotFound",
        "Não existe um bot com o endereço nada."
      ])
    }).pipe(inWorld)
  )

  it.live("removes a file that nobody uses, and names everybody who does", () =>
    Effect.gen(function* () {
      const { admin, bot, library, sql, store, upload } = yield* shop()
      const file = yield* upload(jpeg())
      const key = `vip/photo/${file.sha256}.jpg`
      const media = [{ media_id: file.id }]
      yield* admin.putMessage("vip", "start", { media })
      yield* admin.putMessage("vip", "paid", { text: "Obrigado", media })
      yield* admin.addPlan("vip", { name: "Mensal", price_cents: 1990, delivery: { media } })
      yield* sql`
        insert into bot_downsells (bot_id, slug, name, content) values (${bot().id}, 'volta', 'Volta', ${JSON.stringify({ media })})`
      yield* sql`
        insert into shots (bot_id, slug, title, content, status) values
          (${bot().id}, 'black', 'Black', ${JSON.stringify({ medias: [{ kind: "photo", sha256: file.sha256 }] })}, 'draft'),
          (${bot().id}, 'velho', 'Velho', ${JSON.stringify({ media })}, 'done')`
      assert.deepStrictEqual(yield* conflictOf(library.remove("vip", file.id)), [
        "Conflict",
        `A mídia ${file.id} ainda é usada: mensagem start, mensagem paid, entrega do plano Mensal, downsell Volta, disparo Black. ` +
          "Tire-a de lá antes de apagá-la."
      ])
      assert.isTrue(yield* store.exists(key))

      yield* sql`delete from bot_downsells`
      yield* sql`delete from shots`
      yield* sql`delete from bot_plans`
      yield* admin.putMessage("vip", "start", { text: "Oi" })
      yield* admin.putMessage("vip", "paid", { text: "Oi" })
      yield* library.remove("vip", file.id)
      assert.isFalse(yield* store.exists(key))
      assert.strictEqual(bot().media.size, 0)
      assert.deepStrictEqual(yield* conflictOf(library.remove("vip", file.id)), [
        "NotFound",
        `O bot vip não tem a mídia ${file.id}.`
      ])
    }).pipe(inWorld)
  )

  it.live("a file of another bot is not there", () =>
    Effect.gen(function* () {
      const { admin, library, telegram, upload } = yield* shop()
      yield* telegram.addBot({ token: otherToken, username: "outro_bot", name: "Outro" })
      yield* admin.create({ slug: "outro", token: otherToken, gateway: "pushinpay" })
      const theirs = yield* upload(jpeg(), {}, "outro")
      assert.strictEqual((yield* conflictOf(library.remove("vip", theirs.id)))[0], "NotFound")
      const error = yield* Effect.flip(library.open("vip", theirs.id))
      assert.strictEqual(error.reason._tag, "NotFound")
    }).pipe(inWorld)
  )

  it.live("an upload and a deletion of the same bytes at once leave either both or neither", () =>
    Effect.gen(function* () {
      const { library, sql, store, upload } = yield* shop()
      for (let round = 0; round < 8; round++) {
        const bytes = jpeg()
        const { id, sha256 } = yield* upload(bytes)
        yield* Effect.all([upload(bytes), Effect.ignore(library.remove("vip", id))], { concurrency: 2 })
        const rows = yield* sql`select id from media_store where sha256 = ${sha256}`
        assert.strictEqual(yield* store.exists(`vip/photo/${sha256}.jpg`), rows.length === 1)
      }
    }).pipe(inWorld)
  )
})
