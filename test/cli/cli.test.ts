import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseEnv } from "node:util"
import { filled } from "../../src/cli/init.ts"
import { Sandbox } from "../../src/sandbox/Sandbox.ts"
import { TestDatabase, testDatabaseUrl } from "../support/postgres.ts"
import { cli, folder } from "./cli.ts"

const token = "8240789099:AAHcli0test0bot0nao0existe0000LEOBE"
const otherToken = "8240789098:AAHcli0test0bot0nao0existe0000LEOBF"
const stateOf = (findings: ReadonlyArray<{ what: string; state: string }>, what: string) =>
  findings.find((one) => one.what === what)?.state

describe("init", () => {
  it.live("writes a private .env from the sample, once, and refuses nonsense", () =>
    Effect.gen(function* () {
      const cwd = yield* folder
      const wrong = yield* cli({}, "init", "--yes", "--set", "PUBLIC_URL=http://site.com.br")
      assert.strictEqual(wrong.code, 1)
      assert.match(wrong.err, /PUBLIC_URL está errada: deve ser um endereço https completo/)
      const set = ["--set", "PUBLIC_URL=https://vip.com.br", "--set", "PUSHINPAY_TOKEN=1|abc $x"]
      const ran = yield* cli({}, "init", "--yes", "--json", ...set)
      assert.strictEqual(ran.code, 0, ran.err)
      assert.deepStrictEqual(ran.json, { file: ".env", written: ["PUBLIC_URL", "PUSHINPAY_TOKEN"] })
      const written = readFileSync(join(cwd, ".env"), "utf8")
      assert.deepInclude(parseEnv(written), { PUBLIC_URL: "https://vip.com.br", PUSHINPAY_TOKEN: "1|abc $x" })
      assert.match(written, /# PushinPay: token criado no painel deles/)
      assert.strictEqual(statSync(join(cwd, ".env")).mode & 0o777, 0o600)
      const again = yield* cli({}, "init", "--yes")
      assert.strictEqual(again.code, 1)
      assert.match(again.err, /Já existe um arquivo \.env/)
    }).pipe(Effect.scoped)
  )

  it("keeps what the sample does not know", () => {
    assert.strictEqual(filled("# a\nX=\n", { X: "1", TELEGRAM_TOKEN_VIP: "2:b" }), "# a\nX=1\n\nTELEGRAM_TOKEN_VIP=2:b")
  })
})

describe("doctor, migrate, bots, webhook", () => {
  it.live("say what is wrong, what to do, and when all is well", () =>
    Effect.gen(function* () {
      const { env, telegram, pushinpay } = yield* Sandbox
      yield* telegram.addBot({ token, username: "cli_bot" })
      yield* folder
      const base: Record<string, string> = {
        ...env,
        DATABASE_URL: yield* testDatabaseUrl,
        ENCRYPTION_KEY: "0123456789abcdef".repeat(4)
      }

      const before = yield* cli(base, "doctor", "--json")
      assert.strictEqual(before.code, 1)
      assert.strictEqual(stateOf(before.json, "Migrações"), "bad")
      assert.strictEqual(stateOf(before.json, "Gateway pushinpay"), "good")

      const migrated = yield* cli(base, "migrate", "--json")
      assert.isAbove(migrated.json.applied.length, 10)
      const added = yield* cli(base, "bots", "add", "vip", "--token", token, "--json")
      assert.strictEqual(added.json.username, "cli_bot", added.err)
      assert.notInclude(added.out, token)
      assert.strictEqual((yield* cli(base, "bots", "pause", "vip", "--json")).json.active, false)
      assert.strictEqual((yield* cli(base, "bots", "resume", "vip", "--json")).json.active, true)
      const badly = yield* cli(base, "bots", "add", "Não Serve", "--token", "x")
      assert.deepStrictEqual([badly.code, badly.err.trim().split("\n").length], [1, 2], badly.err)
      assert.match(badly.err, /slug: Use de 2 a 64 letras[^]*token: Deve ser o token/)
      const copy = yield* cli(base, "bots", "clone", "vip", "vip-2", "--json")
      assert.deepInclude(copy.json, { slug: "vip-2", active: false, token_masked: null })
      const still = yield* cli(base, "bots", "resume", "vip-2")
      assert.deepStrictEqual([still.code, /não há token/.test(still.out)], [1, true], still.out)
      yield* telegram.addBot({ token: otherToken, username: "copia_bot" })
      const woken = yield* cli(base, "bots", "token", "vip-2", "--token", otherToken, "--json")
      assert.deepInclude(woken.json, { active: true, username: "copia_bot" })
      assert.strictEqual((yield* cli(base, "bots", "clone", "vip", "vip-2")).code, 1)
      const unknown = yield* cli(base, "webhook", "info", "outro")
      assert.deepStrictEqual([unknown.code, unknown.err.trim()], [1, "O bot outro não existe."])

      const refused = yield* cli(base, "bots", "pause", "outro", "--json")
      assert.deepStrictEqual([refused.code, refused.err.trim()], [1, ""])
      assert.deepStrictEqual(refused.json, { error: "not_found", message: "Não existe um bot com o endereço outro." })

      const after = yield* cli(base, "doctor")
      assert.match(after.out, /✔ Migrações: em dia/)
      assert.match(after.out, /✔ Partições/)
      assert.match(after.out, /✔ Bot vip: o Telegram respondeu: @cli_bot/)
      assert.match(after.out, /✔ Mídias/)
      assert.match(after.out, /✘ Endereço público: .*\n {4}→ /)
      assert.match(after.out, /✔ Meta/)

      yield* pushinpay.configure({ token: "outro" })
      yield* telegram.revoke(token)
      const ill = yield* cli({ ...base, PUBLIC_URL: telegram.url }, "doctor", "--json")
      assert.strictEqual(ill.code, 1)
      for (const what of ["Bot vip", "Gateway pushinpay", "Endereço público"]) {
        assert.strictEqual(stateOf(ill.json, what), "bad", what)
      }
      assert.notInclude(ill.out, token)
      assert.notInclude(ill.out, base["PUSHINPAY_TOKEN"]!)
    }).pipe(
      Effect.scoped,
      Effect.provide(Layer.fresh(Sandbox.layer)),
      Effect.scoped,
      Effect.provide(TestDatabase.layerEmpty)
    )
  )

  it.live("a database that is away is one of the findings", () =>
    Effect.gen(function* () {
      yield* folder
      const ran = yield* cli({ DATABASE_URL: "postgres://u:segredo@127.0.0.1:9/nada" }, "doctor")
      assert.strictEqual(ran.code, 1)
      assert.match(ran.out, /✘ Banco de dados: /)
      assert.notInclude(ran.out + ran.err, "segredo")
    }).pipe(Effect.scoped)
  )
})

describe("what cannot be understood", () => {
  it.live("is told in Portuguese with how to ask for help, and nothing on the answer's stream", () =>
    Effect.gen(function* () {
      yield* folder
      for (const [args, sentence] of [
        [["nada"], /^O comando "nada" não existe\./],
        [["bots", "ad"], /"ad" não existe\. Você quis dizer: add\?/],
        [["bots", "pause"], /^Falta dizer: slug\.\nComo usar: npm run cli -- bots pause --help$/],
        [["bots", "pause", "a", "b"], /^Não sei o que fazer com: b\./],
        [
          ["bots", "add", "vip", "--gateway", "stripe"],
          /--gateway não pode ser "stripe": use um destes: pushinpay, syncpay/
        ],
        [["users", "erase", "vip", "abc"], /^telegram_id não pode ser "abc": deve ser um número inteiro\./],
        [["doctor", "--tudo"], /^A opção --tudo não existe\./]
      ] as const) {
        const ran = yield* cli({}, ...args)
        assert.deepStrictEqual([ran.code, ran.out], [1, ""], args.join(" "))
        assert.match(ran.err.trim(), sentence)
      }
      const help = yield* cli({}, "bots", "--help")
      assert.strictEqual(help.code, 0)
      assert.match(help.out, /Uso: npm run cli -- bots <comando>[^]*Comandos:\n {2}list/)
      assert.notMatch(help.out, /DESCRIPTION|USAGE|Show/)
      assert.strictEqual((yield* cli({})).code, 0)
      assert.match((yield* cli({}, "--completions", "bash")).out, /funil/)
    }).pipe(Effect.scoped)
  )
})

describe("backup and restore", () => {
  it.live("refuse before they harm", () =>
    Effect.gen(function* () {
      const cwd = yield* folder
      writeFileSync(join(cwd, "funil.dump"), "")
      const env = { DATABASE_URL: "postgres://u:segredo@127.0.0.1:9/nada" }
      const twice = yield* cli(env, "backup", "funil.dump")
      assert.deepStrictEqual([twice.code, twice.err.trim()], [1, "O arquivo funil.dump já existe; escolha outro nome."])
      const unsure = yield* cli(env, "restore", "funil.dump")
      assert.match(unsure.err, /Pare o serviço e repita o comando com --yes/)
      const nowhere = yield* cli(env, "backup", "sem-pasta/novo.dump")
      assert.match(nowhere.err, /^Não consegui escrever em sem-pasta\/novo\.dump/)
      const absent = yield* cli(env, "backup", "novo.dump")
      assert.match(absent.err, /^O (pg_dump falhou|programa pg_dump não está instalado)/)
      assert.sameMembers(readdirSync(cwd), [".data", "funil.dump"], "no half a copy stays")
      writeFileSync(join(cwd, "lixo.dump"), "não é uma cópia")
      const junk = yield* cli(env, "restore", "lixo.dump", "--yes")
      assert.match(
        junk.err,
        /^(Este arquivo não é uma cópia|O programa pg_restore não está instalado|O pg_restore falhou)/
      )
      assert.notInclude(twice.err + unsure.err + absent.err, "segredo")
    }).pipe(Effect.scoped)
  )
})
