import { Effect } from "effect"
import { createHash } from "node:crypto"
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import type { ConfigShape } from "../../config/parse.ts"
import { sentenceOf } from "../../log/sentences.ts"
import { MediaStore } from "../../media/MediaStore.ts"
import { bad, good } from "./finding.ts"

/** Media uploads pass through the disk, two of 50 MB at a time and more; below this they begin to fail. */
const leastFreeBytes = 1024 ** 3

/** The disk under the data folder. */
export const diskFinding = ({ dataDir }: ConfigShape) =>
  Effect.try({
    try: () => {
      mkdirSync(dataDir, { recursive: true })
      const { bavail, bsize } = statfsSync(dataDir)
      const free = `${((bavail * bsize) / 1024 ** 3).toFixed(1)} GB livres em ${resolve(dataDir)}`
      return bavail * bsize < leastFreeBytes
        ? bad("Disco", free, "Libere espaço: abaixo de 1 GB as mídias e o banco de dados embutido podem parar.")
        : good("Disco", free)
    },
    catch: () => "unreadable"
  }).pipe(
    Effect.orElseSucceed(() =>
      bad("Disco", `a pasta ${resolve(dataDir)} não pode ser usada`, "Dê permissão de escrita a este usuário.")
    )
  )

/** A small file put into the media store, found there, and removed. */
export const storeFinding = Effect.gen(function* () {
  const store = yield* MediaStore
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "funil-doctor-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )
  const path = join(folder, "teste.txt")
  const text = "teste do doctor"
  yield* Effect.sync(() => writeFileSync(path, text))
  const key = "doctor/teste.txt"
  const sha256 = createHash("sha256").update(text).digest("hex")
  yield* store.put(key, { path, bytes: Buffer.byteLength(text), sha256 }, "text/plain")
  const found = yield* store.exists(key)
  yield* store.remove(key)
  return found
    ? good("Mídias", "um arquivo de teste foi guardado e apagado")
    : bad("Mídias", "o arquivo de teste sumiu", "Confira S3_BUCKET e as permissões da chave.")
}).pipe(
  Effect.scoped,
  Effect.catch((error) =>
    Effect.succeed(bad("Mídias", sentenceOf(error), "Confira as variáveis S3_* ou a pasta .data/media."))
  )
)
