import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { IncomingMessage, ServerResponse } from "node:http"
import { listen } from "../../src/sandbox/http/listen.ts"
import { AddressPolicy } from "../../src/media/url/AddressPolicy.ts"
import { inWorld, shop, startNode, uploadsIn } from "./support.ts"
import { jpeg, mp4, pdf } from "./samples.ts"

type Handle = (request: IncomingMessage, response: ServerResponse) => void

const site = (handle: Handle) => listen(handle, {})

type Shop = Effect.Success<ReturnType<typeof shop>>

const put = ({ admin }: Pick<Shop, "admin">, media: ReadonlyArray<unknown>, key = "start") =>
  admin.putMessage("vip", key, { text: "Oi", media })

const fieldsOf = <A>(effect: Effect.Effect<A, { readonly reason: { readonly _tag: string } }>) =>
  Effect.map(Effect.flip(effect), ({ reason }) =>
    "fields" in reason ? (reason.fields as Readonly<Record<string, string>>) : { tag: reason._tag }
  )

describe("media by URL", () => {
  it.live("are fetched when saved, once, and sent as files of the library", () =>
    Effect.gen(function* () {
      const node = yield* shop()
      const { library, send, telegram } = node
      const photo = jpeg()
      const asked: Array<string> = []
      const url = yield* site((request, response) => {
        asked.push(request.url ?? "")
        if (request.url === "/velho") return void response.writeHead(302, { location: "/fotos/capa.php?x=1" }).end()
        if (request.url?.startsWith("/fotos"))
          return void response.writeHead(200, { "content-type": "text/html" }).end(photo)
        response.writeHead(200).end(request.url === "/livro.pdf" ? pdf() : mp4())
      })
      const saved = yield* put(node, [
        { kind: "photo", url: `${url}/velho` },
        { kind: "video", url: `${url}/filme` },
        { kind: "document", url: `${url}/livro.pdf` }
      ])
      const { items } = yield* library.list("vip", {})
      assert.deepStrictEqual(
        saved.media?.map((one) => items.find((item) => "media_id" in one && item.id === one.media_id)?.kind),
        ["photo", "video", "document"]
      )
      assert.deepStrictEqual(yield* node.admin.message("vip", "start"), saved)
      assert.strictEqual(items.find((item) => item.kind === "document")?.file_name, "livro.pdf")

      // The same bytes again are the same file.
      const again = yield* put(node, [{ kind: "photo", url: `${url}/velho` }], "paid")
      assert.deepStrictEqual<unknown>(again.media, [saved.media?.[0]])
      yield* telegram.clear
      const before = asked.length
      yield* send(saved)
      assert.strictEqual(asked.length, before)
      assert.isTrue(
        (yield* uploadsIn(telegram)).flatMap((call) => call.files).some((file) => file.bytes?.equals(photo))
      )
    }).pipe(inWorld)
  )

  it.live("also in what a plan delivers", () =>
    Effect.gen(function* () {
      const { admin, library } = yield* shop()
      const url = yield* site((_, response) => void response.end(jpeg()))
      const plan = yield* admin.addPlan("vip", {
        name: "Mensal",
        price_cents: 1990,
        delivery: { media: [{ kind: "photo", url }] }
      })
      const [item] = (yield* library.list("vip", {})).items
      assert.deepStrictEqual(plan.delivery, { media: [{ media_id: item!.id }] })
      const fields = yield* fieldsOf(
        admin.patchPlan("vip", plan.id, { delivery: { media: [{ kind: "photo", url: `http://127.0.0.1:9/x` }] } })
      )
      assert.deepStrictEqual(Object.keys(fields), ["delivery.media.0.url"])
    }).pipe(inWorld)
  )

  it.live("a save is refused, naming each address that cannot be had, and nothing is saved", () =>
    Effect.gen(function* () {
      const node = yield* shop()
      const { admin, sql } = node
      const url = yield* site((request, response) => {
        switch (request.url) {
          case "/404":
            return void response.writeHead(404).end("nada")
          case "/laco":
            return void response.writeHead(302, { location: "/laco" }).end()
          case "/ftp":
            return void response.writeHead(302, { location: "ftp://exemplo.com/x" }).end()
          case "/cortado":
            response.writeHead(200, { "content-length": "1000" })
            response.write("abc")
            return void setImmediate(() => response.destroy())
          case "/declarado":
            return void response.writeHead(200, { "content-length": String(11 * 1024 * 1024) }).flushHeaders()
          case "/grande":
            // Says nothing of its length.
            return void response.end(jpeg(800, 600, 10_485_761))
          default:
            return void response.end(jpeg())
        }
      })
      const refusal = (kind: string, path: string) =>
        Effect.map(
          fieldsOf(put(node, [{ kind, url: path.startsWith("/") ? url + path : path }])),
          (fields) => fields["media.0.url"]
        )
      assert.match((yield* refusal("photo", "/404")) ?? "", /respondeu com o erro 404/)
      assert.match((yield* refusal("photo", "/laco")) ?? "", /vezes demais/)
      assert.match((yield* refusal("photo", "/ftp")) ?? "", /precisa ser http ou https/)
      assert.match((yield* refusal("photo", "/cortado")) ?? "", /não respondeu/)
      assert.match((yield* refusal("photo", "/declarado")) ?? "", /até 10 MB/)
      assert.match((yield* refusal("photo", "/grande")) ?? "", /até 10 MB/)
      assert.match((yield* refusal("video", "/foto")) ?? "", /não serve para um vídeo/)
      assert.match((yield* refusal("photo", "http://127.0.0.1:9/x")) ?? "", /não respondeu/)
      assert.match((yield* refusal("photo", "http://nada.invalid/x")) ?? "", /não existe|não respondeu/)
      const both = yield* fieldsOf(
        put(node, [
          { kind: "photo", url: `${url}/404` },
          { kind: "photo", url },
          { kind: "photo", url: `${url}/laco` }
        ])
      )
      assert.deepStrictEqual(Object.keys(both).toSorted(), ["media.0.url", "media.2.url"])
      assert.strictEqual((yield* sql`select id from bot_messages`).length, 0)
      // An invalid message is refused before anything is fetched.
      const wrong = yield* fieldsOf(
        admin.putMessage("vip", "start", { text: "<b", media: [{ kind: "photo", url: `${url}/404` }] })
      )
      assert.isUndefined(wrong["media.0.url"])
    }).pipe(inWorld)
  )

  it.live("nobody reaches our own network through us: by number, by name, by redirect", () =>
    Effect.gen(function* () {
      const node = yield* shop()
      let reached = 0
      const url = yield* site((_, response) => {
        reached++
        response.end(jpeg())
      })
      const { port } = new URL(url)
      const refused = Effect.fnUntraced(function* (on: Pick<Shop, "admin">, address: string) {
        const fields = yield* fieldsOf(put(on, [{ kind: "photo", url: address }]))
        assert.match(fields["media.0.url"] ?? "", /rede interna/, address)
      })
      const numbers = [
        "10.0.0.1",
        "169.254.169.254",
        "192.168.0.1",
        "[fd00::1]",
        "[::ffff:10.0.0.1]",
        "0x0a000001",
        "2852039166"
      ]
      for (const host of numbers) yield* refused(node, `http://${host}:${port}/latest/meta-data`)
      const redirect = yield* site(
        (_, response) => void response.writeHead(302, { location: "http://169.254.169.254/" }).end()
      )
      yield* refused(node, redirect)
      // Where Telegram is the real one, this machine is out of reach too.
      const strict = yield* startNode({ dataDir: node.dataDir, policy: AddressPolicy.layerPublic })
      for (const host of ["127.0.0.1", "localhost", "[::1]", "127.1"]) yield* refused(strict, `http://${host}:${port}/`)
      assert.strictEqual(reached, 0)
    }).pipe(inWorld)
  )

  it.live("contents that were stored with an address go on by address", () =>
    Effect.gen(function* () {
      const { bot, bots, send, sql, telegram } = yield* shop()
      const content = { media: [{ kind: "photo", url: "https://exemplo.com/capa.jpg" }] }
      yield* sql`insert into bot_messages (bot_id, slug, content) values (${bot().id}, 'start', ${JSON.stringify(content)})`
      yield* bots.reload(bot().id)
      yield* telegram.clear
      yield* send(bot().start[0]!)
      assert.deepStrictEqual(
        (yield* telegram.calls).map((call) => call.params["photo"]),
        ["https://exemplo.com/capa.jpg"]
      )
    }).pipe(inWorld)
  )
})
