import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { invalid } from "../../src/bots/refusals.ts"
import type { AlertSettings } from "../../src/domain/alert.ts"
import { defaultMetaEvents, type PresellContent, type TrackingPatch } from "../../src/domain/tracking.ts"
import type { GatewayFee } from "../../src/repo/GatewayFeesRepo.ts"
import type { UpdateView } from "../../src/repo/updates/list.ts"
import { openDoor } from "../http/door.ts"
import { deadUpdate, shownGateway } from "../support/doubles.ts"
import { enter } from "./visitor.ts"

const hostile = `=1+1"><svg onload=alert(1)>`

const letter: UpdateView = { ...deadUpdate, error: hostile }

const none = { bot: null, chat_id: null }

const words = (text: string) => text.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ")

describe("the settings in the panel", () => {
  const opened = Effect.gen(function* () {
    const patches: Array<TrackingPatch> = []
    const presells: Array<PresellContent> = []
    const fees: Array<GatewayFee> = []
    const told: Array<readonly [what: string, settings: AlertSettings]> = []
    const replayed: Array<unknown> = []
    const view = {
      pixel_id: "123456789012345",
      pixel_from: "bot" as const,
      pixel_token_masked: "EAAB...ZDZD",
      test_event_code: "TEST123",
      meta_events: defaultMetaEvents,
      consent_required: false,
      utmify_waiting_payment: true
    }
    const door = yield* openDoor({
      admin: {
        tracking: () => Effect.succeed(view),
        patchTracking: (_, patch) =>
          patch.pixel_id === null && typeof patch.pixel_token === "string"
            ? Effect.fail(invalid({ pixel_token: "Um token precisa do pixel a que pertence." }))
            : Effect.sync(() => (patches.push(patch), view)),
        presell: () => Effect.succeed({ title: hostile, text: hostile, image_url: "https://exemplo.com.br/a.png" }),
        putPresell: (_, content) => Effect.sync(() => (presells.push(content), content))
      },
      alerts: {
        settings: Effect.succeed(none),
        save: (settings) => Effect.sync(() => (told.push(["save", settings]), settings)),
        test: (settings) =>
          settings.chat_id === "1"
            ? Effect.fail(invalid({ chat_id: "O teste não chegou: este bot não conhece essa conversa." }))
            : Effect.sync(() => (told.push(["test", settings]), settings))
      },
      gateways: [shownGateway],
      fees: {
        all: Effect.succeed([{ gateway: "pushinpay", fixedCents: 30, percentBps: 0 }]),
        save: (fee) => Effect.sync(() => void fees.push(fee))
      },
      updates: {
        list: () => Effect.succeed({ items: [letter], next_cursor: null }),
        replay: (key) =>
          Effect.sync(() =>
            key.updateId === 7
              ? (replayed.push(key), { _tag: "Replayed" as const, update: letter })
              : { _tag: "Missing" as const }
          ),
        replayAll: (botId) => Effect.sync(() => (replayed.push(botId), 3))
      }
    })
    return { fees, patches, presells, replayed, told, ...(yield* enter(door)) }
  })

  it.live("show a presell page's texts as words, keep what is left empty out, and complain at the field", () =>
    Effect.gen(function* () {
      const { get, post, presells } = yield* opened
      const shown = yield* get("/admin/bots/vip/presell")
      assert.strictEqual(shown.status, 200)
      assert.notInclude(shown.text, "<svg onload")
      assert.include(shown.text, `value="https://seu-endereco/p/vip"`)
      assert.include(shown.text, "utm_campaign={{campaign.name}}|{{campaign.id}}")
      const path = "/admin/bots/vip/presell"
      const { headers, status } = yield* post(path, { title: " Clube ", text: "Um\r\n\r\nDois", image_url: "" })
      assert.deepStrictEqual([status, headers["location"]], [303, `${path}?feito=salvo`])
      assert.deepStrictEqual(presells, [{ title: "Clube", text: "Um\n\nDois" }])
      const refused = yield* post(path, { title: "a".repeat(121), image_url: "http://exemplo.com.br/a.png" })
      assert.strictEqual(refused.status, 422)
      assert.match(refused.text, /id="f-title-fault">\s*Deve ter no máximo 120 caracteres\./)
      assert.match(refused.text, /id="f-image_url-fault">\s*Deve ser um endereço https completo\./)
      assert.lengthOf(presells, 1)
      assert.strictEqual((yield* get("/admin/bots/nenhum/presell")).status, 404)
    })
  )

  it.live("preview a presell page without saving it, where nothing runs and nobody is counted", () =>
    Effect.gen(function* () {
      const { get, post, presells } = yield* opened
      const { headers, status, text } = yield* post("/admin/bots/vip/presell/previa", { title: hostile, button: "Ir" })
      assert.strictEqual(status, 200)
      assert.match(
        String(headers["content-security-policy"]),
        /^default-src 'none'; style-src 'unsafe-inline'; img-src/
      )
      assert.include(text, "&lt;svg onload")
      assert.notMatch(text, /<script|<svg|href="\.\.\/go/)
      assert.include((yield* get("/p/vip")).text, `href="../go/vip"`)
      assert.lengthOf(presells, 0)
      assert.strictEqual((yield* post("/admin/bots/vip/presell/previa", { color: "red" })).status, 422)
    })
  )

  it.live("change a pixel without ever showing its token, which an empty field keeps", () =>
    Effect.gen(function* () {
      const { get, patches, post } = yield* opened
      const path = "/admin/bots/vip/rastreamento"
      const shown = yield* get(path)
      assert.include(shown.text, "EAAB...ZDZD")
      assert.include(words(shown.text), "Em teste com o código TEST123")
      assert.match(shown.text, /name="pixel_token"\s+type="password"\s+value=""/)
      const events = Object.fromEntries(
        Object.entries(defaultMetaEvents).flatMap(([step, { action_source, name }]) => [
          [`meta_events.${step}.name`, step === "bot_start" ? "" : String(name)],
          [`meta_events.${step}.action_source`, action_source]
        ])
      )
      const form = { pixel_id: "123456789012345", pixel_token: "", utmify_waiting_payment: "1", ...events }
      assert.strictEqual((yield* post(path, form)).status, 303)
      assert.deepStrictEqual(patches, [
        {
          pixel_id: "123456789012345",
          test_event_code: null,
          meta_events: { ...defaultMetaEvents, bot_start: { name: null, action_source: "chat" } },
          consent_required: false,
          utmify_waiting_payment: true
        }
      ])
      yield* post(path, { ...form, forget_token: "1", consent_required: "1" })
      assert.deepInclude(patches[1], { pixel_token: null, consent_required: true })
      const token = "EAAB0um0token0que0ninguem0ve0"
      const refused = yield* post(path, { ...form, pixel_id: "", pixel_token: token, "meta_events.pix_paid.name": "1" })
      assert.strictEqual(refused.status, 422)
      assert.match(refused.text, /id="f-meta_events-pix_paid-name-fault">\s*Use letras/)
      const alone = yield* post(path, { ...form, pixel_id: "", pixel_token: token })
      assert.match(alone.text, /id="f-pixel_token-fault">\s*Um token precisa do pixel/)
      for (const { text } of [refused, alone]) assert.notInclude(text, token)
      assert.lengthOf(patches, 2)
    })
  )

  it.live("take a gateway's fee in reais and percent", () =>
    Effect.gen(function* () {
      const { fees, get, post } = yield* opened
      const { text } = yield* get("/admin/ajustes")
      assert.match(text, /name="fee_fixed_cents"\s+type="text"\s+value="0,30"/)
      const path = "/admin/ajustes/gateways/pushinpay"
      assert.strictEqual((yield* post(path, { fee_fixed_cents: "R$ 0,35", fee_percent_bps: "0,99" })).status, 303)
      assert.deepStrictEqual(fees, [{ gateway: "pushinpay", fixedCents: 35, percentBps: 99 }])
      const refused = yield* post(path, { fee_fixed_cents: "caro", fee_percent_bps: "101" })
      assert.strictEqual(refused.status, 422)
      assert.match(refused.text, /id="pushinpay-fee_fixed_cents-fault">\s*Escreva um valor em reais/)
      assert.match(refused.text, /id="pushinpay-fee_percent_bps-fault">\s*Escreva uma porcentagem/)
      assert.include(refused.text, `value="caro"`)
      assert.lengthOf(fees, 1)
      const fee = { fee_fixed_cents: "1", fee_percent_bps: "1" }
      assert.strictEqual((yield* post("/admin/ajustes/gateways/outro", fee)).status, 404)
    })
  )

  it.live("save, test and end alerts, and say at the field why a test did not arrive", () =>
    Effect.gen(function* () {
      const { post, told } = yield* opened
      const path = "/admin/ajustes/avisos"
      const tested = yield* post(path, { bot: "vip", chat_id: "72", op: "test" })
      assert.strictEqual(tested.status, 200)
      assert.include(words(tested.text), "O teste chegou ao Telegram.")
      assert.match(tested.text, /id="avisos-chat_id"[^>]*value="72"/)
      yield* post(path, { bot: "vip", chat_id: "72" })
      const ended = yield* post(path, { bot: "", chat_id: "" })
      assert.strictEqual(ended.headers["location"], "/admin/ajustes?feito=avisos-desligados")
      assert.deepStrictEqual(told, [
        ["test", { bot: "vip", chat_id: "72" }],
        ["save", { bot: "vip", chat_id: "72" }],
        ["save", none]
      ])
      const lost = yield* post(path, { bot: "vip", chat_id: "1", op: "test" })
      assert.strictEqual(lost.status, 422)
      assert.match(lost.text, /id="avisos-chat_id-fault">\s*O teste não chegou: este bot não conhece/)
      assert.match(
        (yield* post(path, { bot: "vip", chat_id: "Ana" })).text,
        /id="avisos-chat_id-fault">\s*Deve ser o número/
      )
    })
  )

  it.live("say why a message failed, and try one or all of them again", () =>
    Effect.gen(function* () {
      const { get, post, replayed } = yield* opened
      assert.include((yield* get("/admin/entregas")).text, `href="/admin/entregas/recebidas"`)
      const { text } = yield* get("/admin/entregas/recebidas?bot=vip")
      assert.include(text, "&lt;svg onload")
      assert.notInclude(text, "<svg onload")
      assert.match(words(text), /Enviou \/start 7205343917 vip .*\(4 tentativas\)/)
      assert.strictEqual((yield* post("/admin/entregas/recebidas/vip/7")).status, 303)
      assert.strictEqual((yield* post("/admin/entregas/recebidas/vip/8")).status, 404)
      yield* post("/admin/entregas/recebidas/todas", { bot: "vip" })
      const all = yield* post("/admin/entregas/recebidas/todas", { bot: "" })
      assert.strictEqual(all.headers["location"], "/admin/entregas/recebidas?feito=refeitas")
      assert.deepStrictEqual(replayed, [{ botId: 1, updateId: 7 }, 1, undefined])
    })
  )
})
