import { adminToken } from "./service.ts"

/** Somebody logged in to the panel, as a browser that keeps its cookie. */
export const openPanel = async (port: number) => {
  const url = `http://127.0.0.1:${port}`
  const entered = await fetch(`${url}/admin/entrar`, {
    method: "POST",
    redirect: "manual",
    body: new URLSearchParams({ senha: adminToken })
  })
  const cookie = entered.headers.get("set-cookie")?.split(";")[0]
  if (cookie === undefined) throw new Error(`no login: ${entered.status}`)
  return {
    get: async (path: string): Promise<string> => {
      const answer = await fetch(url + path, { headers: { cookie }, redirect: "manual" })
      const text = await answer.text()
      if (answer.status !== 200) throw new Error(`GET ${path}: ${answer.status} ${text.slice(0, 200)}`)
      return text
    }
  }
}
