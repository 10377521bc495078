import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as fc from "fast-check"
import { MediaKind } from "../../src/domain/content.ts"
import { compose, plainText, type SendableMedia } from "../../src/messages/compose.ts"
import { SandboxTelegram } from "../../src/sandbox/telegram/SandboxTelegram.ts"
import { ana, botToken } from "../support/shop.ts"
import { anyVariables, content } from "./contents.ts"

const methodOf = {
  photo: "sendPhoto",
  video: "sendVideo",
  animation: "sendAnimation",
  audio: "sendAudio",
  voice: "sendVoice",
  document: "sendDocument",
  video_note: "sendVideoNote"
} as const satisfies Record<MediaKind, string>

// oxlint-disable-next-line typescript/no-explicit-any -- wire JSON, looked into field by field
type Answer = { readonly ok: boolean; readonly description?: string; readonly result?: any }

describe("Telegram's stand-in", () => {
  it.live("takes every composed call, formatted and plain, with one to four media of any mixture", () =>
    Effect.gen(function* () {
      const telegram = yield* SandboxTelegram
      yield* telegram.addBot({ token: botToken })
      yield* telegram.person(ana)
      const post = async (method: string, body: FormData | string): Promise<Answer> => {
        const headers = typeof body === "string" ? { "content-type": "application/json" } : {}
        const answer = await fetch(`${telegram.url}/bot${botToken}/${method}`, { method: "POST", headers, body })
        return (await answer.json()) as Answer
      }

      const ids = new Map<MediaKind, string>()
      for (const kind of MediaKind.literals) {
        const form = new FormData()
        form.set("chat_id", String(ana.id))
        form.set(kind, new Blob([`sample of ${kind}`]), `sample.${kind === "photo" ? "jpg" : "bin"}`)
        const { result } = yield* Effect.promise(() => post(methodOf[kind], form))
        const file = kind === "photo" ? result.photo.at(-1) : result[kind]
        ids.set(kind, file.file_id)
      }
      const known = (media: object): SendableMedia => {
        const kind = "kind" in media ? (media.kind as MediaKind) : "photo"
        return { kind, file_id: ids.get(kind)! }
      }

      let sent = 0
      yield* Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(content, anyVariables, async (message, values) => {
            const { media, ...rest } = message
            const sendable = { ...rest, ...(media === undefined ? {} : { media: media.map(known) }) }
            const calls = compose(sendable, values, { chatId: ana.id, planPrice: () => 1990 })
            for (const call of [...calls, ...calls.map(plainText)]) {
              const answer = await post(call.method, JSON.stringify(call.payload))
              assert.isTrue(answer.ok, `${answer.description}: ${JSON.stringify(call)}`)
              sent += 1
            }
          }),
          { numRuns: 120 }
        )
      )
      assert.isAbove(sent, 100)
    }).pipe(Effect.provide(SandboxTelegram.layerWith({ acceptUnknownChats: true })))
  )
})
