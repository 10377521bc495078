import { Effect, Schema } from "effect"
import { type ControlRoute, routeWith } from "../http/control.ts"
import { Sandbox } from "../Sandbox.ts"
import { notPossible } from "../SandboxError.ts"
import { arrive } from "./arrive.ts"
import type { Banks, Move } from "./Banks.ts"
import type { Seller } from "./Seller.ts"
import type { Stage } from "./Stage.ts"

const Who = Schema.Struct({ person: Schema.Int })
const Which = Schema.Struct({ gateway: Schema.String, id: Schema.String })

/** What can be done on the page, each as `POST /__sandbox/<what>`. */
export const makeActions = Effect.fnUntraced(function* (seller: Seller, banks: Banks, stage: Stage) {
  const { telegram } = yield* Sandbox
  const bot = seller.botToken

  const move = (name: Move) => routeWith("POST", `/${name}`, Which, ({ gateway, id }) => banks.move(gateway, id, name))

  const routes: ReadonlyArray<ControlRoute> = [
    routeWith("POST", "/people", Schema.Struct({}), () => stage.addPerson),
    routeWith("POST", "/text", Schema.Struct({ person: Schema.Int, text: Schema.NonEmptyString }), ({ person, text }) =>
      telegram.sendText(bot, person, text)
    ),
    routeWith(
      "POST",
      "/tap",
      Schema.Struct({ person: Schema.Int, message_id: Schema.Int, data: Schema.String }),
      ({ person, message_id, data }) => telegram.tap(bot, person, message_id, data)
    ),
    routeWith(
      "POST",
      "/arrive",
      Schema.Struct({ person: Schema.Int, ad: Schema.optionalKey(Schema.String) }),
      ({ person, ad }) =>
        Effect.flatMap(arrive(seller, ad ?? "lancamento"), (text) => telegram.sendText(bot, person, text))
    ),
    routeWith("POST", "/block", Who, ({ person }) => telegram.block(bot, person)),
    routeWith("POST", "/unblock", Who, ({ person }) => telegram.unblock(bot, person)),
    routeWith("POST", "/join", Schema.Struct({ person: Schema.Int, invite_link: Schema.String }), (body) =>
      Effect.map(telegram.join(body.person, body.invite_link), (result) => ({ result }))
    ),
    routeWith("POST", "/advance", Who, ({ person }) =>
      seller.time === undefined
        ? Effect.fail(notPossible("O banco de dados do serviço está fora de alcance."))
        : Effect.mapError(seller.time.advance(person), ({ message }) => notPossible(message))
    ),
    move("pay"),
    move("expire"),
    move("refund")
  ]
  return routes
})
