import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { readFileSync, writeFileSync } from "node:fs"
import { Sandbox } from "../../src/sandbox/Sandbox.ts"
import type { Call } from "../../src/sandbox/telegram/CallLog.ts"
import { TestDatabase, testDatabaseUrl } from "../support/postgres.ts"
import { eventually, type ServiceProcess, startService } from "../support/service.ts"
import { botToken, openShop } from "../support/shop.ts"
import { S3Server } from "./s3Server.ts"
import { gif, jpeg, mp3, mp4, ogg, pdf, png } from "./samples.ts"
import { folder, warmupChat } from "./support.ts"

const layers = Layer.merge(Sandbox.layerWith({ telegram: { timeScale: 0.01 } }), TestDatabase.layer)

const boundary = "limite-de-teste"

const uploadTo = Effect.fnUntraced(function* (service: ServiceProcess, bytes: Uint8Array, kind?: string) {
  const field =
    kind === undefined ? "" : `--${boundary}\r\ncontent-disposition: form-data; name="kind"\r\n\r\n${kind}\r\n`
  const head = `${field}--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="arquivo"\r\ncontent-type: x/y\r\n\r\n`
  const body = Buffer.concat([Buffer.from(head), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)])
  const answer = yield* service.request("POST", "/api/admin/bots/vip/media", body, {
    authorization: `Bearer ${service.password}`,
    "content-type": `multipart/form-data; boundary=${boundary}`
  })
  assert.strictEqual(answer.status, 201, answer.text)
  return answer.json as { readonly id: number; readonly kind: string; readonly sha256: string }
})

const open = Effect.fnUntraced(function* (more: Readonly<Record<string, string>> = {}) {
  const sandbox = yield* Sandbox
  const env = { ...sandbox.env, DATABASE_URL: yield* testDatabaseUrl, ...more }
  const home = yield* folder
  const start = startService({ env, folder: home })
  const service = yield* start
  yield* openShop(service, sandbox)
  yield* sandbox.telegram.addGroup(botToken, warmupChat)
  return { sandbox, telegram: sandbox.telegram, service, start }
})

type World = Effect.Success<ReturnType<typeof open>>

let lastPerson = 7_900_000_000

/** Somebody new sends /start; what he gets, in its order, as `count` calls. */
const startOf = Effect.fnUntraced(function* ({ telegram }: Pick<World, "telegram">, count: number) {
  const person = { id: ++lastPerson, first_name: "Ana" }
  yield* telegram.person(person)
  yield* telegram.sendText(botToken, person, "/start")
  const his = (call: Call) => call.method.startsWith("send") && Number(call.params["chat_id"]) === person.id
  yield* telegram.waitForCount(count, his)
  return (yield* telegram.calls).filter(his)
})

const put = Effect.fnUntraced(function* (service: ServiceProcess, content: object) {
  const answer = yield* service.admin("PUT", "/api/admin/bots/vip/messages/start", content)
  assert.strictEqual(answer.status, 200, answer.text)
})

const ready = (service: ServiceProcess, count: number) =>
  eventually(service.admin("GET", "/api/admin/bots/vip"), ({ json }) => json.media.ready === count, 30)

const methodOf: Readonly<Record<string, string>> = {
  photo: "sendPhoto",
  video: "sendVideo",
  animation: "sendAnimation",
  audio: "sendAudio",
  voice: "sendVoice",
  document: "sendDocument",
  video_note: "sendVideoNote"
}

/** What Telegram's rules make of a text with these media, as the issue says it. */
const mixtures: ReadonlyArray<readonly [kinds: ReadonlyArray<string>, methods: ReadonlyArray<string>]> = [
  ...Object.entries(methodOf)
    .filter(([kind]) => kind !== "video_note")
    .map(([kind, method]) => [[kind], [method]] as const),
  [["video_note"], ["sendVideoNote", "sendMessage"]],
  [
    ["photo", "photo"],
    ["sendMediaGroup", "sendMessage"]
  ],
  [
    ["photo", "video"],
    ["sendMediaGroup", "sendMessage"]
  ],
  [
    ["audio", "audio"],
    ["sendMediaGroup", "sendMessage"]
  ],
  [
    ["document", "document"],
    ["sendMediaGroup", "sendMessage"]
  ],
  [
    ["photo", "document"],
    ["sendPhoto", "sendDocument", "sendMessage"]
  ],
  [
    ["voice", "voice"],
    ["sendVoice", "sendVoice", "sendMessage"]
  ],
  [
    ["photo", "video", "photo"],
    ["sendMediaGroup", "sendMessage"]
  ],
  [
    ["audio", "audio", "audio"],
    ["sendMediaGroup", "sendMessage"]
  ],
  [
    ["photo", "video", "animation"],
    ["sendPhoto", "sendVideo", "sendAnimation", "sendMessage"]
  ],
  [
    ["voice", "photo", "video_note"],
    ["sendVoice", "sendPhoto", "sendVideoNote", "sendMessage"]
  ]
]

const filesIn = (call: Call): ReadonlyArray<unknown> => {
  const album = call.params["media"]
  const items = typeof album === "string" ? (JSON.parse(album) as ReadonlyArray<{ media: string }>) : album
  if (Array.isArray(items)) return items.map((item: { readonly media: string }) => item.media)
  return Object.keys(methodOf).flatMap((kind) => (call.params[kind] === undefined ? [] : [call.params[kind]]))
}

describe("media in a real process", () => {
  it.live(
    "/start with 1, 2 and 3 media of each mixture: the right calls in their order, not a byte uploaded",
    () =>
      Effect.gen(function* () {
        const world = yield* open()
        const { service, telegram } = world
        yield* service.admin("PATCH", "/api/admin/bots/vip", { warmup_chat_id: String(warmupChat.id) })
        const library = new Map<string, Array<number>>()
        const samples = [
          [jpeg(), undefined],
          [png(), undefined],
          [mp4(), undefined],
          [gif(), undefined],
          [mp3(), undefined],
          [mp3(), undefined],
          [mp3(), undefined],
          [ogg(), undefined],
          [ogg(), undefined],
          [pdf(), undefined],
          [pdf(), undefined],
          [mp4(), "video_note"]
        ] as const
        for (const [bytes, kind] of samples) {
          const media = yield* uploadTo(service, bytes, kind)
          library.set(media.kind, [...(library.get(media.kind) ?? []), media.id])
        }
        yield* ready(service, samples.length)
        yield* telegram.clear

        for (const [kinds, methods] of mixtures) {
          const taken = new Map<string, number>()
          const media = kinds.map((kind) => {
            const ids = library.get(kind)!
            const at = taken.get(kind) ?? 0
            taken.set(kind, at + 1)
            return { media_id: ids[at % ids.length]! }
          })
          yield* put(service, { text: "Olá {nome}!", media, buttons: [[{ text: "Site", url: "https://t.me/x" }]] })
          const calls = yield* startOf(world, methods.length)
          assert.deepStrictEqual(
            calls.map((call) => call.method),
            methods,
            kinds.join("+")
          )
          assert.isTrue(calls.every((call) => call.ok && call.files.length === 0))
          assert.strictEqual(calls.flatMap(filesIn).length, kinds.length)
          const last = calls.at(-1)!
          assert.strictEqual(last.params["caption"] ?? last.params["text"], "Olá Ana!")
          assert.property(last.params, "reply_markup")
        }
      }).pipe(Effect.provide(layers), Effect.scoped),
    90_000
  )

  it.live(
    "without a warm-up chat the first /start uploads; neither the next one nor a restart does",
    () =>
      Effect.gen(function* () {
        const world = yield* open()
        const { service, start, telegram } = world
        const bytes = jpeg()
        const photo = yield* uploadTo(service, bytes)
        yield* put(service, { text: "Olá", media: [{ media_id: photo.id }] })
        const [first] = yield* startOf(world, 1)
        assert.isTrue(first?.files[0]?.bytes?.equals(bytes))
        const [second] = yield* startOf(world, 1)
        assert.deepStrictEqual([second?.method, second?.files], ["sendPhoto", []])
        yield* service.stop("SIGTERM")
        const again = yield* start
        yield* ready(again, 1)
        const [third] = yield* startOf(world, 1)
        assert.strictEqual(third?.params["photo"], second?.params["photo"])
        assert.strictEqual((yield* telegram.calls).filter((call) => call.files.length > 0).length, 1)
        assert.notMatch(service.log, / ERROR /)
      }).pipe(Effect.provide(layers), Effect.scoped),
    60_000
  )

  it.live(
    "an S3 of somebody else's making holds the objects, and is asked nothing once Telegram has them",
    () =>
      Effect.gen(function* () {
        const s3 = yield* S3Server
        const world = yield* open(s3.env)
        const { service } = world
        const bytes = jpeg()
        const photo = yield* uploadTo(service, bytes)
        yield* uploadTo(service, bytes)
        assert.deepStrictEqual(yield* s3.keys, [`vip/photo/${photo.sha256}.jpg`])
        const object = yield* s3.object(`vip/photo/${photo.sha256}.jpg`)
        assert.strictEqual(object.type, "image/jpeg")
        assert.isTrue(object.bytes.equals(bytes))
        const content = yield* service.admin("GET", `/api/admin/bots/vip/media/${photo.id}/content`)
        assert.strictEqual(Buffer.byteLength(content.text) > 0 && content.status, 200)

        yield* put(service, { text: "Olá", media: [{ media_id: photo.id }] })
        const [first] = yield* startOf(world, 1)
        assert.isTrue(first?.files[0]?.bytes?.equals(bytes))
        const before = s3.requests()
        yield* Effect.forEach(Array.from({ length: 20 }), () => startOf(world, 1), { concurrency: 5 })
        assert.deepStrictEqual(s3.requests(), before)

        yield* put(service, { text: "Olá" })
        const removed = yield* service.admin("DELETE", `/api/admin/bots/vip/media/${photo.id}`)
        assert.strictEqual(removed.status, 204, removed.text)
        assert.deepStrictEqual(yield* s3.keys, [])
      }).pipe(Effect.provide(Layer.merge(layers, S3Server.layer)), Effect.scoped),
    60_000
  )

  // The peak of a process is only to be had from Linux.
  for (const where of ["a folder", "an S3"]) {
    it.live.skipIf(process.platform !== "linux")(
      `50 MB uploaded into ${where} raise memory by less than 10 MB`,
      () =>
        Effect.gen(function* () {
          const { service } = yield* open(where === "an S3" ? (yield* S3Server).env : {})
          const file = `/proc/${service.child.pid}`
          const peakMegabytes = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`${file}/status`, "utf8"))?.[1]) / 1024
          // What an upload needs at all, the first time: code, buffers, connections.
          yield* uploadTo(service, mp4(4_000_000))
          // The heap of a young process grows by a step of 9 MB now and then, whatever it does; what an upload needs, each
          // of them needs.
          const risen: Array<number> = []
          for (let round = 0; round < 3; round++) {
            const film = mp4(50 * 1024 * 1024)
            // From now on the peak counts anew.
            writeFileSync(`${file}/clear_refs`, "5")
            const before = peakMegabytes()
            yield* uploadTo(service, film)
            risen.push(peakMegabytes() - before)
          }
          assert.isBelow(Math.min(...risen), 10, risen.join(" "))
          // Whole in memory, or in buffers that wait for V8, it would be five times as much.
          assert.isBelow(Math.max(...risen), 25, risen.join(" "))
        }).pipe(Effect.provide(Layer.merge(layers, S3Server.layer)), Effect.scoped),
      60_000
    )
  }
})
