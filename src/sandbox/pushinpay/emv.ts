/** A BR Code that every reader accepts and no bank can pay: the dynamic form, pointing at a reserved host. */
export interface BrCode {
  readonly chargeId: string
  readonly valueCents: number
  readonly merchant?: string
  readonly city?: string
  /** Pads the code to at least this many characters, as the longer codes of some banks are. */
  readonly minLength?: number
}

const HOST = "pix.sandbox.invalid/qr/v2/"

export const brCode = ({
  chargeId,
  valueCents,
  merchant = "LOJA SANDBOX",
  city = "SAO PAULO",
  minLength = 0
}: BrCode): string => {
  const account = field("00", "br.gov.bcb.pix") + field("25", HOST + chargeId)
  const body =
    field("00", "01") +
    field("01", "12") +
    field("26", account) +
    field("52", "0000") +
    field("53", "986") +
    field("54", (valueCents / 100).toFixed(2)) +
    field("58", "BR") +
    field("59", merchant) +
    field("60", city) +
    field("62", field("05", "***"))
  return sealed(body + padding(minLength - body.length - CRC_LENGTH))
}

/** CRC-16/CCITT-FALSE, as four upper-case hex digits. */
export const crc16 = (text: string): string => {
  let crc = 0xff_ff
  for (const byte of Buffer.from(text, "latin1")) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x80_00) === 0 ? crc << 1 : (crc << 1) ^ 0x10_21
    crc &= 0xff_ff
  }
  return crc.toString(16).toUpperCase().padStart(4, "0")
}

const CRC_LENGTH = "63040000".length

const sealed = (body: string): string => `${body}6304${crc16(`${body}6304`)}`

const field = (id: string, value: string): string => `${id}${String(value.length).padStart(2, "0")}${value}`

/** Fills with unreserved templates (80 to 99), which readers skip. */
const padding = (missing: number): string => {
  let text = ""
  for (let id = 80; text.length < missing && id <= 99; id++) {
    const filler = field("01", "X".repeat(Math.min(Math.max(missing - text.length - 30, 1), 70)))
    text += field(String(id), field("00", "br.com.sandbox") + filler)
  }
  return text
}
