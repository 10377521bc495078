import { Context, Effect, Layer } from "effect"
import { Config } from "../../config.ts"
import { isLoopbackAddress, isPublicAddress } from "./addresses.ts"

/** Which IP addresses a media may be fetched from: whoever writes a message must not reach our own network through us. */
export class AddressPolicy extends Context.Service<AddressPolicy, { readonly allows: (address: string) => boolean }>()(
  "funil/media/AddressPolicy"
) {
  static readonly layerPublic = Layer.succeed(AddressPolicy, { allows: isPublicAddress })

  /** Where Telegram itself is a stand-in on this machine, other things on this machine may be read as well. */
  static readonly layer = Layer.effect(
    AddressPolicy,
    Effect.map(Config, ({ telegramApiUrl }) => {
      const { hostname } = new URL(telegramApiUrl)
      const sandboxed = hostname === "localhost" || isLoopbackAddress(hostname.replace(/^\[|\]$/g, ""))
      return {
        allows: (address: string) => isPublicAddress(address) || (sandboxed && isLoopbackAddress(address))
      }
    })
  )
}
