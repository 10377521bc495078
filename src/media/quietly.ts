import type { Readable } from "node:stream"

/** A stream that breaks when nobody listens would end the process; whoever reads it still hears of it. */
export const quietly = <S extends Readable>(stream: S): S => stream.on("error", () => undefined)
