import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { type FileFacts, judgeFile, maxFileBytes, maxPhotoBytes } from "../../src/domain/mediaFile.ts"

const facts = (mime: string, more: Partial<FileFacts> = {}): FileFacts => ({
  bytes: 1_000,
  mime,
  ext: "x",
  ...(mime.startsWith("image/") ? { width: 800, height: 600 } : {}),
  ...more
})

const kindOf = (...args: Parameters<typeof judgeFile>) =>
  Result.match(judgeFile(...args), {
    onSuccess: ({ kind, storedKind }) => `${kind}/${storedKind}`,
    onFailure: ({ why }) => why
  })

const wordsOf = (...args: Parameters<typeof judgeFile>) =>
  Result.match(judgeFile(...args), { onSuccess: () => "", onFailure: ({ message }) => message })

describe("judgeFile", () => {
  it.each([
    ["image/jpeg", "photo/photo"],
    ["image/png", "photo/photo"],
    ["image/gif", "animation/video"],
    ["video/mp4", "video/video"],
    ["audio/mpeg", "audio/audio"],
    ["audio/x-m4a", "audio/audio"],
    ["audio/ogg; codecs=opus", "voice/audio"],
    ["application/pdf", "document/document"],
    ["application/octet-stream", "document/document"],
    ["image/webp", "unfit"],
    ["image/heic", "unfit"],
    ["video/webm", "unfit"],
    ["audio/wav", "unfit"]
  ])("%s is %s", (mime, expected) => assert.strictEqual(kindOf(facts(mime)), expected))

  it.each([
    ["video/mp4", "animation", "animation/video"],
    ["video/mp4", "video_note", "video_note/document"],
    ["audio/mpeg", "voice", "voice/audio"],
    ["image/jpeg", "document", "document/document"],
    ["image/webp", "document", "document/document"],
    ["image/jpeg", "video", "unfit"],
    ["video/mp4", "photo", "unfit"],
    ["application/pdf", "audio", "unfit"]
  ] as const)("%s, wished as %s, is %s", (mime, wanted, expected) =>
    assert.strictEqual(kindOf(facts(mime), wanted), expected)
  )

  it("holds Telegram's sizes, to the byte", () => {
    assert.strictEqual(kindOf(facts("image/jpeg", { bytes: maxPhotoBytes })), "photo/photo")
    assert.strictEqual(kindOf(facts("image/jpeg", { bytes: maxPhotoBytes + 1 })), "too_large")
    assert.strictEqual(kindOf(facts("image/jpeg", { bytes: maxPhotoBytes + 1 }), "document"), "document/document")
    assert.strictEqual(kindOf(facts("video/mp4", { bytes: maxFileBytes })), "video/video")
    assert.strictEqual(kindOf(facts("video/mp4", { bytes: maxFileBytes + 1 })), "too_large")
    assert.strictEqual(
      wordsOf(facts("image/jpeg", { bytes: maxPhotoBytes + 1 })),
      "O Telegram aceita uma foto de até 10 MB; esta tem 10,1 MB."
    )
  })

  it("holds the dimensions of photos, and of nothing else", () => {
    const photo = (width: number, height: number) => kindOf(facts("image/png", { width, height }))
    assert.strictEqual(photo(5_000, 5_000), "photo/photo")
    assert.strictEqual(photo(5_000, 5_001), "unfit")
    assert.strictEqual(photo(2_000, 100), "photo/photo")
    assert.strictEqual(photo(2_001, 100), "unfit")
    assert.strictEqual(photo(100, 2_001), "unfit")
    assert.strictEqual(photo(0, 0), "unfit")
    assert.strictEqual(kindOf(facts("image/png", { width: 9_000, height: 9_000 }), "document"), "document/document")
    assert.match(wordsOf(facts("image/png", { width: 6_000, height: 6_000 })), /somam 12000 pontos/)
  })

  it("says what to do instead", () => {
    assert.strictEqual(wordsOf(facts("image/jpeg", { bytes: 0 })), "O arquivo está vazio.")
    assert.match(wordsOf(facts("image/webp")), /não mostra este formato como foto: envie JPG ou PNG/)
    assert.match(wordsOf(facts("image/jpeg"), "video"), /não serve para um vídeo: envie MP4/)
  })
})
