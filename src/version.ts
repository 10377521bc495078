import { readFileSync } from "node:fs"

const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string }

/** As in package.json; read once, when the module is loaded. */
export const version: string = manifest.version
