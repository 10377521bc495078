import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import { chownSync, lchownSync, readdirSync, readFileSync, statSync } from "node:fs"
import { dirname, join } from "node:path"
import type { Binaries } from "./binaries.ts"
import { EmbeddedError } from "./EmbeddedError.ts"
import type { Files } from "./files.ts"

interface Identity {
  readonly uid: number
  readonly gid: number
}

/** Whom the database runs as, and how a command line has to be written for that. */
export interface RunAs {
  readonly identity: Identity | undefined
  readonly command: (program: string, args: ReadonlyArray<string>) => Command
  /** Hands a file or folder (with content) to that user. */
  readonly give: (path: string) => void
}

export interface Command {
  readonly program: string
  readonly args: ReadonlyArray<string>
  readonly options: Partial<Identity>
}

/** PostgreSQL refuses to run as root: root starts it as the owner of the data, or as a user without rights. */
export const chooseUser = (files: Files, binaries: Binaries): Effect.Effect<RunAs, EmbeddedError> =>
  Effect.suspend(() => {
    if (process.getuid?.() !== 0) {
      return Effect.succeed<RunAs>({
        identity: undefined,
        command: (program, args) => ({ program, args, options: {} }),
        give: () => undefined
      })
    }
    const identity = ownerOf(files.data) ?? userWithoutRights()
    const direct =
      reachable(files.parent, 0o1, identity) &&
      reachable(binaries.postgres, 0o5, identity) &&
      reachable(join(binaries.native, "share", "postgresql", "postgres.bki"), 0o4, identity)
    if (!direct && spawnSync("setpriv", ["--version"]).error !== undefined) {
      return Effect.fail(
        new EmbeddedError({
          reason: "permission",
          detail:
            `a pasta ${files.parent} fica dentro de uma pasta fechada para outros usuários e o programa setpriv não ` +
            "está instalado; rode sem ser root, mude a pasta de lugar ou informe um banco em DATABASE_URL"
        })
      )
    }
    return Effect.succeed<RunAs>({
      identity,
      command: (program, args) =>
        direct
          ? { program, args, options: identity }
          : { program: "setpriv", args: [...readingEverywhere(identity), program, ...args], options: {} },
      give: (path) => giveAll(path, identity)
    })
  })

/**
 * Below a folder of mode 700 (a clone in `mktemp -d` or in /root) that user could not even reach the program. It keeps
 * the one capability that lets it pass, and `no_setuid_fixup` because initdb asks with access(2), which drops the
 * capabilities of every user but root otherwise.
 */
const readingEverywhere = ({ gid, uid }: Identity) => [
  `--reuid=${uid}`,
  `--regid=${gid}`,
  "--clear-groups",
  "--inh-caps=-all,+dac_override",
  "--ambient-caps=-all,+dac_override",
  "--bounding-set=-all,+dac_override",
  "--securebits=+no_setuid_fixup"
]

const ownerOf = (path: string): Identity | undefined => {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat === undefined || stat.uid === 0 ? undefined : { uid: stat.uid, gid: stat.gid }
}

const userWithoutRights = (): Identity => {
  const users = readPasswd()
  return users.get("postgres") ?? users.get("nobody") ?? { uid: 65534, gid: 65534 }
}

const readPasswd = () => {
  const users = new Map<string, Identity>()
  for (const line of readText("/etc/passwd").split("\n")) {
    const [name, , uid, gid] = line.split(":")
    if (name !== undefined && Number(uid) > 0) users.set(name, { uid: Number(uid), gid: Number(gid) })
  }
  return users
}

const readText = (path: string) => {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return ""
  }
}

/** Whether that user gets to `path` and may use it (1: enter or run, 4: read), going by the permission bits. */
const reachable = (path: string, bits: number, identity: Identity): boolean => {
  const folder = dirname(path)
  return allows(path, identity, bits) && (folder === path || reachable(folder, 0o1, identity))
}

const allows = (path: string, { gid, uid }: Identity, bits: number) => {
  const stat = statSync(path)
  const shift = stat.uid === uid ? 6 : stat.gid === gid ? 3 : 0
  return ((stat.mode >> shift) & bits) === bits
}

const giveAll = (path: string, { gid, uid }: Identity) => {
  chownSync(path, uid, gid)
  if (!statSync(path).isDirectory()) return
  for (const entry of readdirSync(path, { recursive: true, encoding: "utf8" })) lchownSync(join(path, entry), uid, gid)
}
