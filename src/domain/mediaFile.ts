import { Result } from "effect"
import { type StoredKind, storedKindOf } from "./botMedia.ts"
import type { MediaKind } from "./contentModel.ts"

const mebibyte = 1024 * 1024

/** What Telegram takes by upload (facts/telegram, section 4). */
export const maxPhotoBytes = 10 * mebibyte
export const maxFileBytes = 50 * mebibyte
const maxPhotoSides = 10_000
const maxPhotoRatio = 20

export const maxBytesOf = (kind: MediaKind | undefined): number => (kind === "photo" ? maxPhotoBytes : maxFileBytes)

/** A file by what its bytes say, whatever its name was. */
export interface FileFacts {
  readonly bytes: number
  readonly mime: string
  /** Without a dot. */
  readonly ext: string
  readonly width?: number
  readonly height?: number
}

export interface FileKind {
  readonly kind: MediaKind
  readonly storedKind: StoredKind
}

/** Why a file cannot be sent, in a sentence for the seller. */
export interface FileRefusal {
  readonly why: "too_large" | "unfit"
  readonly message: string
}

/** What Telegram shows as such; everything else can only be a document. */
const accepted: Readonly<Record<Exclude<MediaKind, "document">, ReadonlyArray<string>>> = {
  photo: ["image/jpeg", "image/png", "image/bmp", "image/tiff"],
  video: ["video/mp4", "video/x-m4v"],
  animation: ["image/gif", "video/mp4", "video/x-m4v"],
  audio: ["audio/mpeg", "audio/x-m4a", "audio/mp4"],
  voice: ["audio/ogg", "audio/mpeg", "audio/x-m4a", "audio/mp4"],
  video_note: ["video/mp4", "video/x-m4v"]
}

const spoken: Readonly<Record<MediaKind, { readonly one: string; readonly formats: string }>> = {
  photo: { one: "uma foto", formats: "JPG ou PNG" },
  video: { one: "um vídeo", formats: "MP4" },
  animation: { one: "uma animação", formats: "GIF ou MP4" },
  audio: { one: "um áudio", formats: "MP3 ou M4A" },
  voice: { one: "uma mensagem de voz", formats: "OGG, MP3 ou M4A" },
  document: { one: "um documento", formats: "qualquer formato" },
  video_note: { one: "um vídeo redondo", formats: "MP4" }
}

/** In this order: a GIF is an animation and an MP4 a video unless the seller says otherwise. */
const usual: ReadonlyArray<Exclude<MediaKind, "document">> = ["photo", "video", "animation", "audio", "voice"]

/** What a file is sent as: as the seller wishes, or as its bytes suggest; or why Telegram would refuse it. */
export const judgeFile = (facts: FileFacts, wanted?: MediaKind): Result.Result<FileKind, FileRefusal> => {
  if (facts.bytes === 0) return unfit("O arquivo está vazio.")
  const mime = facts.mime.split(";", 1)[0] ?? ""
  const kind = wanted ?? usual.find((one) => accepted[one].includes(mime)) ?? otherwise(mime)
  if (kind === undefined) return unfit(unshowable(mime))
  if (kind !== "document" && !accepted[kind].includes(mime)) {
    return unfit(`O conteúdo deste arquivo não serve para ${spoken[kind].one}: envie ${spoken[kind].formats}.`)
  }
  if (facts.bytes > maxBytesOf(kind)) return Result.fail(tooLarge(kind, facts.bytes))
  const problem = kind === "photo" ? photoProblem(facts) : undefined
  return problem === undefined ? Result.succeed({ kind, storedKind: storedKindOf[kind] }) : unfit(problem)
}

export const tooLarge = (kind: MediaKind | undefined, bytes?: number): FileRefusal => {
  const limit = maxBytesOf(kind)
  const what = spoken[kind ?? "document"].one.replace("um documento", "um arquivo")
  const size =
    bytes === undefined ? "este passa disso" : `${kind === "photo" ? "esta" : "este"} tem ${megabytes(bytes)}`
  return { why: "too_large", message: `O Telegram aceita ${what} de até ${megabytes(limit)}; ${size}.` }
}

const unfit = (message: string) => Result.fail<FileRefusal>({ why: "unfit", message })

/** A picture, film or sound that Telegram does not show as one: as a mere file it would surprise the seller. */
const otherwise = (mime: string): MediaKind | undefined =>
  /^(image|video|audio)\//.test(mime) ? undefined : "document"

const unshowable = (mime: string): string => {
  const kind = mime.startsWith("image/") ? "photo" : mime.startsWith("video/") ? "video" : "audio"
  const { formats, one } = spoken[kind]
  return `O Telegram não mostra este formato como ${one.replace(/^uma? /, "")}: envie ${formats}, ou mande como documento.`
}

const photoProblem = ({ height = 0, width = 0 }: FileFacts): string | undefined => {
  if (width === 0 || height === 0) return "Não consegui ler esta imagem; salve-a de novo como JPG ou PNG."
  if (width + height > maxPhotoSides) {
    return `A foto é grande demais: largura e altura somam ${width + height} pontos, e o Telegram aceita até ${maxPhotoSides}.`
  }
  if (Math.max(width, height) > maxPhotoRatio * Math.min(width, height)) {
    return `A foto é comprida demais: um lado pode ter no máximo ${maxPhotoRatio} vezes o outro.`
  }
  return undefined
}

/** Rounded up: what is over a limit never reads like the limit. */
const megabytes = (bytes: number): string => `${String(Math.ceil((bytes / mebibyte) * 10) / 10).replace(".", ",")} MB`
