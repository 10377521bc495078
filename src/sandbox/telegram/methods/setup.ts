import type { WebhookConfig } from "../Bot.ts"
import { isLoopback } from "../../http/links.ts"
import { flagOf, integerOf, isRecord, structureOf, textOf } from "../params.ts"
import { poll } from "../Polling.ts"
import { badRequest, conflict, tooMany } from "../Refusal.ts"
import { isUpdateType } from "../updates.ts"
import { WebhookSender } from "../Webhook.ts"
import { type CallContext, Described, type Method } from "./Method.ts"

const PORTS = new Set(["", "443", "80", "88", "8443"])

export const getMe: Method = ({ bot }) => ({
  ...bot.user,
  can_join_groups: true,
  can_read_all_group_messages: false,
  supports_inline_queries: false,
  can_connect_to_business: false,
  has_main_web_app: false
})

export const setWebhook: Method = (call) => {
  const { world, bot, params } = call
  const text = textOf(params, "url").trim()
  if (text === "") return deleteWebhook(call)
  const config = webhookConfig(text, call)
  const before = bot.webhook
  if (world.settings.limitSetWebhook && before !== undefined && config.setAt - before.setAt < 1000) throw tooMany(1)
  readAllowed(call)
  const drops = flagOf(params, "drop_pending_updates")
  if (drops) bot.updates.clear()
  bot.lastError = undefined
  const same =
    !drops &&
    before?.url === config.url &&
    before.secretToken === config.secretToken &&
    before.maxConnections === config.maxConnections
  if (same) return new Described(true, "Webhook is already set")
  bot.poll?.terminate(conflict("terminated by setWebhook request"))
  bot.sender?.close()
  bot.webhook = config
  bot.sender = new WebhookSender(world, bot, config)
  return new Described(true, "Webhook was set")
}

export const deleteWebhook: Method = ({ bot, params }) => {
  if (flagOf(params, "drop_pending_updates")) bot.updates.clear()
  if (bot.webhook === undefined) return new Described(true, "Webhook is already deleted")
  bot.sender?.close()
  bot.sender = undefined
  bot.webhook = undefined
  return new Described(true, "Webhook was deleted")
}

export const getWebhookInfo: Method = ({ bot }) => ({
  url: bot.webhook?.url ?? "",
  has_custom_certificate: false,
  pending_update_count: bot.updates.size,
  ...(bot.lastError === undefined
    ? {}
    : { last_error_date: bot.lastError.date, last_error_message: bot.lastError.message }),
  ...(bot.webhook === undefined ? {} : { max_connections: bot.webhook.maxConnections, ip_address: "127.0.0.1" }),
  ...(bot.allowed === undefined ? {} : { allowed_updates: bot.allowed })
})

export const getUpdates: Method = (call) => {
  const { bot, params } = call
  readAllowed(call)
  return poll(bot, {
    offset: integerOf(params, "offset") ?? 0,
    limit: clamp(integerOf(params, "limit") ?? 100, 1, 100),
    timeoutSeconds: clamp(integerOf(params, "timeout") ?? 0, 0, 50)
  })
}

export const setMyCommands: Method = ({ bot, params }) => {
  const commands = structureOf(params, "commands", "commands")
  if (!Array.isArray(commands)) throw badRequest("expected an Array of BotCommand")
  if (commands.length > 100) throw badRequest("BOT_COMMANDS_TOO_MUCH")
  for (const command of commands as ReadonlyArray<unknown>) {
    const { command: name, description } = isRecord(command) ? command : {}
    if (typeof name !== "string" || !/^\/?[a-z0-9_]{1,32}$/.test(name)) throw badRequest("BOT_COMMAND_INVALID")
    if (typeof description !== "string" || description === "" || [...description].length > 256) {
      throw badRequest("BOT_COMMAND_DESCRIPTION_INVALID")
    }
  }
  bot.commands = commands
  return true
}

export const answerCallbackQuery: Method = ({ world, params }) => {
  if (!world.knowsQuery(textOf(params, "callback_query_id"))) {
    throw badRequest("query is too old and response timeout expired or query ID is invalid")
  }
  if ([...textOf(params, "text")].length > 200) throw badRequest("MESSAGE_TOO_LONG")
  return true
}

const webhookConfig = (text: string, { params }: CallContext): WebhookConfig => {
  const url = URL.parse(text.includes("://") ? text : `https://${text}`)
  if (url === null) throw badRequest("bad webhook: URL host is empty")
  if (!isLoopback(url)) {
    if (url.protocol !== "https:") throw badRequest("bad webhook: An HTTPS URL must be provided for webhook")
    if (!PORTS.has(url.port)) throw badRequest("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
  }
  const secretToken = textOf(params, "secret_token")
  if (secretToken.length > 256) throw badRequest("secret token is too long")
  if (!/^[\w-]*$/.test(secretToken)) throw badRequest("secret token contains unallowed characters")
  const maxConnections = clamp(integerOf(params, "max_connections") ?? 40, 1, 100)
  return { url: text, secretToken, maxConnections, setAt: performance.now() }
}

/** A list that is left out keeps the previous one; an empty one, or only unknown names, goes back to the default. */
const readAllowed = ({ bot, params }: CallContext): void => {
  const given = structureOf(params, "allowed_updates", "allowed updates")
  if (given === undefined) return
  if (!Array.isArray(given)) throw badRequest("can't parse allowed updates JSON object")
  const known = given.filter(isUpdateType)
  bot.allowed = known.length === 0 ? undefined : known
}

const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high)
