import { Effect, Schema } from "effect"
import { Bytes, type ControlRoute, route, routeWith } from "../http/control.ts"
import { attempt, unknown } from "../SandboxError.ts"
import type { Fault } from "./Faults.ts"
import { mintFileId } from "./fileId.ts"
import { addGroup, joinByLink, leave } from "./groups.ts"
import type { Options } from "./Options.ts"
import { addPerson, press, sendText, setBlocked, tap } from "./people.ts"
import { visibleMessages } from "./transcript.ts"
import type { MediaKind } from "./wire.ts"
import type { World } from "./World.ts"

const optional = Schema.optionalKey(Schema.String)

const BotBody = Schema.Struct({ token: Schema.String, username: optional, name: optional })
const PersonBody = Schema.Struct({
  id: Schema.Int,
  first_name: optional,
  last_name: optional,
  username: optional,
  language_code: optional
})
const TextBody = Schema.Struct({ person: Schema.Int, text: Schema.String })
const TapBody = Schema.Struct({
  person: Schema.Int,
  message_id: Schema.optionalKey(Schema.Int),
  data: optional,
  label: optional,
  forged: Schema.optionalKey(Schema.Boolean)
})
const WhoBody = Schema.Struct({ person: Schema.Int })
const GroupBody = Schema.Struct({
  id: Schema.Int,
  title: optional,
  username: optional,
  type: Schema.optionalKey(Schema.Literals(["supergroup", "channel"])),
  role: Schema.optionalKey(Schema.Literals(["administrator", "member"]))
})
const JoinBody = Schema.Struct({ person: Schema.Int, invite_link: Schema.String })

/**
 * `/__sandbox/…` of the Telegram stand-in. `:bot` is a bot's id.
 * What is passed on as it came (options, faults) is for tests and benchmarks, which know the types.
 */
export const controlRoutes = (world: World): ReadonlyArray<ControlRoute> => [
  route("GET", "/bots", () =>
    Effect.sync(() =>
      [...world.botsById.values()].map(({ user, webhook, updates }) => ({
        user,
        webhook: webhook?.url ?? null,
        pending_updates: updates.size
      }))
    )
  ),
  routeWith("POST", "/bots", BotBody, (bot) => attempt(() => world.addBot(bot).user)),
  routeWith("POST", "/bots/revoke", Schema.Struct({ token: Schema.String }), ({ token }) =>
    Effect.sync(() => void world.bots.delete(token))
  ),
  route("GET", "/people", () => Effect.sync(() => [...world.people.values()].map(({ user }) => user))),
  routeWith("POST", "/people", Schema.Union([PersonBody, Schema.Array(PersonBody)]), (body) =>
    Effect.sync(() => ("id" in body ? addPerson(world, body) : body.map((person) => addPerson(world, person))))
  ),
  routeWith("POST", "/people/deactivate", WhoBody, ({ person }) =>
    attempt(() => void (world.personOf(person).deactivated = true))
  ),
  routeWith("POST", "/bots/:bot/text", Schema.Union([TextBody, Schema.Array(TextBody)]), (body, { path }) =>
    attempt(() =>
      "text" in body
        ? sendText(world, path.bot!, body.person, body.text)
        : body.map(({ person, text }) => sendText(world, path.bot!, person, text))
    )
  ),
  routeWith("POST", "/bots/:bot/tap", TapBody, ({ person, message_id, data, label, forged }, { path }) =>
    attempt(() =>
      label === undefined
        ? tap(world, path.bot!, person, message_id ?? 0, data ?? "", forged)
        : press(world, path.bot!, person, label)
    )
  ),
  routeWith("POST", "/bots/:bot/block", WhoBody, ({ person }, { path }) =>
    attempt(() => setBlocked(world, path.bot!, person, true))
  ),
  routeWith("POST", "/bots/:bot/unblock", WhoBody, ({ person }, { path }) =>
    attempt(() => setBlocked(world, path.bot!, person, false))
  ),
  route("GET", "/bots/:bot/chats", ({ path }) => attempt(() => listChats(world, path.bot!))),
  route("GET", "/bots/:bot/chats/:chat", ({ path, query }) =>
    oneChat(world, path.bot!, Number(path.chat), query).pipe(
      Effect.flatMap(() => attempt(() => show(world, path.bot!, Number(path.chat))))
    )
  ),
  route("POST", "/bots/:bot/files/:kind", ({ path }) =>
    attempt(() => ({ file_id: mintFileId(world.bot(path.bot!).id, path.kind as MediaKind).fileId }))
  ),
  route("GET", "/files/:unique", ({ path }) =>
    attempt(() => {
      const upload = world.uploads.get(path.unique!)
      if (upload?.bytes === undefined) throw unknown("Esse arquivo não foi guardado.")
      return new Bytes(upload.bytes, upload.contentType)
    })
  ),
  routeWith("POST", "/bots/:bot/groups", GroupBody, ({ role = "administrator", ...group }, { path }) =>
    attempt(() => addGroup(world, path.bot!, group, role).wire)
  ),
  routeWith("POST", "/join", JoinBody, ({ person, invite_link }) =>
    attempt(() => ({ result: joinByLink(world, person, invite_link) }))
  ),
  routeWith("POST", "/leave", Schema.Struct({ person: Schema.Int, group: Schema.Int }), ({ person, group }) =>
    attempt(() => leave(world, person, group))
  ),
  route("GET", "/calls", () => Effect.sync(() => world.calls.all)),
  route("GET", "/deliveries", () => Effect.sync(() => world.deliveries)),
  route("GET", "/counters", () => Effect.sync(() => world.calls.counters())),
  route("POST", "/clear", () => Effect.sync(() => world.calls.clear())),
  route("POST", "/options", ({ body }) => Effect.sync(() => void Object.assign(world.settings, body as Options))),
  route("POST", "/faults", ({ body }) => Effect.sync(() => ({ id: world.faults.arm(body as Fault) }))),
  route("DELETE", "/faults", () => Effect.sync(() => world.faults.clear())),
  route("DELETE", "/faults/:id", ({ path }) => Effect.sync(() => world.faults.disarm(Number(path.id))))
]

const listChats = (world: World, botId: string) =>
  [...world.bot(botId).chats.values()].map(({ wire, blocked, version, messages }) => ({
    chat: wire,
    blocked,
    version,
    messages: messages.size
  }))

const show = (world: World, botId: string, chatId: number) => {
  const chat = world.bot(botId).chats.get(chatId)
  return {
    version: chat?.version ?? 0,
    blocked: chat?.blocked ?? false,
    messages: chat === undefined ? [] : visibleMessages(chat)
  }
}

/** With `?after=<version>` waits (up to `wait` ms) until the chat has changed since then. */
const oneChat = (world: World, botId: string, chatId: number, query: URLSearchParams) =>
  attempt(() => world.bot(botId)).pipe(
    Effect.flatMap((bot) => {
      const after = query.get("after")
      const version = bot.chats.get(chatId)?.version ?? 0
      if (after === null || version > Number(after)) return Effect.void
      const timeoutMs = Math.min(Number(query.get("wait") ?? 25_000), 60_000)
      return world.changes
        .collect([], (change) => change.botId === bot.id && change.chatId === chatId, {
          count: 1,
          timeoutMs,
          what: "Mudança na conversa"
        })
        .pipe(Effect.catch(() => Effect.void))
    })
  )
