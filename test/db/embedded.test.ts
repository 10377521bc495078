import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { spawn } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { startEmbedded } from "../../src/db/Embedded.ts"
import { folder, isServing, query, serverPid, startHost, untilGone } from "../support/embedded.ts"

const place = Effect.map(folder(0o755), (path) => ({ parent: join(path, "data"), dir: join(path, "data", "postgres") }))

const start = (dir: string) => startEmbedded({ dir, fsync: false })

describe("the embedded database", () => {
  it.live("keeps its data from one start to the next and is gone after each", () =>
    Effect.gen(function* () {
      const { dir } = yield* place
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { url } = yield* start(dir)
          yield* query(url, "create table kept as select 'São Paulo' as city")
        })
      )
      assert.isUndefined(serverPid(dir))
      assert.strictEqual(statSync(`${dir}.password`).mode & 0o777, 0o600)
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { url } = yield* start(dir)
          const rows = yield* query(
            url,
            `select upper(city) as city, current_setting('timezone') as zone, current_setting('listen_addresses') as address,
              current_setting('unix_socket_directories') as sockets, current_setting('password_encryption') as password,
              version() ~ 'PostgreSQL 1[5-9]' as new from kept`
          )
          assert.deepStrictEqual(rows[0], {
            city: "SÃO PAULO",
            zone: "UTC",
            address: "127.0.0.1",
            sockets: "",
            password: "scram-sha-256",
            new: true
          })
          const wrong = new URL(Redacted.value(url))
          wrong.password = "errada"
          const error = yield* Effect.flip(query(Redacted.make(wrong.href), "select 1"))
          assert.include(error.message, "o servidor recusou o usuário ou a senha")
        })
      )
      assert.isUndefined(serverPid(dir))
    })
  )

  it.live("is durable unless told otherwise", () =>
    Effect.gen(function* () {
      const { dir } = yield* place
      const { url } = yield* startEmbedded({ dir })
      const rows = yield* query(url, "select current_setting('fsync') as a, current_setting('synchronous_commit') as b")
      assert.deepStrictEqual(rows, [{ a: "on", b: "on" }])
    })
  )

  it.live("that a killed process left behind is taken over, and stopped at the end", () =>
    Effect.gen(function* () {
      const { dir } = yield* place
      const host = yield* startHost(dir)
      yield* query(host.url, "create table kept (n int)")
      const pid = serverPid(dir)!
      host.child.kill("SIGKILL")
      yield* host.ended
      assert.isTrue(isServing(pid, dir))
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { url } = yield* start(dir)
          assert.strictEqual(Redacted.value(url), Redacted.value(host.url))
          assert.strictEqual(serverPid(dir), pid)
          yield* query(url, "select * from kept")
        })
      )
      assert.isFalse(isServing(pid, dir))
    })
  )

  it.live("is shared: who leaves first does not stop it, who leaves last does", () =>
    Effect.gen(function* () {
      const { dir } = yield* place
      const host = yield* startHost(dir)
      const pid = serverPid(dir)!
      yield* Effect.scoped(Effect.flatMap(start(dir), ({ url }) => query(url, "select 1")))
      assert.isTrue(isServing(pid, dir))
      yield* query(host.url, "select 1")

      yield* Effect.scoped(
        Effect.gen(function* () {
          const { url } = yield* start(dir)
          host.child.kill("SIGTERM")
          assert.include(yield* host.ended, "last query: Success")
          yield* query(url, "select 1")
        })
      )
      assert.isFalse(isServing(pid, dir))
    })
  )

  it.live("is one, however many start at once in an empty folder", () =>
    Effect.gen(function* () {
      const { dir } = yield* place
      const hosts = yield* Effect.all([startHost(dir), startHost(dir), startHost(dir)], { concurrency: 3 })
      assert.strictEqual(new Set(hosts.map((host) => Redacted.value(host.url))).size, 1)
      const pid = serverPid(dir)!
      hosts.forEach((host) => host.child.kill("SIGTERM"))
      yield* Effect.forEach(hosts, (host) => host.ended)
      assert.isFalse(isServing(pid, dir))
    })
  )

  it.live("outlives a signal to the whole process group until its owner is done with it", () =>
    Effect.gen(function* () {
      const { dir } = yield* place
      const host = yield* startHost(dir)
      const pid = serverPid(dir)!
      process.kill(-host.child.pid!, "SIGTERM")
      assert.include(yield* host.ended, "last query: Success")
      assert.isFalse(isServing(pid, dir))
    })
  )

  it.live("is started again on its port when it dies", () =>
    Effect.gen(function* () {
      const { dir } = yield* place
      const { url } = yield* startEmbedded({ dir })
      yield* query(url, "create table kept (n int)")
      const pid = serverPid(dir)!
      process.kill(pid, "SIGKILL")
      yield* untilGone(pid, dir)
      // Whether it is back is only to be found out by asking.
      yield* Effect.eventually(Effect.andThen(Effect.sleep(20), query(url, "select * from kept")))
      assert.notStrictEqual(serverPid(dir), pid)
    })
  )

  it.live("is not kept from starting by the lock file of a server that is gone", () =>
    Effect.gen(function* () {
      const { dir } = yield* place
      yield* Effect.scoped(start(dir))
      const stranger = spawn("sleep", ["60"])
      yield* Effect.addFinalizer(() => Effect.sync(() => stranger.kill()))
      const dead = spawn("true")
      yield* Effect.callback<void>((resume) => void dead.once("close", () => resume(Effect.void)))
      for (const pid of [stranger.pid!, dead.pid!]) {
        writeFileSync(join(dir, "postmaster.pid"), `${pid}\n${dir}\n1700000000\n5432\n\n127.0.0.1\n1 1\nready   \n`)
        yield* Effect.scoped(Effect.flatMap(start(dir), ({ url }) => query(url, "select 1")))
      }
    })
  )

  it.live("is not kept from starting by a creation that was interrupted, and deletes nobody's files", () =>
    Effect.gen(function* () {
      const { dir, parent } = yield* place
      mkdirSync(dir, { recursive: true })
      writeFileSync(join(dir, "notas.txt"), "minhas")
      const draft = join(parent, ".postgres-novo-2147483647-0a1b2c3d")
      mkdirSync(join(draft, "data"), { recursive: true })
      yield* Effect.scoped(Effect.flatMap(start(dir), ({ url }) => query(url, "select 1")))
      assert.isFalse(existsSync(draft))
      const aside = readdirSync(parent).find((name) => name.startsWith("postgres.incompleto-"))
      assert.strictEqual(readFileSync(join(parent, aside!, "notas.txt"), "utf8"), "minhas")
    })
  )

  it.live("gets a new password when the file with the old one is lost", () =>
    Effect.gen(function* () {
      const { dir } = yield* place
      const before = yield* Effect.scoped(start(dir))
      rmSync(`${dir}.password`)
      const { url } = yield* start(dir)
      yield* query(url, "select 1")
      assert.notStrictEqual(new URL(Redacted.value(url)).password, new URL(Redacted.value(before.url)).password)
    })
  )

  it.live("says in plain words why it cannot be created", () =>
    Effect.gen(function* () {
      const { parent, dir } = yield* place
      writeFileSync(parent, "a file where the folder should be")
      const error = yield* Effect.flip(start(dir))
      assert.match(error.message, /^Não consegui criar o banco embutido: /)
    })
  )
})
