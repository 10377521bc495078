import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { readFileSync } from "node:fs"
import type { BrowserContextOptions } from "playwright-core"
import { jpeg, png } from "../media/samples.ts"
import { inPage, openPage } from "../support/browser.ts"
import { botToken, openShop, orderPix, sentTo } from "../support/shop.ts"
import { privateMessage } from "../support/updates.ts"
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
          [`/admin/bots/${shop.slug}/presell`, "presell"],
          [`/admin/bots/${shop.slug}/rastreamento`, "rastreamento"],
          [`/admin/shots?bot=${shop.slug}`, "shots"],
          [`/admin/shots/${shop.slug}/novo`, "shot"],
          ["/admin/pagamentos", "pagamentos"],
          ["/admin/pagamentos/1", "pagamento"],
          ["/admin/pessoas", "pessoas"],
          [`/admin/pessoas/${shop.slug}/${buyer.id}`, "pessoa"],
          ["/admin/entregas", "entregas"],
          ["/admin/entregas/recebidas", "recebidas"],
          ["/admin/ajustes", "ajustes"],
          ["/admin/ao-vivo", "ao-vivo"]
        ]
        for (const [path, name] of pages) yield* fit(path, name)
        yield* calm
      })
    )
  }

  it.effect("sets up the page before the bot, the Pixel, fees and alerts, and answers what had failed", () =>
    Effect.gen(function* () {
      const { sandbox, service, shop } = yield* World
      const sql = yield* SqlClient.SqlClient
      const { calm, context, open, page } = yield* enterPanel(service, desktop)
      const inNewTab = (click: () => Promise<void>) =>
        inPage(async () => {
          const [tab] = await Promise.all([context.waitForEvent("page"), click()])
          await tab.waitForLoadState()
          const heading = await tab.getByRole("heading", { level: 1 }).textContent()
          await tab.close()
          return heading
        })

      yield* open(`/admin/bots/${shop.slug}/presell`)
      yield* inPage(() => page.getByLabel("Título").fill(hostile))
      const preview = yield* inNewTab(() => page.getByRole("button", { name: "Ver sem salvar" }).click())
      assert.strictEqual(preview, hostile)
      yield* inPage(async () => {
        await page.getByRole("button", { name: "Copiar" }).first().click()
        await page.getByRole("button", { name: /Copiado|Selecionado/ }).waitFor()
        await page.getByLabel("Imagem").fill("https://exemplo.com.br/foto.png")
        await page.getByLabel("Título").fill("Clube da Lia")
        await page.getByRole("button", { name: "Salvar página" }).click()
        await page.getByText("Salvo. Já está valendo.").waitFor()
      })
      const real = yield* inNewTab(() => page.getByRole("link", { name: "Abrir a página de verdade" }).click())
      assert.strictEqual(real, "Clube da Lia")

      yield* inPage(async () => {
        await page.getByRole("link", { name: "Pixel e UTMify" }).click()
        await page.getByLabel("Número do pixel deste bot").fill("abc")
        await page.getByRole("button", { name: "Salvar" }).click()
        await page.locator("#f-pixel_id-fault").waitFor()
        await page.getByLabel("Número do pixel deste bot").fill("123456789012345")
        await page.getByLabel("Token da API de Conversões").fill("EAAB0token0que0ninguem0mais0ve0ZDZD")
        await page.getByRole("button", { name: "Salvar" }).click()
        await page.getByText("Salvo. Já está valendo.").waitFor()
        assert.notInclude(await page.content(), "EAAB0token0que0ninguem")
      })

      yield* open(`/admin/bots/${shop.slug}`)
      yield* inPage(async () => {
        await page.getByLabel("Fuso horário").fill("Lua/Crateras")
        await page.getByLabel("Disparos por pessoa, no máximo").fill("2")
        await page.getByRole("button", { name: "Salvar ajustes" }).click()
        await page.locator("#f-time_zone-fault").waitFor()
        assert.strictEqual(await page.getByLabel("Disparos por pessoa, no máximo").inputValue(), "2")
        await page.getByLabel("Fuso horário").fill("America/Manaus")
        await page.getByRole("button", { name: "Salvar ajustes" }).click()
        await page.getByText("Salvo. Já está valendo.").waitFor()
        assert.strictEqual(await page.getByLabel("Em quantas horas").inputValue(), "24")
        await page.getByLabel("Disparos por pessoa, no máximo").fill("")
        await page.getByRole("button", { name: "Salvar ajustes" }).click()
        await page.getByText("Salvo. Já está valendo.").waitFor()
        assert.strictEqual(await page.getByLabel("Em quantas horas").inputValue(), "")
      })

      const operator = { id: 7_100_000_400, first_name: "Dona Lia" }
      yield* sandbox.telegram.person(operator)
      yield* sandbox.telegram.sendText(botToken, operator, "/start")
      yield* sandbox.telegram.waitFor(sentTo(operator.id, /Olá/))
      yield* open("/admin/ajustes")
      yield* inPage(async () => {
        await page.getByLabel("Bot que escreve").selectOption(shop.slug)
        await page.getByLabel("Número do seu chat").fill("7100000499")
        await page.getByRole("button", { name: "Enviar um teste" }).click()
        await page.locator("#avisos-chat_id-fault").waitFor()
        await page.getByLabel("Número do seu chat").fill(String(operator.id))
        await page.getByRole("button", { name: "Enviar um teste" }).click()
        await page.getByText("O teste chegou ao Telegram.").waitFor()
        await page.getByRole("button", { name: "Salvar avisos" }).click()
        await page.getByText("Salvo. Já está valendo.").waitFor()
        const pushinpay = page.locator("form", { hasText: "Salvar pushinpay" })
        await pushinpay.getByLabel("Mais, em % do valor").fill("0,99")
        await pushinpay.getByRole("button").click()
        await page.getByText("Salvo. Já está valendo.").waitFor()
        assert.strictEqual(await pushinpay.getByLabel("Mais, em % do valor").inputValue(), "0,99")
      })
      yield* sandbox.telegram.waitFor(sentTo(operator.id, /os avisos vão chegar aqui/))

      const lost = privateMessage(operator, "/start")
      yield* sandbox.telegram.clear
      yield* sql`
        insert into telegram_updates (bot_id, update_id, person_id, kind, payload, request_id, state, attempts, error)
        values (${shop.botId}, ${lost.update_id}, ${operator.id}, 'start', ${JSON.stringify(lost)}, 'r', 2, 4, ${hostile})`
      yield* open("/admin/entregas")
      yield* inPage(async () => {
        await page.getByRole("link", { name: "Ver por que" }).click()
        await page.getByRole("cell", { name: hostile }).waitFor()
        await page.getByRole("button", { name: "Tentar todas de novo" }).click()
        await page.getByText("Nenhuma mensagem falhou.").waitFor()
      })
      yield* sandbox.telegram.waitFor(sentTo(operator.id, /Olá/))
      yield* calm
    })
  )

  it.effect("brings a bot's funnel into another one, its pictures too", () =>
    Effect.gen(function* () {
      const { sandbox, service, shop } = yield* World
      const { calm, open, page } = yield* enterPanel(service, phone)
      const other = yield* openShop(service, sandbox, "copia", "8240789557:AAHpainel0copia0000000000000000000LEOBE")
      yield* open(`/admin/mensagens/${shop.slug}/pix`)
      yield* inPage(async () => {
        await page.getByLabel("Texto", { exact: true }).fill("Falta pouco, {nome}")
        await page
          .getByLabel("Enviar um arquivo")
          .setInputFiles({ name: "a.png", mimeType: "image/png", buffer: png(64, 64) })
        await page.getByRole("button", { name: "Enviar", exact: true }).click()
        await page.locator("#biblioteca").getByRole("button", { name: /^Usar/ }).first().click()
        await page.getByText("Mídias (1 de 3)").waitFor()
        await page.getByRole("button", { name: "Salvar" }).last().click()
        await page.getByText("Salvo. Já está valendo.").waitFor()
      })
      yield* open(`/admin/bots/${other.slug}/funil`)
      yield* inPage(async () => {
        await page.getByLabel("De onde").selectOption(shop.slug)
        await page.getByRole("button", { name: "Copiar para cá" }).click()
        await page.getByText("O funil foi copiado para cá.").waitFor()
      })
      yield* open(`/admin/mensagens/${other.slug}/pix`)
      yield* inPage(() => page.getByText("Mídias (1 de 3)").waitFor())

      // A whole new bot like this one, which waits for its token.
      yield* open(`/admin/bots/${shop.slug}/funil`)
      yield* inPage(async () => {
        await page.getByLabel("Endereço curto do novo").fill("Não serve")
        await page.getByRole("button", { name: "Fazer a cópia" }).click()
        await page.locator("#f-slug-fault").waitFor()
        await page.getByLabel("Endereço curto do novo").fill("igual")
        await page.getByRole("button", { name: "Fazer a cópia" }).click()
        await page.getByText("A cópia está pronta.").waitFor()
        await page.getByLabel("Token que o @BotFather deu").waitFor()
      })

      // The same by a file, and one that is none.
      yield* open(`/admin/bots/${shop.slug}/funil`)
      yield* inPage(async () => {
        const download = page.waitForEvent("download")
        await page.getByRole("link", { name: "Baixar o arquivo" }).click()
        const path = await (await download).path()
        await page.goto(`${service.url}/admin/bots/${other.slug}/funil`)
        await page.getByLabel("Ou cole aqui").fill("isto não é um arquivo")
        await page.getByRole("button", { name: "Importar" }).click()
        await page.locator("#f-arquivo-fault").waitFor()
        await page.getByLabel("Arquivo exportado").setInputFiles(path)
        await page.waitForFunction(`document.querySelector("#f-arquivo").value.startsWith("{")`)
        await page.getByRole("button", { name: "Importar" }).click()
        await page.getByText("O arquivo foi importado.").waitFor()
      })
      yield* calm
    })
  )

  it.effect("does without JavaScript and without a mouse", () =>
    Effect.gen(function* () {
      const { sandbox, service, shop } = yield* World
      const { page } = yield* openPage({ ...desktop, javaScriptEnabled: false })
      yield* inPage(async () => {
        await page.goto(`${service.url}/admin/mensagens/${shop.slug}/paid`)
        // Autofocus comes with the first frame, not with the document.
        await page.locator("input:focus").waitFor()
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
