import { dirname, join } from "node:path"

/** Where everything of one embedded database lives: the data folder and its neighbours. */
export interface Files {
  readonly data: string
  readonly parent: string
  readonly password: string
  readonly log: string
  /** Prefix of the folders in which a new cluster is prepared before it takes its name. */
  readonly draft: string
}

export const filesOf = (data: string): Files => ({
  data,
  parent: dirname(data),
  password: `${data}.password`,
  log: `${data}.log`,
  draft: join(dirname(data), `.${data.slice(dirname(data).length + 1)}-novo-`)
})
