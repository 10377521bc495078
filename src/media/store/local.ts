import { Effect } from "effect"
import { createReadStream } from "node:fs"
import * as fs from "node:fs/promises"
import { dirname, resolve, sep } from "node:path"
import { isMissing, MediaStoreError, MissingFile, StoreAway, StoreRefused } from "../MediaStoreError.ts"
import type { SpooledFile, Store } from "../MediaStore.ts"
import { quietly } from "../quietly.ts"
import { piecesOf } from "./pieces.ts"

type Operation = MediaStoreError["operation"]

/** A folder with one file per key. */
export const makeLocalStore = (folder: string): Effect.Effect<Store> =>
  Effect.sync(() => {
    const root = resolve(folder)

    const run = <A>(operation: Operation, key: string, work: (path: string) => Promise<A>) =>
      Effect.suspend(() => {
        const path = resolve(root, key)
        // Keys of the older systems come out of the database as they are.
        if (!path.startsWith(root + sep)) return Effect.fail(missing(operation, key))
        return Effect.tryPromise({ try: () => work(path), catch: (error) => asStoreError(operation, key, error) })
      })

    return {
      put: (key, file) => run("put", key, (path) => place(file, path)),
      open: (key) =>
        run("open", key, async (path) => {
          const handle = await fs.open(path)
          const { size } = await handle.stat()
          return { bytes: size, stream: quietly(createReadStream(path, { fd: handle })) }
        }),
      pieces: (key) =>
        run("open", key, async (path) => {
          await fs.access(path)
          return piecesOf(path, severalHeld)
        }),
      exists: (key) =>
        run("exists", key, (path) => fs.stat(path)).pipe(
          Effect.as(true),
          Effect.catchIf(isMissing, () => Effect.succeed(false))
        ),
      remove: (key) => run("remove", key, (path) => fs.rm(path, { force: true }))
    }
  })

// On the way to Telegram a piece waits in the socket, the next in grammY's stream, and one is being read: three.
const severalHeld = { held: 8, bytes: 128 * 1024 }

/** The file gets its second name in one step: nobody ever sees half of it. */
const place = async (file: SpooledFile, path: string): Promise<void> => {
  await fs.mkdir(dirname(path), { recursive: true })
  try {
    await fs.link(file.path, path)
  } catch (error) {
    if (codeOf(error) === "EEXIST") return
    // Another disk, or one that knows no links.
    const draft = `${path}.${process.pid}.tmp`
    await fs.copyFile(file.path, draft)
    await fs.rename(draft, path)
  }
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? "erro"

const missing = (operation: Operation, key: string) =>
  new MediaStoreError({ operation, reason: new MissingFile({ key }) })

const asStoreError = (operation: Operation, key: string, error: unknown): MediaStoreError => {
  const code = codeOf(error)
  if (code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR") return missing(operation, key)
  const detail = details[code] ?? code
  const reason = code in details ? new StoreRefused({ detail }) : new StoreAway({ detail })
  return new MediaStoreError({ operation, reason })
}

const details: Readonly<Record<string, string>> = {
  ENOSPC: "o disco está cheio",
  EDQUOT: "o disco está cheio",
  EACCES: "sem permissão na pasta",
  EPERM: "sem permissão na pasta",
  EROFS: "a pasta é somente leitura"
}
