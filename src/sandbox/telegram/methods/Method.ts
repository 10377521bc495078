import type { Params, Upload } from "../../http/body.ts"
import type { BotState, ChatState } from "../Bot.ts"
import { findChat } from "../chats.ts"
import type { MediaSources } from "../media.ts"
import { textOf } from "../params.ts"
import type { World } from "../World.ts"

/** What a method sees of a call. */
export interface CallContext {
  readonly world: World
  readonly bot: BotState
  readonly params: Params
  readonly files: ReadonlyMap<string, Upload>
}

/** Answers the result, or throws a Refusal. */
export type Method = (call: CallContext) => unknown

/** A result that comes with a sentence beside it, such as "Webhook was set". */
export class Described {
  readonly result: unknown
  readonly description: string
  constructor(result: unknown, description: string) {
    this.result = result
    this.description = description
  }
}

export const chatOf = ({ world, bot, params }: CallContext): ChatState =>
  findChat(world, bot, textOf(params, "chat_id"))

export const sourcesOf = ({ world, bot, files }: CallContext): MediaSources => ({
  botId: bot.id,
  files,
  failingUrls: new Set(world.settings.failingUrls)
})
