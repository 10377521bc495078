// A peer of the ACK benchmark: grammY's own webhook handler, which reads, parses and checks the secret, and stores nothing.
import { Bot, webhookCallback } from "grammy"
import { createServer } from "node:http"

const [port, secretToken] = process.argv.slice(2)
const bot = new Bot("8240789012:AAHbench0bench0bench0bench0bench0bench", {
  botInfo: {
    id: 8_240_789_012,
    is_bot: true,
    first_name: "Bench",
    username: "bench_bot",
    can_join_groups: true,
    can_read_all_group_messages: false,
    supports_inline_queries: false,
    can_connect_to_business: false,
    has_main_web_app: false
  } as never
})
bot.on("message", () => {})
createServer(webhookCallback(bot, "http", { secretToken: secretToken ?? "" })).listen(Number(port), "127.0.0.1", () =>
  process.stdout.write("ready\n")
)
