import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import type { BrowserContextOptions } from "playwright-core"
import { jpeg, png } from "../media/samples.ts"
import { inPage, openPage } from "../support/browser.ts"
import { orderPix, sentTo } from "../support/shop.ts"
import { World } from "../support/world.ts"
import { desktop, enterPanel, phone } from "./panelVisitor.ts"

const hostile = `<img src=x onerror=alert(1)> & "Cia"`

const sizes: ReadonlyArray<readonly [name: string, options: BrowserContextOptions, token: string, person: number]> = [
  ["on a computer", desktop, "8240789555:AAHpainel0computador0000000000000LEOBE", 7_100_000_001],
  ["at 360 px", phone, "8240789556:AAHpainel0celular0000000000000000LEOBE", 7_100_000_002]
]

layer(World.layerWith(), { excludeTestServices: true, timeout: 120_000 })("the panel", (it) => {
  for (const [name, options, token, personId] of sizes) {
    const slug = `bot-${personId % 10}`

    it.effect(`does a seller's day ${name}`, () =>
      Effect.gen(function* () {
        const { sandbox, service } = yield* World
        const { telegram } = sandbox
        const { calm, open, page } = yield* enterPanel(service, options)
        yield* telegram.addBot({ token, username: `${slug.replace("-", "_")}_bot`, name: hostile })

        // A bot, its token looked at by Telegram.
        yield* open("/admin/bots/novo")
        yield* inPage(async () => {
          await page.getByLabel("Token do bot").fill("123456:nao-existe-este-token")
          await page.getByLabel("Endereço curto").fill(slug)
          await page.getByRole("button", { name: "Cadastrar" }).click()
          await page.locator("#f-token-fault").waitFor()
          await page.getByLabel("Token do bot").fill(token)
          await page.getByRole("button", { name: "Cadastrar" }).click()
          await page.getByRole("heading", { level: 1, name: hostile }).waitFor()
          await page.getByLabel("Nome do plano").fill("Mensal")
          await page.getByLabel("Preço em reais").fill("19,90")
          await page.getByRole("button", { name: "Criar plano" }).click()
          await page.getByText("Pronto, foi criado.").waitFor()
        })

        // A greeting with three media and a button.
        yield* open(`/admin/mensagens/${slug}/start`)
        yield* inPage(async () => {
          await page.getByLabel("Texto", { exact: true }).fill("Olá {nome}! <b>Oferta</b>")
          await page.locator("#previa").getByText("Olá Ana! Oferta").waitFor()
          for (const [at, buffer] of [png(), jpeg(), png(320, 200)].entries()) {
            const file = { name: `foto-${at}.png`, mimeType: "image/png", buffer }
            await page.getByLabel("Enviar um arquivo").setInputFiles(file)
            await page.getByRole("button", { name: "Enviar", exact: true }).click()
            await page.locator("#biblioteca .thumb").nth(at).waitFor()
          }
          for (const at of [0, 1, 2]) {
            await page.locator("#biblioteca").getByRole("button", { name: /^Usar/ }).nth(at).click()
            await page.getByText(`Mídias (${at + 1} de 3)`).waitFor()
          }
          await page.getByRole("button", { name: "Adicionar botão" }).click()
          await page.getByLabel("Texto do botão").fill("Quero o mensal")
          await page.getByRole("button", { name: "Salvar" }).last().click()
          await page.getByText("Escolha o que este botão faz.").waitFor()
          await page.getByLabel("Plano", { exact: true }).selectOption({ label: "Mensal, R$ 19,90" })
          await page.locator("#previa .key").getByText("Quero o mensal").waitFor()
          assert.strictEqual(await page.locator("#previa .album > *").count(), 3)
          await page.getByRole("button", { name: "Salvar" }).last().click()
          await page.getByText("Salvo. Já está valendo.").waitFor()
        })

        // The sale, seen as it happens.
        const person = { id: personId, first_name: hostile }
        yield* open("/admin/ao-vivo")
        yield* inPage(() => page.getByText("Ligado: as linhas aparecem aqui na hora.").waitFor())
        const charge = yield* orderPix(sandbox, person, { token })
        const album = yield* telegram.waitFor(
          (call) => call.method === "sendMediaGroup" && Number(call.params["chat_id"]) === personId
        )
        assert.lengthOf(JSON.parse(String(album.params["media"])) as ReadonlyArray<unknown>, 3)
        yield* sandbox.pushinpay.pay(charge.id)
        yield* inPage(() => page.locator(".live li").getByText(`user=${personId} valor=19.90 status=paid`).waitFor())

        // A shot to whoever paid.
        yield* open(`/admin/shots/${slug}/novo`)
        yield* inPage(async () => {
          await page.getByLabel("Título").fill("Obrigado")
          await page.getByLabel("Público").selectOption({ label: "Quem já pagou" })
          await page.getByText("1 pessoa receberia agora.").waitFor()
          await page.getByLabel("Texto", { exact: true }).fill("Um presente, {nome}")
          await page.getByRole("button", { name: "Salvar" }).last().click()
          await page.getByRole("button", { name: "Começar agora" }).click()
          await page.getByText("1 de 1 (100 %).").waitFor()
        })
        yield* telegram.waitFor(sentTo(personId, /Um presente/))

        // The money goes back, and the list goes into a spreadsheet.
        yield* open(`/admin/pagamentos?bot=${slug}`)
        const sheet = yield* inPage(async () => {
          const download = page.waitForEvent("download")
          await page.getByRole("link", { name: "Baixar planilha" }).click()
          const text = readFileSync(await (await download).path(), "utf8")
          await page.getByRole("link", { name: /^nº/ }).first().click()
          await page.getByRole("button", { name: "Devolver tudo" }).click()
          await page.getByText("O pagamento foi devolvido.").waitFor()
          return text
        })
        assert.match(sheet, /^id,bot,telegram_id,.*\r\n\d+,bot-/)
        yield* calm
      })
    )

    it.effect(`is fit to be used ${name}`, () =>
      Effect.gen(function* () {
        const { sandbox, service, shop } = yield* World
        const { calm, fit } = yield* enterPanel(service, options)
        const buyer = { id: personId + 100, first_name: hostile }
        const charge = yield* orderPix(sandbox, buyer)
        yield* sandbox.pushinpay.pay(charge.id)
        yield* sandbox.telegram.waitFor(sentTo(buyer.id, /Seu acesso/))
        const pages: ReadonlyArray<readonly [path: string, name: string]> = [
          ["/admin", "visao-geral"],
          ["/admin/bots", "bots"],
          [`/admin/bots/${shop.slug}`, "bot"],
          [`/admin/bots/${shop.slug}/planos/${shop.planId}`, "plano"],
          [`/admin/mensagens?bot=${shop.slug}`, "mensagens"],
          [`/admin/mensagens/${shop.slug}/start`, "mensagem"],
          [`/admin/midias?bot=${shop.slug}`, "midias"],
          [`/admin/downsells?bot=${shop.slug}`, "downsells"],
          [`/admin/downsells/${shop.slug}/novo`, "downsell"],
          [`/admin/bots/${shop.slug}/funil`, "funil"],
          [`/admin/shots?bot=${shop.slug}`, "shots"],
          [`/admin/shots/${shop.slug}/novo`, "shot"],
          ["/admin/pagamentos", "pagamentos"],
          ["/admin/pagamentos/1", "pagamento"],
          ["/admin/pessoas", "pessoas"],
          [`/admin/pessoas/${shop.slug}/${buyer.id}`, "pessoa"],
          ["/admin/entregas", "entregas"],
          ["/admin/ao-vivo", "ao-vivo"]
        ]
        for (const [path, name] of pages) yield* fit(path, name)
        yield* calm
      })
    )
  }

  it.effect("does without JavaScript and without a mouse", () =>
    Effect.gen(function* () {
      const { sandbox, service, shop } = yield* World
      const { page } = yield* openPage({ ...desktop, javaScriptEnabled: false })
      yield* inPage(async () => {
        await page.goto(`${service.url}/admin/mensagens/${shop.slug}/paid`)
        await page.keyboard.type(service.password)
        await page.keyboard.press("Enter")
        await page.getByLabel("Texto", { exact: true }).focus()
        await page.keyboard.type("Obrigado, {nome}!")
        await page.getByRole("button", { name: "Adicionar botão" }).press("Enter")
        await page.getByLabel("Texto do botão").fill("Canal")
        await page.getByLabel("O que ele faz").selectOption("url")
        await page.getByRole("button", { name: "Salvar" }).last().press("Enter")
        await page.getByLabel("Link", { exact: true }).fill("https://t.me/canal")
        await page.getByRole("button", { name: "Salvar" }).last().press("Enter")
        await page.getByText("Salvo. Já está valendo.").waitFor()
      })
      const person = { id: 7_100_000_300, first_name: "Bia" }
      const charge = yield* orderPix(sandbox, person)
      yield* sandbox.pushinpay.pay(charge.id)
      yield* sandbox.telegram.waitFor(sentTo(person.id, /Obrigado, Bia!/))
    })
  )
})
