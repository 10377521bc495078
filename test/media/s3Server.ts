import S3rver from "@20minutes/s3rver"
import { Context, Effect, Layer, Redacted } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

export const bucket = "funil-media"

/** What the stand-in takes; it checks signatures. */
export const credentials = {
  accessKeyId: Redacted.make("S3RVER"),
  secretAccessKey: Redacted.make("S3RVER")
}

interface StoredObject {
  readonly type: string
  readonly bytes: Buffer
}

/** An S3 server of somebody else's making, over a folder of its own. */
export class S3Server extends Context.Service<
  S3Server,
  {
    readonly url: string
    readonly keys: Effect.Effect<ReadonlyArray<string>>
    readonly object: (key: string) => Effect.Effect<StoredObject>
    /** How many requests it had, by method. */
    readonly requests: () => Readonly<Record<string, number>>
    /** As the service reads it. */
    readonly env: Readonly<Record<string, string>>
  }
>()("test/S3Server") {
  static readonly layer = Layer.effect(
    S3Server,
    Effect.gen(function* () {
      const directory = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "funil-s3-"))),
        (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
      )
      const counted: Record<string, number> = {}
      const server = new S3rver({
        address: "127.0.0.1",
        port: 0,
        silent: true,
        directory,
        configureBuckets: [{ name: bucket, configs: [] }]
      })
      server.middleware.unshift((context, next) => {
        counted[context.method] = (counted[context.method] ?? 0) + 1
        return next()
      })
      const address = yield* Effect.acquireRelease(
        Effect.promise(() => server.run()),
        () => Effect.promise(() => server.close())
      )
      const url = `http://127.0.0.1:${address.port}`
      return {
        url,
        keys: Effect.promise(async () => {
          const { objects } = await server.store.listObjects(bucket, {})
          return objects.map(({ key }) => key)
        }),
        object: (key) =>
          Effect.promise(async () => {
            const { content, metadata } = await server.store.getObject(bucket, key)
            return { type: metadata["content-type"] ?? "", bytes: Buffer.concat(await content.toArray()) }
          }),
        requests: () => ({ ...counted }),
        env: {
          S3_ENDPOINT: url,
          S3_BUCKET: bucket,
          S3_ACCESS_KEY_ID: Redacted.value(credentials.accessKeyId),
          S3_SECRET_ACCESS_KEY: Redacted.value(credentials.secretAccessKey)
        }
      }
    })
  )
}
