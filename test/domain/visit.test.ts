import { assert, describe, it } from "@effect/vitest"
import { botReason, inAppBrowserOf } from "../../src/domain/crawlers.ts"
import { attributionOf, fbcOf, isAttributed, isSessionId, validFbp } from "../../src/domain/visit.ts"

const marks = (query: string) => attributionOf(`https://loja.com.br/oferta?${query}#topo?utm_term=não`)

describe("what an address tells of its visitor", () => {
  it("is kept byte for byte, encoded or not", () => {
    const campaign = "Coração | Promoção — 50% OFF|120210000000000001"
    assert.strictEqual(marks(`utm_campaign=${encodeURIComponent(campaign)}`).utmCampaign, campaign)
    assert.strictEqual(marks("utm_source=FB&utm_medium=Conjunto|123|çã").utmMedium, "Conjunto|123|çã")
    assert.strictEqual(marks("utm_content=Vídeo+1|77").utmContent, "Vídeo 1|77")
    assert.strictEqual(marks("utm_term=Instagram_Feed&src=abc&sck=FBhQwK21wXxRcamp&xcod=x").sck, "FBhQwK21wXxRcamp")
    assert.strictEqual(marks("UTM_SOURCE=FB").utmSource, null)
  })

  it("is nothing where there is nothing, and never more than can be stored", () => {
    assert.strictEqual(isAttributed(attributionOf("https://loja.com.br/oferta#?utm_source=FB")), false)
    assert.strictEqual(isAttributed(marks("utm_source=")), false)
    assert.strictEqual(marks("utm_source=FB").utmTerm, null)
    assert.strictEqual(marks(`utm_source=${"x".repeat(9000)}`).utmSource?.length, 500)
    assert.strictEqual(marks("utm_source=a%00b%ED%A0%80").utmSource?.includes("\u0000"), false)
  })
})

describe("Meta's cookies", () => {
  const fbclid = "IwAR0abcDEF_-123456789"
  const cookie = `fb.1.1731000000000.${fbclid}`

  it("count only in Meta's own form", () => {
    assert.strictEqual(validFbp("fb.1.1596403881668.1116446470"), "fb.1.1596403881668.1116446470")
    assert.strictEqual(validFbp("fb.1.1596403881668.1116446470.AQEAAQMB"), "fb.1.1596403881668.1116446470.AQEAAQMB")
    for (const forged of ["", "fb.1.1.1", "<script>", "fb.1.1596403881668.1' or 1=1", undefined, null]) {
      assert.strictEqual(validFbp(forged), null)
    }
  })

  it("give the click's id: the cookie's, or one made of the address when that is newer", () => {
    assert.deepStrictEqual(fbcOf(cookie, fbclid, 5), { value: cookie, origin: "cookie" })
    assert.deepStrictEqual(fbcOf(`${cookie}.AQEAAQMB`, fbclid, 5), { value: `${cookie}.AQEAAQMB`, origin: "cookie" })
    assert.deepStrictEqual(fbcOf(cookie, null, 5), { value: cookie, origin: "cookie" })
    const newer = { value: "fb.1.1731000000005.IwAR9zzz_newer", origin: "derived" } as const
    assert.deepStrictEqual(fbcOf(cookie, "IwAR9zzz_newer", 1731000000005), newer)
    assert.deepStrictEqual(fbcOf("fb.1.x", "IwAR9zzz_newer", 1731000000005), newer)
    assert.strictEqual(fbcOf("fb.1.x", null, 5), null)
    assert.strictEqual(attributionOf(`https://l.br/?fbclid=${fbclid}`).fbclid, fbclid)
    assert.strictEqual(attributionOf("https://l.br/?fbclid=%3Cscript%3E").fbclid, null)
  })

  it("session ids are 22 characters of base64url", () => {
    assert.strictEqual(isSessionId("AAAAAAAAAAAAAAAAAAAA-_"), true)
    for (const other of ["", "A".repeat(21), "A".repeat(23), "AAAAAAAAAAAAAAAAAAAA+/", undefined]) {
      assert.strictEqual(isSessionId(other), false)
    }
  })
})

describe("who is no person", () => {
  const human = {
    userAgent: "Mozilla/5.0 (Linux; Android 14) Chrome/130.0 Mobile Safari/537.36",
    purposes: [],
    local: false
  }

  it("is said by name or by purpose", () => {
    assert.strictEqual(botReason(human), undefined)
    for (const userAgent of [
      "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
      "TelegramBot (like TwitterBot)",
      "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
      "meta-externalagent/1.1",
      "WhatsApp/2.23.20.0"
    ]) {
      assert.strictEqual(botReason({ ...human, userAgent, local: true }), "crawler", userAgent)
    }
    for (const purpose of ["prefetch", "prefetch;prerender", "preview"]) {
      assert.strictEqual(botReason({ ...human, purposes: [purpose] }), "prefetch")
    }
    const headless = "Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/130.0 Safari/537.36"
    assert.strictEqual(botReason({ ...human, userAgent: headless }), "automaton")
    assert.strictEqual(botReason({ ...human, userAgent: headless, local: true }), undefined)
  })

  it("is never a customer inside of Facebook or Instagram", () => {
    const facebook =
      "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0) Mobile/15E148 [FBAN/FBIOS;FBAV/440.0.0.32;FBDV/iPhone15,2]"
    const instagram = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0) Mobile/15E148 Instagram 300.0.0.0"
    assert.strictEqual(botReason({ ...human, userAgent: facebook }), undefined)
    assert.strictEqual(botReason({ ...human, userAgent: instagram }), undefined)
    assert.strictEqual(inAppBrowserOf(facebook), "facebook")
    assert.strictEqual(inAppBrowserOf(instagram), "instagram")
    assert.strictEqual(inAppBrowserOf(human.userAgent), null)
  })
})
