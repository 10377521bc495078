import type { MediaKind } from "../../domain/contentModel.ts"

/** `<bot>/<kind>/<sha256>.<ext>`, as the older systems wrote it: the same bytes of a bot lie under one key. */
export const keyOf = (botSlug: string, kind: MediaKind, sha256: string, ext: string): string =>
  `${plain(botSlug)}/${kind}/${sha256}.${plain(ext)}`

/** V2 checked no slug: what could mean something to a path or an address is written as its code. */
const plain = (text: string): string =>
  text.replace(/[^A-Za-z0-9_-]/gu, (char) => `~${char.codePointAt(0)?.toString(16) ?? ""}`)
