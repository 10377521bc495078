declare module "@20minutes/s3rver" {
  import type { AddressInfo } from "node:net"
  import type { Readable } from "node:stream"

  type Middleware = (context: { readonly method: string }, next: () => Promise<void>) => Promise<void>

  export default class S3rver {
    constructor(options: {
      readonly address: string
      readonly port: number
      readonly silent: boolean
      readonly directory: string
      readonly configureBuckets: ReadonlyArray<{ readonly name: string; readonly configs: ReadonlyArray<string> }>
    })
    readonly middleware: Array<Middleware>
    readonly store: {
      listObjects(
        bucket: string,
        options: object
      ): Promise<{ readonly objects: ReadonlyArray<{ readonly key: string }> }>
      getObject(
        bucket: string,
        key: string
      ): Promise<{ readonly content: Readable; readonly metadata: Readonly<Record<string, string>> }>
    }
    run(): Promise<AddressInfo>
    close(): Promise<void>
  }
}
