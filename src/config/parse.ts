import { Option, Redacted } from "effect"
import { Reader, type Environment } from "./reader.ts"

type Secret = Redacted.Redacted<string>

export interface ConfigShape {
  /** Folder of the embedded database, local media and generated secrets, relative to where the service runs. */
  readonly dataDir: string
  readonly databaseUrl: Option.Option<Secret>
  readonly port: number
  readonly host: string
  /** Without a trailing slash. Absent: no webhook is registered and bots are served by long polling. */
  readonly publicUrl: Option.Option<string>
  readonly adminToken: Secret
  /** 32 bytes as 64 hex digits; AES-256-GCM key of the bot tokens at rest. */
  readonly encryptionKey: Secret
  /** Secrets that nobody set: they were generated, by this start or an earlier one. */
  readonly generated: { readonly adminToken: boolean; readonly encryptionKey: boolean }
  readonly telegramApiUrl: string
  /** Bot tokens of `TELEGRAM_TOKEN_<SLUG>`, by the part after the prefix. They win over the database. */
  readonly telegramTokens: ReadonlyMap<string, Secret>
  readonly pushinpay: {
    readonly url: string
    readonly token: Option.Option<Secret>
    readonly webhookToken: Option.Option<Secret>
  }
  readonly syncpay: {
    readonly url: string
    readonly clientId: Option.Option<Secret>
    readonly clientSecret: Option.Option<Secret>
    readonly webhookToken: Option.Option<Secret>
  }
  readonly utmify: { readonly url: string; readonly token: Option.Option<Secret> }
  readonly facebook: {
    readonly url: string
    readonly pixelId: Option.Option<string>
    readonly accessToken: Option.Option<Secret>
    readonly testEventCode: Option.Option<string>
  }
  readonly s3: Option.Option<{
    readonly endpoint: string
    readonly bucket: string
    readonly region: string
    readonly accessKeyId: Secret
    readonly secretAccessKey: Secret
  }>
  readonly logLevel: LogLevelName
  readonly logFormat: "text" | "json"
  readonly otlpEndpoint: Option.Option<string>
}

export type LogLevelName = "debug" | "info" | "warn" | "error"

export interface ParsedConfig {
  /** Absent when there are problems. `adminToken`/`encryptionKey` may still be empty: see `generatedSecrets`. */
  readonly config: ConfigShape | undefined
  readonly problems: ReadonlyArray<string>
}

/** Pure: every problem at once, one PT-BR sentence each (contract, section 2). */
export const parseConfig = (env: Environment, dataDir: string): ParsedConfig => {
  const read = new Reader(env)
  const config: ConfigShape = {
    dataDir,
    databaseUrl: Option.map(
      read.optional("DATABASE_URL", isPostgresUrl, "deve começar com postgres:// ou postgresql://"),
      Redacted.make
    ),
    port: read.port("PORT", 3000),
    host: read.text("HOST", "0.0.0.0"),
    publicUrl: Option.map(
      read.optional("PUBLIC_URL", isPublicUrl, "deve ser um endereço https completo, como https://meusite.com.br"),
      withoutSlash
    ),
    adminToken: Redacted.make(read.text("ADMIN_TOKEN", "")),
    encryptionKey: Redacted.make(
      Option.getOrElse(
        read.optional("ENCRYPTION_KEY", (v) => /^[0-9a-fA-F]{64}$/.test(v), "deve ter 64 dígitos hexadecimais"),
        () => ""
      )
    ),
    generated: { adminToken: false, encryptionKey: false },
    telegramApiUrl: read.url("TELEGRAM_API_URL", "https://api.telegram.org"),
    telegramTokens: read.prefixed(
      "TELEGRAM_TOKEN_",
      (v) => /^\d+:[\w-]+$/.test(v),
      "deve ser o token que o @BotFather deu"
    ),
    pushinpay: {
      url: read.url("PUSHINPAY_URL", "https://api.pushinpay.com.br/api"),
      token: read.secret("PUSHINPAY_TOKEN"),
      webhookToken: read.secret("PUSHINPAY_WEBHOOK_TOKEN")
    },
    syncpay: {
      url: read.url("SYNCPAY_URL", "https://api.syncpayments.com.br"),
      clientId: read.secret("SYNCPAY_CLIENT_ID"),
      clientSecret: read.secret("SYNCPAY_CLIENT_SECRET"),
      webhookToken: read.secret("SYNCPAY_WEBHOOK_TOKEN")
    },
    utmify: { url: read.url("UTMIFY_URL", "https://api.utmify.com.br"), token: read.secret("UTMIFY_TOKEN") },
    facebook: {
      url: read.url("FACEBOOK_API_URL", "https://graph.facebook.com/v26.0"),
      pixelId: read.optional("FACEBOOK_PIXEL_ID", (v) => /^\d{5,20}$/.test(v), "deve conter apenas números"),
      accessToken: read.secret("FACEBOOK_ACCESS_TOKEN"),
      testEventCode: read.optional("FACEBOOK_TEST_EVENT_CODE", () => true, "")
    },
    s3: parseS3(read),
    logLevel: read.oneOf("LOG_LEVEL", ["debug", "info", "warn", "error"], "info"),
    logFormat: read.oneOf("LOG_FORMAT", ["text", "json"], "text"),
    otlpEndpoint: Option.map(
      read.optional("OTEL_EXPORTER_OTLP_ENDPOINT", isHttpUrl, "deve ser um endereço http(s) completo"),
      withoutSlash
    )
  }
  read.together(["SYNCPAY_CLIENT_ID", "SYNCPAY_CLIENT_SECRET"])
  return { config: read.problems.length === 0 ? config : undefined, problems: read.problems }
}

const parseS3 = (read: Reader): ConfigShape["s3"] => {
  read.together(["S3_ENDPOINT", "S3_BUCKET", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"])
  const region = read.text("S3_REGION", "auto")
  return Option.all({
    endpoint: read.optional("S3_ENDPOINT", isHttpUrl, "deve ser um endereço http(s) completo"),
    bucket: read.optional("S3_BUCKET", () => true, ""),
    region: Option.some(region),
    accessKeyId: read.secret("S3_ACCESS_KEY_ID"),
    secretAccessKey: read.secret("S3_SECRET_ACCESS_KEY")
  })
}

const isHttpUrl = (v: string) => URL.canParse(v) && /^https?:$/.test(new URL(v).protocol)

const isPostgresUrl = (v: string) => URL.canParse(v) && /^postgres(ql)?:$/.test(new URL(v).protocol)

/** Telegram only calls https; plain http is accepted for this machine alone (sandbox, tests). */
const isPublicUrl = (v: string) => {
  if (!isHttpUrl(v)) return false
  const { hostname, protocol } = new URL(v)
  return protocol === "https:" || ["localhost", "127.0.0.1", "[::1]"].includes(hostname)
}

const withoutSlash = (v: string) => v.replace(/\/+$/, "")
