import { assert, describe, it } from "@effect/vitest"
import { hashed, normalise, sha256, userDataOf } from "../../../src/tracking/destinations/facebook/userData.ts"

describe("customer information for Meta", () => {
  // Meta's own examples (facts/tracking, B.3), and Brazil's country by the same rule.
  it.each([
    ["em", " John_Smith@gmail.com ", "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"],
    ["ph", "(650) 555-1212", sha256("556505551212")],
    ["fn", "Valéry", "08e1996b5dd49e62a4b4c010d44e4345592a863bb9f8e3976219bac29417149c"],
    ["db", "1997-02-16", "01acdbf6ec7b4f478a225f1a246e5d6767eeab1a7ffa17f025265b5b94f40f0c"],
    ["country", "US", "79adb2a2fce5c6ba215fe5f27f532d4e7edbac4b6a5e09e1ef3a08084a904621"],
    ["country", "br", "885036a0da3dff3c3e05bc79bf49382b12bc5098514ed57ce0875aba1aa2c40d"]
  ] as const)("%s %s", (field, value, expected) => {
    assert.strictEqual(hashed(field, value), expected)
  })

  it("a phone has its country first and no zeros before it", () => {
    assert.strictEqual(
      sha256(normalise.ph("+1 (650) 555-1212", "1")),
      "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176"
    )
    for (const written of ["(11) 98765-4321", "011 98765-4321", "+55 11 98765-4321", "5511987654321"]) {
      assert.strictEqual(normalise.ph(written), "5511987654321")
    }
  })

  it("names, places and codes without marks, in small letters, accents kept", () => {
    assert.strictEqual(normalise.ln("D'Ávila-Souza"), "dávilasouza")
    assert.strictEqual(normalise.ct("São Paulo"), "sãopaulo")
    assert.strictEqual(normalise.zp("01310-100"), "01310100")
    assert.strictEqual(normalise.ge("Feminino"), "f")
    assert.strictEqual(normalise.st("SP"), "sp")
  })

  it("the hash of nothing is never sent", () => {
    for (const field of ["em", "ph", "fn", "ln", "external_id"] as const) {
      for (const nothing of ["", "   ", null, undefined]) assert.isUndefined(hashed(field, nothing))
    }
    assert.isUndefined(hashed("fn", "!!"))
  })

  it("what a browser told goes as it is; what is no cookie of Meta's stays here", () => {
    const visitor = {
      externalIds: ["sessao", "7205343917"],
      fbp: "fb.1.1596403881668.1116446470",
      fbc: "fb.1.1554763741205.AbCdEf-GhIjKl_MnOp.AQEAAQMB",
      ip: "2804:14c::1",
      userAgent: "Mozilla/5.0"
    }
    assert.deepStrictEqual(userDataOf(visitor), {
      external_id: [sha256("sessao"), sha256("7205343917")],
      country: sha256("br"),
      fbp: visitor.fbp,
      fbc: visitor.fbc,
      client_ip_address: visitor.ip,
      client_user_agent: visitor.userAgent
    })
    const bare = userDataOf({ ...visitor, externalIds: [], fbp: "x", fbc: "fb.1.12.z", ip: null, userAgent: "" })
    assert.deepStrictEqual(bare, { country: sha256("br") })
  })
})
