import { qrPng } from "../../messages/qr.ts"

/** "tiny" is for load tests: drawing a code costs time, a fixed picture nothing. */
export type QrMode = "real" | "tiny"

const TINY =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABAQAAAAA3bvkkAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="

/** A PNG as data URI without a quiet zone, as PushinPay sends it. */
export const qrDataUri = (code: string, mode: QrMode): string =>
  mode === "tiny" ? TINY : `data:image/png;base64,${qrPng(code, 0).toString("base64")}`
