import { Effect } from "effect"
import { adminToken, type Answer, type Door } from "../http/door.ts"

export const cookieOf = (answer: Answer): string => String(answer.headers["set-cookie"]).split(";")[0] ?? ""

/** Somebody who is logged in, with the token of the forms. */
export const enter = Effect.fnUntraced(function* (door: Door) {
  const entered = yield* door.call("POST", "/admin/entrar", {
    body: String(new URLSearchParams({ senha: adminToken }))
  })
  const cookie = cookieOf(entered)
  const { text } = yield* door.call("GET", "/admin/bots/novo", { headers: { cookie } })
  const csrf = /name="_csrf" value="([\w-]+)"/.exec(text)?.[1] ?? ""
  const get = (path: string) => door.call("GET", path, { headers: { cookie } })
  const post = (path: string, form: Readonly<Record<string, string>> = {}) =>
    door.call("POST", path, { headers: { cookie }, body: String(new URLSearchParams({ _csrf: csrf, ...form })) })
  return { cookie, csrf, get, post }
})
