import { html as escaping, raw } from "hono/html"

/** Markup that is safe to send: made by `html`, which escapes every value that is not markup itself. */
export type Html = ReturnType<typeof raw>
type Value = string | number | bigint | false | null | undefined | Html | ReadonlyArray<Value>

/** hono's helper also takes promises; ours does not, so what comes out is always there. */
export const html = (strings: TemplateStringsArray, ...values: ReadonlyArray<Value>): Html =>
  escaping(strings, ...values) as Html

export const nothing: Html = html``

/** Markup that another part of the service has made safe (`telegramText.ts`). Never words from outside. */
export const trusted = (markup: string): Html => raw(markup)
