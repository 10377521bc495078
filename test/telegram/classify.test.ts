import { assert, describe, it } from "@effect/vitest"
import { Cause } from "effect"
import * as fc from "fast-check"
import { GrammyError, HttpError } from "grammy"
import { inspect } from "node:util"
import { classify, isHarmless } from "../../src/telegram/classify.ts"
import type { TelegramReason } from "../../src/telegram/reasons.ts"
import { TelegramError } from "../../src/telegram/TelegramError.ts"

const token = "8240789123:AAHq-0kEzLEOBExxxxxxxxxxxxxxxxxxxx"

const answered = (code: number, description: string, parameters = {}) =>
  new GrammyError("Call failed!", { ok: false, error_code: code, description, parameters }, "sendMessage", {
    text: "segredo do cliente"
  })

const network = (fields: object) =>
  new HttpError("Network request failed!", Object.assign(new Error(`http://x/bot${token}/sendMessage`), fields))

const expected: ReadonlyArray<readonly [code: number, description: string, reason: Partial<TelegramReason>]> = [
  [429, "Too Many Requests: retry after 17", { _tag: "RateLimited", retryAfterSeconds: 17 }],
  [429, "Too Many Requests", { _tag: "RateLimited", retryAfterSeconds: 5 }],
  [500, "Internal Server Error: restart", { _tag: "Ambiguous", harmless: false }],
  [502, "Bad Gateway", { _tag: "Ambiguous" }],
  [401, "Unauthorized", { _tag: "BotUnusable", why: "unauthorized" }],
  [404, "Not Found", { _tag: "BotUnusable", why: "not_found" }],
  [404, "Not Found: method not found", { _tag: "Rejected", code: 404 }],
  [421, "Misdirected Request", { _tag: "BotUnusable", why: "misdirected" }],
  [400, "Bad Request: FROZEN_METHOD_INVALID", { _tag: "BotUnusable", why: "frozen" }],
  [409, "Conflict: terminated by other getUpdates request", { _tag: "Rejected", code: 409 }],
  [413, "Request Entity Too Large", { _tag: "Rejected", code: 413 }],
  [403, "Forbidden: bot was blocked by the user", { _tag: "Gone", why: "blocked", forGood: false }],
  [403, "FORBIDDEN: BOT WAS BLOCKED BY THE USER", { _tag: "Gone", why: "blocked" }],
  [403, "Forbidden: user is deactivated", { _tag: "Gone", why: "deactivated", forGood: true }],
  [
    403,
    "Forbidden: bot can't initiate conversation with a user",
    { _tag: "Gone", why: "never_started", forGood: false }
  ],
  [403, "Forbidden: can't send messages to bots", { _tag: "Gone", why: "is_bot", forGood: true }],
  [403, "Forbidden: bot was kicked from the supergroup chat", { _tag: "Gone", why: "kicked" }],
  [403, "Forbidden: bot is not a member of the channel chat", { _tag: "Gone", why: "kicked" }],
  [403, "Forbidden: the group chat was deleted", { _tag: "Gone", why: "deleted", forGood: true }],
  [400, "Bad Request: chat not found", { _tag: "Gone", why: "unknown_chat", forGood: false }],
  [400, 'Bad Request: can\'t parse entities: Unsupported start tag "x" at byte offset 3', { _tag: "BadEntities" }],
  [400, "Bad Request: message text is empty", { _tag: "Rejected", code: 400 }],
  [400, "Bad Request: message is not modified: specified new message content…", { _tag: "NotModified" }],
  [400, "Bad Request: query is too old and response timeout expired or query ID is invalid", { _tag: "StaleQuery" }],
  [400, "Bad Request: wrong file identifier/HTTP URL specified", { _tag: "BadFile", remedy: "upload" }],
  [400, "Bad Request: wrong remote file identifier specified: Wrong padding", { _tag: "BadFile", remedy: "upload" }],
  [400, "Bad Request: wrong file_id or the file is temporarily unavailable", { _tag: "BadFile", remedy: "once" }],
  [400, "Bad Request: failed to get HTTP URL content", { _tag: "BadFile", remedy: "once" }],
  [400, "Bad Request: can't use file of type Photo as Video", { _tag: "BadFile", remedy: "none" }],
  [400, "Bad Request: PHOTO_INVALID_DIMENSIONS", { _tag: "BadFile", remedy: "none" }],
  [
    400,
    'Bad Request: Failed to send message #2 with the error message "wrong file identifier/HTTP URL specified"',
    { _tag: "BadFile", remedy: "upload" }
  ],
  [403, "Forbidden: not enough rights to send text messages to the chat", { _tag: "Rejected", code: 403 }],
  [400, "Bad Request: BUTTON_DATA_INVALID", { _tag: "Rejected", code: 400 }],
  [400, "Bad Request: SOMETHING_NOBODY_KNOWS", { _tag: "Rejected", code: 400 }]
]

describe("classify", () => {
  it.each(expected)("%i %s", (code, description, reason) => {
    const found = classify(answered(code, description), "sendMessage")
    assert.deepStrictEqual({ ...found, description: "" }, { ...found, ...reason, description: "" })
    assert.strictEqual(found.description, description)
  })

  it("takes the wait and the new chat from the parameters", () => {
    const limited = classify(answered(429, "Too Many Requests: retry after 3", { retry_after: 33 }), "sendMessage")
    assert.deepInclude(limited, { _tag: "RateLimited", retryAfterSeconds: 33 })
    const moved = answered(400, "Bad Request: group chat was upgraded to a supergroup chat", {
      migrate_to_chat_id: -100123
    })
    assert.deepInclude(classify(moved, "sendMessage"), { _tag: "Migrated", chatId: -100123 })
  })

  it.each(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT", "ERR_TLS_CERT_ALTNAME_INVALID"])(
    "%s never left",
    (code) => {
      assert.deepInclude(classify(network({ code }), "sendMessage"), { _tag: "Unreachable", retryable: true })
    }
  )

  it("a time-out while connecting never left, one while waiting may have", () => {
    assert.strictEqual(classify(network({ code: "ETIMEDOUT", syscall: "connect" }), "sendMessage")._tag, "Unreachable")
    assert.strictEqual(classify(network({ code: "ETIMEDOUT", syscall: "read" }), "sendMessage")._tag, "Ambiguous")
  })

  it.each(["ECONNRESET", "UND_ERR_SOCKET", "UND_ERR_ABORTED", "UND_ERR_BODY_TIMEOUT"])("%s may have left", (code) => {
    const sent = classify(network({ code }), "sendMessage")
    assert.strictEqual(sent._tag, "Ambiguous")
    assert.isFalse(sent.retryable)
    assert.isTrue(classify(network({ code }), "getMe").retryable)
  })

  it("names grammY's own time-out", () => {
    const late = new HttpError("x", new Error("Request to 'sendMessage' timed out after 20 seconds"))
    assert.deepInclude(classify(late, "sendMessage"), { _tag: "Ambiguous", description: "rede: tempo esgotado" })
  })

  it("a call that could not be built is refused, not lost", () => {
    assert.strictEqual(classify(new TypeError("circular"), "sendMessage")._tag, "Rejected")
  })

  it("repeats only what nobody sees twice", () => {
    const harmless = [
      "getUpdates",
      "setWebhook",
      "editMessageText",
      "deleteMessage",
      "answerCallbackQuery",
      "sendChatAction"
    ]
    const visible = [
      "sendMessage",
      "sendPhoto",
      "sendMediaGroup",
      "copyMessage",
      "createChatInviteLink",
      "forwardMessage"
    ]
    assert.isTrue(harmless.every(isHarmless))
    assert.isFalse(visible.some(isHarmless))
  })
})

const word = fc.string({ maxLength: 40 })
const anyToken = fc
  .tuple(fc.integer({ min: 1, max: 9_999_999_999 }), fc.stringMatching(/^[A-Za-z0-9_-]{12,40}$/))
  .map(([id, secret]) => `${id}:${secret}`)

const anyError = (secret: string) =>
  fc.tuple(word, word, fc.constantFrom(400, 401, 403, 404, 409, 429, 500, 502)).chain(([before, after, code]) => {
    const text = `${before}/bot${secret}/sendMessage ${secret}${after}`
    return fc.constantFrom<unknown>(
      answered(code, text),
      network({ message: text, code: text }),
      network({ message: text, name: text, cause: new Error(text) }),
      new HttpError(text, text),
      new Error(text),
      text
    )
  })

describe("a token", () => {
  it("is in no rendering of the error", () => {
    fc.assert(
      fc.property(
        anyToken.chain((secret) => anyError(secret).map((error) => ({ secret, error }))),
        ({ error, secret }) => {
          const failure = new TelegramError({
            method: "sendMessage",
            botId: Number.parseInt(secret, 10),
            reason: classify(error, "sendMessage", secret)
          })
          for (const rendered of renderings(failure)) {
            assert.notInclude(rendered, secret)
            assert.notInclude(rendered, secret.slice(secret.indexOf(":") + 1))
            assert.notInclude(rendered, "segredo do cliente")
          }
        }
      )
    )
  })

  it("of the usual form is stripped even where it is not the bot's own", () => {
    const reason = classify(answered(400, `Bad Request: https://api/bot${token}/x`), "sendMessage")
    assert.notInclude(reason.description, "AAHq")
  })
})

const renderings = (failure: TelegramError) => [
  JSON.stringify(failure),
  inspect(failure, { depth: 10, showHidden: true }),
  String(failure),
  failure.message,
  failure.description,
  failure.sentence,
  Cause.pretty(Cause.fail(failure)),
  JSON.stringify(Cause.fail(failure))
]
