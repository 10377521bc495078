import { randomInt } from "node:crypto"
import type { NewPerson } from "../telegram/people.ts"

const NAMES: ReadonlyArray<readonly [first: string, last: string]> = [
  ["Ana", "Souza"],
  ["Bruno", "Lima"],
  ["Carla", "Dias"],
  ["Diego", "Alves"],
  ["Elisa", "Rocha"],
  ["Felipe", "Nunes"],
  ["Gabi", "Moraes"],
  ["Heitor", "Melo"]
]

/**
 * Somebody nobody met before: the database of the demo outlives the chats of the stand-in, and an old id would be an
 * old buyer.
 */
export const stranger = (index: number): NewPerson => {
  const [first_name, last_name] = NAMES[index % NAMES.length]!
  return { id: randomInt(5_000_000_000, 8_000_000_000), first_name, last_name, language_code: "pt-br" }
}
