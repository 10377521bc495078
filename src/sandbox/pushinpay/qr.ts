import { toBuffer } from "qrcode"

/** "tiny" is for load tests: drawing a code costs milliseconds, a fixed picture nothing. */
export type QrMode = "real" | "tiny"

const TINY =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABAQAAAAA3bvkkAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="

/** A PNG as data URI without a quiet zone, as PushinPay sends it. */
export const qrDataUri = async (code: string, mode: QrMode): Promise<string> => {
  if (mode === "tiny") return TINY
  const png = await toBuffer(code, { type: "png", errorCorrectionLevel: "M", margin: 0, scale: 6 })
  return `data:image/png;base64,${png.toString("base64")}`
}
