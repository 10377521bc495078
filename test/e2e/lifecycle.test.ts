import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { createServer, type Server } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Sandbox } from "../../src/sandbox/Sandbox.ts"
import { isServing, serverPid } from "../support/embedded.ts"
import { TestDatabase, testDatabaseUrl } from "../support/postgres.ts"
import { eventually, freePort, isGroupAlive, type ServiceProcess, startService } from "../support/service.ts"
import { ana, botToken, openShop, orderPix, sentTo } from "../support/shop.ts"
import { settled } from "../support/updates.ts"

const project = fileURLToPath(new URL("../../", import.meta.url))

/** A clone of the project to run in: its own `.data`, everything else as it is. */
const clone = Effect.acquireRelease(
  Effect.sync(() => {
    const folder = mkdtempSync(join(tmpdir(), "funil-clone-"))
    chmodSync(folder, 0o755)
    for (const name of ["package.json", "src", "migrations", "node_modules"]) {
      symlinkSync(join(project, name), join(folder, name))
    }
    return folder
  }),
  (folder) =>
    Effect.sync(() => {
      const pid = serverPid(join(folder, ".data", "postgres"))
      if (pid !== undefined && isServing(pid, join(folder, ".data", "postgres"))) process.kill(pid, "SIGKILL")
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    })
)

/** Another program has the port for as long as the scope is open. */
const occupy = (port: number) =>
  Effect.acquireRelease(
    Effect.callback<Server>((resume) => {
      const server = createServer()
      server.listen(port, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.callback<void>((resume) => void server.close(() => resume(Effect.void)))
  )

/** How long something took. */
const secondsOf = <A, E, R>(work: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const before = yield* Clock.currentTimeMillis
    yield* work
    return ((yield* Clock.currentTimeMillis) - before) / 1000
  })

const silent = (service: ServiceProcess) =>
  Effect.match(service.request("GET", "/healthz"), { onFailure: () => true, onSuccess: () => false })

const groupGone = (service: ServiceProcess) =>
  eventually(
    Effect.sync(() => isGroupAlive(service.child.pid)),
    (alive) => !alive
  )

const isReady = (service: ServiceProcess) =>
  Effect.map(service.request("GET", "/readyz"), (answer) => answer.status === 200)

const noStackTrace = (log: string) => assert.notMatch(log, /\n\s+at |Error:|\bFiberFailure\b/)

const sandboxOf = Layer.fresh(Sandbox.layerWith({ telegram: { timeScale: 0.01 } }))
const onDatabase = (database: typeof TestDatabase.layer) => Layer.merge(sandboxOf, database)

describe("starting", () => {
  it.live("with wrong settings: one sentence each, exit code 1, and nothing else happens", () =>
    Effect.gen(function* () {
      const folder = yield* clone
      writeFileSync(
        join(folder, ".env"),
        ["LOG_LEVEL=barulhento", "PORT=porta", "SYNCPAY_CLIENT_ID=id-sem-segredo", "S3_BUCKET=balde"].join("\n")
      )
      const service = yield* startService({
        folder,
        wait: false,
        env: {
          DATABASE_URL: "mysql://root:senha-do-banco@banco/funil",
          PUBLIC_URL: "http://exemplo.com.br",
          ENCRYPTION_KEY: "chave-curta-demais",
          TELEGRAM_API_URL: "api.telegram.org",
          TELEGRAM_TOKEN_VIP: "token-que-nao-e-token"
        }
      })
      assert.deepStrictEqual(yield* service.exit, { code: 1, signal: null })
      yield* service.wrote(/O Funil não pôde ligar[^\n]*\n(?: {2}- [^\n]+\n)+$/)
      const [, ...sentences] = service.log.trimEnd().split("\n")
      for (const name of [
        "DATABASE_URL",
        "PUBLIC_URL",
        "ENCRYPTION_KEY",
        "TELEGRAM_API_URL",
        "TELEGRAM_TOKEN_VIP",
        "LOG_LEVEL",
        "SYNCPAY_CLIENT_SECRET",
        "S3_ENDPOINT"
      ]) {
        const about = sentences.filter(
          (sentence) => sentence.includes(`variável ${name} `) || sentence.includes(`variável ${name}:`)
        )
        assert.strictEqual(about.length, 1, name)
      }
      for (const sentence of sentences) assert.match(sentence, /^ {2}- (?:A variável|Falta a variável) [^\n]+\.$/)
      // The environment is worth more than the file, whose PORT is wrong.
      assert.notInclude(service.log, "variável PORT")
      noStackTrace(service.log)
      for (const secret of ["senha-do-banco", "chave-curta", "token-que-nao", "id-sem-segredo"]) {
        assert.notInclude(service.log, secret)
      }
      assert.isTrue(yield* silent(service))
      assert.isFalse(existsSync(join(folder, ".data")))
    })
  )

  it.live("with an unreachable database: a sentence and exit code 1", () =>
    Effect.gen(function* () {
      const port = yield* freePort
      const service = yield* startService({
        wait: false,
        env: { DATABASE_URL: `postgresql://funil:senha-do-banco@127.0.0.1:${port}/funil` }
      })
      assert.deepStrictEqual(yield* service.exit, { code: 1, signal: null })
      yield* service.wrote(/ERROR \[ERRO\] O serviço parou: /)
      noStackTrace(service.log)
      assert.notInclude(service.log, "senha-do-banco")
    })
  )

  it.live("where nothing can be kept, or with a damaged key: a sentence and exit code 1", () =>
    Effect.gen(function* () {
      const bare = { env: { ADMIN_TOKEN: "", ENCRYPTION_KEY: "" }, wait: false }
      const folder = yield* clone
      writeFileSync(join(folder, ".data"), "")
      const nowhere = yield* startService({ ...bare, folder })
      const other = yield* clone
      mkdirSync(join(other, ".data"))
      writeFileSync(join(other, ".data", "encryption-key"), "0123")
      const damaged = yield* startService({ ...bare, folder: other })
      for (const service of [nowhere, damaged]) {
        assert.deepStrictEqual(yield* service.exit, { code: 1, signal: null })
        noStackTrace(service.log)
      }
      yield* nowhere.wrote(/não pôde ligar.*\n {2}- O arquivo \.data\/admin-token não pôde ser lido nem criado .*\.\n$/)
      yield* damaged.wrote(/não pôde ligar.*\n {2}- O arquivo \.data\/encryption-key está danificado: .*\.\n$/)
    })
  )

  it.live("two at once on one empty database: both become ready and both serve", () =>
    Effect.gen(function* () {
      const sandbox = yield* Sandbox
      const env = { ...sandbox.env, DATABASE_URL: yield* testDatabaseUrl }
      const port = yield* freePort
      const [first, second] = yield* Effect.all(
        [startService({ env, port }), startService({ env: { ...env, PUBLIC_URL: `http://127.0.0.1:${port}` } })],
        { concurrency: "unbounded" }
      )
      assert.isTrue((yield* isReady(first)) && (yield* isReady(second)))
      yield* openShop(second, sandbox)
      const charge = yield* orderPix(sandbox, ana)
      yield* sandbox.pushinpay.pay(charge.id)
      yield* sandbox.telegram.waitFor(sentTo(ana.id, /Seu acesso/))
      for (const { log } of [first, second]) assert.notMatch(log, / (?:ERROR|WARN ) /)
      const exits = yield* Effect.all([first.stop("SIGTERM"), second.stop("SIGINT")], { concurrency: "unbounded" })
      for (const exit of exits) assert.deepStrictEqual(exit, { code: 0, signal: null })
    }).pipe(Effect.provide(onDatabase(TestDatabase.layerEmpty)))
  )
})

describe("stopping", () => {
  it.live(
    "while a person waits for a slow Telegram: in time, and the answer comes after the next start",
    () =>
      Effect.gen(function* () {
        const sandbox = yield* Sandbox
        const { telegram } = sandbox
        const sql = yield* SqlClient.SqlClient
        const env = { ...sandbox.env, DATABASE_URL: yield* testDatabaseUrl }
        const port = yield* freePort
        const service = yield* startService({ env, port })
        yield* openShop(service, sandbox)
        const bia = { id: 7_600_000_001, first_name: "Bia" }
        yield* Effect.forEach([ana, bia], telegram.person)
        // One answer takes a second, the other one never comes.
        yield* telegram.fail({ match: { chat: ana.id, method: "sendMessage" }, answer: { kind: "timeout" } })
        yield* telegram.sendText(botToken, ana, "/start")
        yield* telegram.waitFor((call) => call.status === 0 && Number(call.params["chat_id"]) === ana.id)
        yield* telegram.configure({ latencyMs: 1_000 })
        yield* telegram.sendText(botToken, bia, "/start")
        yield* eventually(sql`select 1 from telegram_updates where person_id = ${bia.id}`, (rows) => rows.length === 1)
        const seconds = yield* secondsOf(
          Effect.map(service.stop("SIGTERM"), (exit) => assert.deepStrictEqual(exit, { code: 0, signal: null }))
        )
        assert.isBelow(seconds, 10)
        yield* service.wrote(/INFO .*\[SERVIÇO\] Desligando: terminando o que está em andamento/)
        noStackTrace(service.log)
        const open = yield* sql<{ readonly person: number }>`
        select person_id as person from telegram_updates where state <> 1`
        assert.deepStrictEqual(open, [{ person: ana.id }])

        yield* telegram.configure({ latencyMs: 0 })
        yield* startService({ env, port })
        yield* telegram.waitFor(sentTo(ana.id, /Olá Ana!/))
        assert.strictEqual(yield* settled, 0)
        const calls = yield* telegram.calls
        for (const { id } of [ana, bia]) assert.strictEqual(calls.filter(sentTo(id, /Olá/)).length, 1)
      }).pipe(Effect.provide(onDatabase(TestDatabase.layer))),
    60_000
  )
})

describe("on an empty machine", () => {
  it.live("a stop before it is ready leaves nothing running", () =>
    Effect.gen(function* () {
      const folder = yield* clone
      const cluster = join(folder, ".data", "postgres")
      const service = yield* startService({ env: {}, folder, wait: false })
      yield* eventually(
        Effect.sync(() => serverPid(cluster)),
        (pid) => pid !== undefined
      )
      const pid = serverPid(cluster)!
      assert.isBelow(yield* secondsOf(service.stop("SIGTERM")), 10)
      assert.deepStrictEqual(yield* service.exit, { code: 0, signal: null })
      assert.isFalse(isServing(pid, cluster))
      noStackTrace(service.log)
    })
  )

  it.live(
    "the embedded database and the generated secrets outlive every kind of stop",
    () =>
      Effect.gen(function* () {
        const sandbox = yield* Sandbox
        const { telegram } = sandbox
        const folder = yield* clone
        const data = join(folder, ".data")
        const cluster = join(data, "postgres")
        const port = yield* freePort
        const bare = { env: { ...sandbox.env, ADMIN_TOKEN: "", ENCRYPTION_KEY: "" }, folder, port }
        const read = (name: string) => readFileSync(join(data, name), "utf8").trim()
        const databaseGone = (pid: number) => assert.isFalse(isServing(pid, cluster), "PostgreSQL is still there")
        const pidNow = () => serverPid(cluster) ?? assert.fail("no server")

        // The very first start fails; what it made is not lost, and what it should have shown is shown by the next.
        const failed = yield* Effect.scoped(
          Effect.gen(function* () {
            yield* occupy(port)
            const service = yield* startService({ ...bare, wait: false })
            assert.deepStrictEqual(yield* service.exit, { code: 1, signal: null })
            yield* service.wrote(/ERROR \[ERRO\] O serviço parou: a porta já está em uso por outro programa.*PORT/)
            return service
          })
        )
        assert.notInclude(failed.log, read("admin-token"))
        assert.isUndefined(serverPid(cluster))

        const first = yield* startService(bare)
        const [token, key] = [read("admin-token"), read("encryption-key")]
        assert.match(token, /^[\w-]{32}$/)
        assert.match(key, /^[0-9a-f]{64}$/)
        for (const name of ["admin-token", "encryption-key"]) {
          assert.strictEqual(statSync(join(data, name)).mode & 0o777, 0o600)
        }
        yield* first.wrote(/Bem-vindo ao Funil!/)
        yield* first.wrote(/\[SERVIÇO\] Funil ligado em/)
        const shown = first.log.split("\n").filter((line) => line.includes(token))
        assert.deepStrictEqual(shown, [`  Senha do painel/API: ${token}`])
        assert.notInclude(first.log, key)
        assert.strictEqual((yield* first.admin("GET", "/api/admin/bots")).status, 401)
        first.password = token
        yield* openShop(first, sandbox)
        const charge = yield* orderPix(sandbox, ana)
        yield* sandbox.pushinpay.pay(charge.id)
        yield* telegram.waitFor(sentTo(ana.id, /Seu acesso/))
        const pid = pidNow()
        assert.isTrue(isServing(pid, cluster))
        const seconds = yield* secondsOf(
          Effect.map(first.stop("SIGTERM"), (exit) => assert.deepStrictEqual(exit, { code: 0, signal: null }))
        )
        assert.isBelow(seconds, 10)
        databaseGone(pid)

        // npm itself, with the signal to its whole process group, as a terminal or a supervisor sends it.
        const npm = {
          ...bare,
          env: { ...bare.env, npm_config_update_notifier: "false" },
          command: ["npm", "start"] as const
        }
        const second = yield* startService(npm)
        yield* second.wrote(/\[SERVIÇO\] Funil ligado em/)
        assert.notInclude(second.log, token)
        assert.deepStrictEqual([read("admin-token"), read("encryption-key")], [token, key])
        second.password = token
        const payments = yield* second.admin("GET", "/api/admin/payments")
        assert.deepInclude(payments.json.items[0], { status: "paid", telegram_id: ana.id })
        const later = { id: 7_600_000_011, first_name: "Caio" }
        yield* telegram.person(later)
        yield* telegram.sendText(botToken, later, "/start")
        yield* telegram.waitFor(sentTo(later.id, /Olá Caio!/))
        const secondPid = pidNow()
        assert.isBelow(yield* secondsOf(Effect.andThen(second.signalGroup("SIGTERM"), groupGone(second))), 10)
        databaseGone(secondPid)
        assert.isTrue(yield* silent(second))

        const third = yield* startService(bare)
        const orphan = pidNow()
        yield* third.stop("SIGKILL")
        assert.isTrue(isServing(orphan, cluster))
        const fourth = yield* startService(npm)
        assert.strictEqual(pidNow(), orphan)
        const last = { id: 7_600_000_012, first_name: "Dora" }
        yield* telegram.person(last)
        yield* telegram.sendText(botToken, last, "/start")
        yield* telegram.waitFor(sentTo(last.id, /Olá Dora!/))
        // This time only npm hears of it.
        assert.isBelow(yield* secondsOf(Effect.andThen(fourth.stop("SIGTERM"), groupGone(fourth))), 10)
        databaseGone(orphan)
        assert.isTrue(yield* silent(fourth))
        for (const { log } of [failed, first, second, third, fourth]) noStackTrace(log)
      }).pipe(Effect.provide(sandboxOf)),
    90_000
  )
})
