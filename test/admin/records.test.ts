import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import type { PaymentView } from "../../src/domain/payment.ts"
import { conflict } from "../../src/bots/refusals.ts"
import type { UserView } from "../../src/repo/ListsRepo.ts"
import { openDoor } from "../http/door.ts"
import { enter } from "./visitor.ts"

const hostile = `=1+1"><svg onload=alert(1)>`
const at = "2026-11-07T12:00:00.000Z"

const payment: PaymentView = {
  id: 9,
  bot: "vip",
  telegram_id: 7_205_343_917,
  plan_id: 3,
  plan_name: hostile,
  gateway: "pushinpay",
  gateway_charge_id: hostile,
  value_cents: 1990,
  fee_cents: null,
  net_cents: null,
  status: "paid",
  end_to_end_id: hostile,
  payer_name: hostile,
  problem: hostile,
  source: hostile,
  created_at: at,
  paid_at: "2026-11-07T12:03:20.000Z",
  refunded_at: null
}

const person: UserView = {
  bot: "vip",
  telegram_id: 7_205_343_917,
  name: hostile,
  username: hostile,
  language_code: hostile,
  blocked: true,
  opted_out: true,
  has_paid: true,
  session_id: hostile,
  first_seen_at: at,
  last_seen_at: at,
  last_start_at: at
}

const none = Effect.succeed({ items: [], next_cursor: null })

describe("payments and people in the panel", () => {
  const opened = Effect.gen(function* () {
    const asked: Array<unknown> = []
    const door = yield* openDoor({
      lists: {
        users: (query) => Effect.sync(() => (asked.push(query), { items: [person], next_cursor: null })),
        events: () => none
      },
      paymentsRepo: {
        list: (query) => Effect.sync(() => (asked.push(query), { items: [payment], next_cursor: null })),
        view: (id) => Effect.succeed(id === 9 ? Option.some(payment) : Option.none()),
        story: () =>
          Effect.succeed([
            { at, kind: "webhook" as const, who: "pushinpay", what: hostile, state: "done", times: 2, error: null },
            {
              at,
              kind: "delivery" as const,
              who: "utmify",
              what: "pix_paid",
              state: "failed",
              times: 7,
              error: hostile
            }
          ]),
        search: () => Effect.succeed([])
      },
      erase: (slug, telegramId) =>
        Effect.sync(
          () => (asked.push({ erased: `${slug} ${telegramId}` }), { people: 1, payments: 1, events: 0, sessions: 0 })
        ),
      refund: () => Effect.fail(conflict("Este pagamento já foi devolvido."))
    })
    return { asked, ...(yield* enter(door)) }
  })

  it.live("show whatever strangers wrote as words", () =>
    Effect.gen(function* () {
      const { get } = yield* opened
      for (const path of [
        "/admin/pagamentos",
        "/admin/pagamentos/9",
        "/admin/pessoas",
        "/admin/pessoas/vip/7205343917"
      ]) {
        const { status, text } = yield* get(path)
        assert.strictEqual(status, 200, path)
        assert.notInclude(text, "<svg onload", path)
        assert.include(text, "&lt;svg onload", path)
      }
      const sheet = yield* get("/admin/pessoas/planilha")
      assert.match(String(sheet.headers["content-disposition"]), /^attachment; filename="pessoas\.csv"/)
      assert.include(sheet.text, `"'=1+1""><svg onload=alert(1)>"`)
    })
  )

  it.live("tell a charge's story in sentences, in its order", () =>
    Effect.gen(function* () {
      const { get } = yield* opened
      const { text } = yield* get("/admin/pagamentos/9")
      const words = text.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ")
      assert.match(words, /A pessoa pediu o plano .* por R\$ 19,90; a cobrança foi pedida a pushinpay\./)
      assert.match(words, /pushinpay avisou .* \(2 vezes\), e foi conferido\./)
      assert.match(words, /Não saiu o aviso de venda para a UTMify, depois de 7 tentativas: /)
      assert.isBelow(words.indexOf("A pessoa pediu"), words.indexOf("Foi pago"))
      assert.strictEqual((yield* get("/admin/pagamentos/10")).status, 404)
    })
  )

  it.live("pass the filters on, and complain about those that make no sense", () =>
    Effect.gen(function* () {
      const { asked, get } = yield* opened
      yield* get("/admin/pagamentos?bot=vip&situacao=paid&pessoa=7205343917&de=2026-11-01&ate=2026-11-07")
      assert.deepInclude(asked.at(-1), {
        bot: "vip",
        status: "paid",
        telegramId: 7_205_343_917,
        from: new Date("2026-11-01T03:00:00Z"),
        to: new Date("2026-11-08T03:00:00Z")
      })
      const odd = yield* get("/admin/pagamentos?situacao=xis&pessoa=Ana&de=2026-02-30&cursor=nao")
      assert.strictEqual(odd.status, 200)
      assert.include(odd.text, "Uma das datas não existe.")
      assert.deepInclude(asked.at(-1), { status: undefined, telegramId: undefined, cursor: undefined })
    })
  )

  it.live("say why a refund was not made", () =>
    Effect.gen(function* () {
      const { post } = yield* opened
      const { status, text } = yield* post("/admin/pagamentos/9/devolver")
      assert.strictEqual(status, 409)
      assert.include(text, "Este pagamento já foi devolvido.")
    })
  )

  it.live("forget a person, and say so", () =>
    Effect.gen(function* () {
      const { asked, get, post } = yield* opened
      const { headers, status } = yield* post("/admin/pessoas/vip/7205343917/apagar")
      assert.strictEqual(status, 303)
      assert.deepStrictEqual(asked.at(-1), { erased: "vip 7205343917" })
      assert.strictEqual(headers["location"], "/admin/pessoas?bot=vip&feito=esquecido")
      assert.include((yield* get(String(headers["location"]))).text, "Os pagamentos ficaram, sem nome.")
    })
  )
})
