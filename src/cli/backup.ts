import { Effect, Option, Redacted } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { spawn } from "node:child_process"
import { existsSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Config } from "../config.ts"
import { plainEnvironment } from "../db/embedded/run.ts"
import { startEmbedded } from "../db/Embedded.ts"
import { maskSecrets } from "../log/mask.ts"
import { type CommandRefused, json, refuse, show, told } from "./output.ts"

/** The address of the database in use; the embedded one runs for as long as the command does. */
const databaseUrl = Effect.gen(function* () {
  const { databaseUrl: given, dataDir } = yield* Config
  if (Option.isSome(given)) return given.value
  return (yield* startEmbedded({ dir: join(dataDir, "postgres") })).url
})

/** The password travels in the environment: a command line can be read by everybody on the machine. */
const run = (program: string, args: ReadonlyArray<string>, url: Redacted.Redacted<string>) =>
  Effect.callback<void, CommandRefused>((resume) => {
    const { hostname, port, username, password, pathname, searchParams } = new URL(Redacted.value(url))
    const child = spawn(program, args, {
      stdio: ["ignore", "inherit", "pipe"],
      env: {
        ...plainEnvironment(),
        PGHOST: hostname,
        PGPORT: port || "5432",
        PGUSER: decodeURIComponent(username),
        PGPASSWORD: decodeURIComponent(password),
        PGDATABASE: decodeURIComponent(pathname.slice(1)),
        ...(searchParams.has("sslmode") ? { PGSSLMODE: searchParams.get("sslmode")! } : {})
      }
    })
    let said = ""
    child.stderr.on("data", (text: Buffer) => (said += text.toString()))
    child.on("error", () =>
      resume(
        Effect.fail(
          refuse(
            `O programa ${program} não está instalado. Instale o cliente do PostgreSQL, da versão do banco (postgresql-client).`
          )
        )
      )
    )
    child.on("close", (code) => resume(code === 0 ? Effect.void : Effect.fail(reasonOf(program, said))))
    return Effect.sync(() => void child.kill("SIGTERM"))
  })

const reasonOf = (program: string, said: string): CommandRefused => {
  const mismatch = /server version: (\S+?);? .*version: (\S+)/s.exec(said)
  if (mismatch !== null) {
    return refuse(
      `O ${program} instalado (${mismatch[2]}) é mais antigo que o banco (${mismatch[1]}). ` +
        `Instale o da versão do banco: postgresql-client-${Number.parseInt(mismatch[1] ?? "", 10)}.`
    )
  }
  if (/input file (is too short|does not appear|appears to be)/.test(said)) {
    return refuse("Este arquivo não é uma cópia feita por backup, ou está cortado. Nada foi mudado no banco.")
  }
  const first = maskSecrets(said.trim().split("\n")[0] ?? "").slice(0, 300)
  return refuse(`O ${program} falhou: ${first}`)
}

const file = Argument.String("arquivo").pipe(Argument.withDescription("Arquivo da cópia, por exemplo funil.dump"))

/** A copy that was cut off must not look like one, and people's data are for nobody else's eyes. */
const unfinishedCopy = (target: string) =>
  Effect.acquireRelease(
    Effect.try({
      try: () => {
        const path = `${target}.parcial`
        writeFileSync(path, "", { mode: 0o600 })
        return path
      },
      catch: () => refuse(`Não consegui escrever em ${target}. Confira se a pasta existe e se você pode escrever nela.`)
    }),
    (path) => Effect.sync(() => rmSync(path, { force: true }))
  )

/** Everything but the keys: `.data` and `.env` are to be kept elsewhere, because they open what is in here. */
export const backup = Command.make(
  "backup",
  { file, json },
  Effect.fn("Cli.backup")(
    function* (input) {
      if (existsSync(input.file)) {
        return yield* refuse(`O arquivo ${input.file} já existe; escolha outro nome.`)
      }
      const unfinished = yield* unfinishedCopy(input.file)
      yield* run("pg_dump", ["--format=custom", "--no-owner", "--file", unfinished], yield* databaseUrl)
      yield* Effect.sync(() => renameSync(unfinished, input.file))
      const { size: bytes } = statSync(input.file)
      yield* show(
        input.json,
        { file: input.file, bytes },
        `Cópia feita em ${input.file} (${(bytes / 1024 ** 2).toFixed(1)} MB). Guarde junto a ENCRYPTION_KEY e a pasta de mídias.`
      )
    },
    told,
    Effect.scoped
  )
).pipe(Command.withDescription("Faz uma cópia do banco de dados (pg_dump)"))

export const restore = Command.make(
  "restore",
  {
    file,
    yes: Flag.Boolean("yes").pipe(
      Flag.withDescription("Confirma: tudo o que está no banco é trocado pelo que está na cópia"),
      Flag.withDefault(false)
    ),
    json
  },
  Effect.fn("Cli.restore")(
    function* (input) {
      if (!existsSync(input.file)) return yield* refuse(`O arquivo ${input.file} não existe.`)
      if (!input.yes) {
        return yield* refuse("Isto troca tudo o que está no banco. Pare o serviço e repita o comando com --yes.")
      }
      const args = ["--clean", "--if-exists", "--no-owner", "--exit-on-error", "--single-transaction", "--dbname"]
      const url = yield* databaseUrl
      yield* run("pg_restore", [...args, new URL(Redacted.value(url)).pathname.slice(1), input.file], url)
      yield* show(input.json, { file: input.file }, "Banco de dados trocado pelo da cópia. Agora: npm run migrate")
    },
    told,
    Effect.scoped
  )
).pipe(Command.withDescription("Põe uma cópia de volta no banco de dados (pg_restore)"))
