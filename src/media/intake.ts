import { Effect, Option, Result } from "effect"
import type { MediaKind } from "../domain/contentModel.ts"
import { judgeFile } from "../domain/mediaFile.ts"
import { sanitiseText } from "../domain/text.ts"
import { BotsRepo } from "../repo/BotsRepo.ts"
import { MediaRepo, type NewFile } from "../repo/MediaRepo.ts"
import { inspect } from "./inspect.ts"
import { MediaRefused } from "./MediaRefused.ts"
import { MediaStore, type SpooledFile } from "./MediaStore.ts"
import { keyOf } from "./store/key.ts"

export interface GivenFile {
  /** What the seller wants it sent as; without it the bytes decide. */
  readonly kind?: MediaKind | undefined
  readonly fileName?: string | undefined
}

/** Takes a file into a bot's library: judged by its bytes, stored once, known by one row. Answers the row's id. */
export const makeIntake = Effect.gen(function* () {
  const bots = yield* BotsRepo
  const repo = yield* MediaRepo
  const store = yield* MediaStore

  const ensureStored = Effect.fnUntraced(function* (key: string, file: SpooledFile, mime: string) {
    if (yield* store.exists(key)) return
    yield* store.put(key, file, mime)
  })

  const known = Effect.fnUntraced(function* (one: NewFile, given: GivenFile) {
    const found = yield* repo.findByHash(one.botSlug, one.storedKind, one.sha256)
    if (Option.isSome(found) && given.kind !== undefined && found.value.kind !== given.kind) {
      return yield* new MediaRefused({
        why: "unfit",
        message: `Este mesmo arquivo já está na biblioteca para ser enviado de outro jeito (mídia ${found.value.id}). Apague-o lá antes.`
      })
    }
    return found
  })

  return Effect.fn("Media.intake")(function* (
    bot: { readonly id: number; readonly slug: string },
    file: SpooledFile,
    given: GivenFile
  ) {
    const facts = yield* inspect(file)
    const judged = judgeFile(facts, given.kind)
    if (Result.isFailure(judged)) return yield* new MediaRefused(judged.failure)
    const one: NewFile = {
      ...judged.success,
      botSlug: bot.slug,
      key: keyOf(bot.slug, judged.success.kind, file.sha256, facts.ext),
      sha256: file.sha256,
      bytes: file.bytes,
      mime: facts.mime,
      ext: facts.ext,
      fileName: fileNameOf(given.fileName),
      width: facts.width,
      height: facts.height
    }
    const before = yield* known(one, given)
    const key = Option.match(before, { onNone: () => one.key, onSome: (row) => row.key })
    // The long way first and without a lock; under it, only what a deletion meanwhile may have undone.
    yield* ensureStored(key, file, facts.mime)
    return yield* Effect.gen(function* () {
      const present = yield* known(one, given)
      const id = Option.isSome(present) ? Option.some(present.value.id) : yield* repo.insert(one)
      yield* ensureStored(Option.match(present, { onNone: () => one.key, onSome: (row) => row.key }), file, facts.mime)
      return Option.getOrThrow(id)
    }).pipe(bots.locked(bot.id))
  })
})

/** The last part of a path, without what a header or a file system would stumble over. */
const fileNameOf = (name: string | undefined): string | null => {
  const clean = sanitiseText(name ?? "")
    .replace(/[\r\n\t]/g, " ")
    .split(/[/\\]/)
    .at(-1)
    ?.replaceAll('"', "'")
    .trim()
  return clean === undefined || clean === "" ? null : Array.from(clean).slice(-120).join("")
}
