import { Effect, Redacted } from "effect"
import { randomBytes } from "node:crypto"
import * as fs from "node:fs"
import { basename, join } from "node:path"
import type { Binaries } from "./binaries.ts"
import { EmbeddedError, reasonOf } from "./EmbeddedError.ts"
import type { Files } from "./files.ts"
import { isAlive } from "./postmaster.ts"
import { run } from "./run.ts"
import type { RunAs } from "./runAs.ts"

/** The superuser of the embedded database. */
export const superuser = "postgres"

/**
 * Makes sure there is a data folder and returns the superuser's password. Several processes may do this at once and
 * any of them may be killed half-way: everything is prepared under a name of its own and takes its final name in one
 * step, which only one of them wins.
 */
export const ensureCluster = Effect.fnUntraced(function* (
  files: Files,
  binaries: Binaries,
  runAs: RunAs,
  durable: boolean
) {
  const exists = yield* guarded("create", () => {
    fs.mkdirSync(files.parent, { recursive: true })
    removeOldDrafts(files)
    const complete = fs.existsSync(join(files.data, "PG_VERSION"))
    if (complete && fs.statSync(files.data).uid === 0) runAs.give(files.data)
    return complete
  })
  const password = exists
    ? yield* knownPassword(files, binaries, runAs)
    : yield* guarded("create", () => keepPassword(files, newPassword()))
  if (!exists) yield* createCluster(files, binaries, runAs, password, durable)
  return Redacted.make(password)
})

const createCluster = (files: Files, binaries: Binaries, runAs: RunAs, password: string, durable: boolean) =>
  Effect.suspend(() => {
    const draft = `${files.draft}${process.pid}-${randomBytes(4).toString("hex")}`
    const remove = Effect.sync(() => fs.rmSync(draft, { recursive: true, force: true }))
    return Effect.ensuring(fillDraft(draft, files, binaries, runAs, password, durable), remove)
  })

const fillDraft = Effect.fnUntraced(function* (
  draft: string,
  files: Files,
  binaries: Binaries,
  runAs: RunAs,
  password: string,
  durable: boolean
) {
  yield* guarded("create", () => {
    fs.mkdirSync(draft, { mode: 0o700 })
    fs.writeFileSync(join(draft, "password"), `${password}\n`, { mode: 0o600 })
    runAs.give(draft)
  })
  const where = ["-D", join(draft, "data"), "-U", superuser, "--pwfile", join(draft, "password")]
  // The built-in C.UTF-8 knows accents (upper, lower) without depending on what the machine has installed.
  const locale = ["-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
  const args = [...where, ...locale, "--auth", "scram-sha-256", ...(durable ? [] : ["--no-sync"])]
  const { code, output } = yield* run(runAs.command(binaries.initdb, args))
  if (code !== 0) return yield* new EmbeddedError(explain(output))
  yield* guarded("create", () => {
    setAsideUnusable(files)
    try {
      fs.renameSync(join(draft, "data"), files.data)
    } catch (error) {
      if (!fs.existsSync(join(files.data, "PG_VERSION"))) throw error
    }
    if (durable) syncFolder(files.parent)
  })
})

/** A folder that is not a database but has content is somebody's: it is renamed, never deleted. */
const setAsideUnusable = (files: Files) => {
  if (!fs.existsSync(files.data) || fs.existsSync(join(files.data, "PG_VERSION"))) return
  if (fs.readdirSync(files.data).length === 0) fs.rmdirSync(files.data)
  else fs.renameSync(files.data, `${files.data}.incompleto-${Date.now()}`)
}

const removeOldDrafts = (files: Files) => {
  const prefix = basename(files.draft)
  for (const name of fs.readdirSync(files.parent)) {
    if (!name.startsWith(prefix)) continue
    if (!isAlive(Number(name.slice(prefix.length).split("-")[0])))
      fs.rmSync(join(files.parent, name), { recursive: true, force: true })
  }
}

const newPassword = () => randomBytes(24).toString("base64url")

const readPassword = (files: Files) => fs.readFileSync(files.password, "utf8").trim()

/** `link` gives the file its name with the content already in it, and fails when another process was first. */
const keepPassword = (files: Files, password: string): string => {
  if (fs.existsSync(files.password)) return readPassword(files)
  const draft = `${files.password}.${randomBytes(4).toString("hex")}`
  fs.writeFileSync(draft, `${password}\n`, { mode: 0o600 })
  try {
    fs.linkSync(draft, files.password)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
  } finally {
    fs.rmSync(draft, { force: true })
  }
  return readPassword(files)
}

/** The data is worth more than the file with its password: a lost one is replaced, with the server stopped. */
const knownPassword = Effect.fnUntraced(function* (files: Files, binaries: Binaries, runAs: RunAs) {
  if (yield* guarded("password", () => fs.existsSync(files.password))) {
    return yield* guarded("password", () => readPassword(files))
  }
  const password = newPassword()
  const args = ["--single", "-D", files.data, "-c", "log_min_messages=fatal", superuser]
  const input = `alter role ${superuser} password '${password}'\n`
  const { code, output } = yield* run(runAs.command(binaries.postgres, args), input)
  if (code !== 0 || /ERROR|FATAL/.test(output)) {
    return yield* new EmbeddedError({
      reason: "password",
      detail: `o arquivo ${files.password} sumiu e não consegui criar outro (${lastLine(output)})`
    })
  }
  return yield* guarded("password", () => keepPassword(files, password))
})

const guarded = <A>(reason: EmbeddedError["reason"], work: () => A) =>
  Effect.try({ try: work, catch: (error) => reasonOf(reason, error) })

const explain = (output: string): ConstructorParameters<typeof EmbeddedError>[0] =>
  output.includes("could not look up effective user ID")
    ? {
        reason: "user",
        detail: "o usuário atual não tem nome neste sistema (não está em /etc/passwd); use outro ou um DATABASE_URL"
      }
    : { reason: "create", detail: lastLine(output) }

export const lastLine = (output: string) => output.trim().split("\n").at(-1) ?? ""

const syncFolder = (path: string) => {
  const folder = fs.openSync(path, "r")
  fs.fsyncSync(folder)
  fs.closeSync(folder)
}
