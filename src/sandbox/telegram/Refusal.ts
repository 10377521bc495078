/** An error answer of the Bot API, in Telegram's own words. */
export class Refusal extends Error {
  readonly code: number
  readonly parameters: Readonly<Record<string, number>> | undefined

  constructor(code: number, description: string, parameters?: Readonly<Record<string, number>>) {
    super(description)
    this.code = code
    this.parameters = parameters
  }
}

export const badRequest = (text: string): Refusal => new Refusal(400, `Bad Request: ${text}`)

export const forbidden = (text: string): Refusal => new Refusal(403, `Forbidden: ${text}`)

export const conflict = (text: string): Refusal => new Refusal(409, `Conflict: ${text}`)

export const tooMany = (seconds: number): Refusal =>
  new Refusal(429, `Too Many Requests: retry after ${seconds}`, { retry_after: seconds })
