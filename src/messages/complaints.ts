import type { TelegramError } from "../telegram/TelegramError.ts"

/** Telegram's words as a seller can act on them. Lower case; the first one found in the description counts. */
const known: ReadonlyArray<readonly [part: string, sentence: string]> = [
  ["chat not found", "O bot não conhece este chat: abra o bot com essa conta e mande /start, ou ponha o bot no grupo."],
  ["bot was blocked", "Essa conta bloqueou o bot."],
  ["bot can't initiate conversation", "Essa conta ainda não falou com o bot: abra-o e mande /start."],
  ["can't parse entities", "O Telegram não entendeu a formatação do texto."],
  ["message is too long", "O texto é longo demais."],
  ["caption is too long", "O texto é longo demais para ir junto da mídia."],
  ["text is empty", "O texto está vazio."],
  ["photo_invalid_dimensions", "A foto é grande ou comprida demais: diminua-a e envie de novo."],
  ["is too big for a photo", "A foto passa de 10 MB."],
  ["file is too big", "O arquivo é grande demais."],
  ["unsupported extension", "O Telegram não aceita este formato de imagem: use JPG ou PNG."],
  ["image_process_failed", "O Telegram não conseguiu abrir a imagem: salve-a de novo como JPG ou PNG."],
  ["file must be non-empty", "O arquivo está vazio."],
  ["failed to get http url content", "O Telegram não conseguiu baixar a mídia do endereço dado."],
  ["wrong type of the web page content", "O endereço da mídia não leva a um arquivo deste tipo."],
  ["webpage_", "O Telegram não conseguiu usar a mídia do endereço dado."],
  ["can't use file of type", "Este file_id é de uma mídia de outro tipo."],
  ["wrong http url specified", "Este file_id não é deste bot, ou o endereço da mídia está errado."],
  ["wrong remote file", "Este file_id não é deste bot."],
  ["invalid file_id", "Este file_id não é deste bot."],
  ["wrong file_id", "Este file_id não é deste bot."],
  ["wrong file identifier", "Este file_id não é deste bot."],
  ["button_url_invalid", "O link de um botão não é aceito pelo Telegram."],
  ["button_data_invalid", "Um botão não é aceito pelo Telegram."],
  ["inline keyboard button", "Um botão não é aceito pelo Telegram."],
  ["reply markup is too long", "Há botões demais, ou textos longos demais neles."],
  ["can't be mixed", "Estas mídias não podem ir juntas em um álbum."],
  ["not enough rights", "O bot não tem permissão para escrever neste chat."],
  ["request entity too large", "O arquivo é grande demais."]
]

/** What Telegram has against a call, in a PT-BR sentence; what nobody has put into words comes with its own. */
export const complaintOf = (error: TelegramError): string => {
  const text = error.description.toLowerCase()
  const found = known.find(([part]) => text.includes(part))
  if (found !== undefined) return found[1]
  const sentence = `${error.sentence.charAt(0).toUpperCase()}${error.sentence.slice(1)}.`
  return error.reason._tag === "Rejected" || error.reason._tag === "BadFile"
    ? `${sentence.slice(0, -1)}: ${error.description}`
    : sentence
}
