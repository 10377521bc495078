import { Option } from "effect"
import type { LoadedBot } from "../bots/Catalogue.ts"
import { nameOfMedia } from "../domain/botMedia.ts"
import { readStoredContent, type UnboundContent } from "../domain/legacyContent.ts"
import type { FileRow, UsingRow } from "../repo/MediaRepo.ts"

const words: Readonly<Record<UsingRow["what"], string>> = { downsell: "downsell", shot: "disparo" }

/** Where a file is used, in words for the seller. */
export const usersOf = (
  { bot }: Pick<LoadedBot, "bot">,
  file: Pick<FileRow, "id" | "sha256" | "storedKind">,
  others: ReadonlyArray<UsingRow>
): ReadonlyArray<string> => {
  const fileId = bot.media.get(nameOfMedia({ media_id: file.id }))?.fileId
  const uses = (content: Pick<UnboundContent, "media">) =>
    (content.media ?? []).some((one) => {
      if ("media_id" in one) return one.media_id === file.id
      if ("sha256" in one) return one.sha256 === file.sha256 && one.kind === file.storedKind
      return "file_id" in one && one.file_id === fileId
    })
  return [
    ...(bot.start.some(uses) ? ["mensagem start"] : []),
    ...[...bot.messages].flatMap(([key, content]) => (uses(content) ? [`mensagem ${key}`] : [])),
    ...[...bot.plans.values()].flatMap((plan) =>
      Option.exists(plan.delivery, uses) ? [`entrega do plano ${plan.name}`] : []
    ),
    ...others.flatMap(({ content, mediaRefs, name, what }) =>
      readStoredContent(content, { mediaRefs }).contents.some(uses) ? [`${words[what]} ${name ?? ""}`.trim()] : []
    )
  ]
}
