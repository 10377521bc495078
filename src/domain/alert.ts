import { Schema } from "effect"

/** Where alerts go: a bot of ours and a chat that has started it. Both null: nobody is told. */
export const AlertSettings = Schema.Struct({
  bot: Schema.NullOr(Schema.String).annotate({ description: "Slug do bot que escreve." }),
  chat_id: Schema.NullOr(Schema.String.check(Schema.isPattern(/^-?\d{1,20}$/))).annotate({
    description: "Número do chat do operador; ele precisa ter enviado /start a esse bot."
  })
}).annotate({ identifier: "AlertSettings" })
export type AlertSettings = typeof AlertSettings.Type

/** Something the operator should know now. `state` changes when it is news again, and only then. */
export interface Alert {
  readonly cause: string
  readonly state: string
  readonly text: string
}
