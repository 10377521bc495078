import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import {
  canMove,
  GatewayStatus,
  interpretStatus,
  isOpen,
  PaymentStatus,
  predecessors,
  wasPaid
} from "../../src/domain/payment.ts"

/** What a payment becomes when a gateway says one thing after another. */
const follow = (from: PaymentStatus, said: ReadonlyArray<GatewayStatus>): PaymentStatus =>
  said.reduce<PaymentStatus>((status, one) => {
    const to = interpretStatus(status, one)
    return to !== "pending" && canMove(status, to) ? to : status
  }, from)

const anyStatus = fc.constantFrom(...GatewayStatus.literals)
// A bare `canceled` beside a `paid` means two things by its place; adapters that can tell them apart say `refunded`.
const unambiguous = fc.oneof(
  fc.array(fc.constantFrom(...GatewayStatus.literals.filter((status) => status !== "canceled"))),
  fc.array(fc.constantFrom<GatewayStatus>("pending", "expired", "failed", "canceled"))
)

describe("the states of a payment", () => {
  it("the same events in any order, any number of times, end in the same state", () => {
    fc.assert(
      fc.property(
        unambiguous.chain((said) =>
          fc.tuple(
            fc.constant(said),
            fc.shuffledSubarray([...said, ...said], { minLength: said.length * 2, maxLength: said.length * 2 })
          )
        ),
        fc.constantFrom<PaymentStatus>("creating", "pending", "unknown"),
        ([said, again], from) => assert.strictEqual(follow(from, again), follow(from, said))
      )
    )
  })

  it("never forgets that money came", () => {
    fc.assert(
      fc.property(fc.array(anyStatus), fc.array(anyStatus), (before, after) => {
        const paid = follow("pending", [...before, "paid"])
        assert.isTrue(wasPaid(paid))
        assert.isTrue(wasPaid(follow(paid, after)))
      })
    )
  })

  it.each([
    ["creating", "pending"],
    ["creating", "unknown"],
    ["unknown", "paid"],
    ["pending", "expired"],
    ["expired", "paid"],
    ["canceled", "paid"],
    ["paid", "refunded"],
    ["paid", "charged_back"]
  ] as const)("%s may become %s, and not the other way round", (from, to) => {
    assert.isTrue(canMove(from, to))
    assert.isFalse(canMove(to, from))
    assert.include(predecessors(to), from)
  })

  it("a charge canceled after it was paid was refunded", () => {
    assert.strictEqual(follow("pending", ["paid", "canceled"]), "refunded")
    assert.strictEqual(follow("pending", ["canceled"]), "canceled")
  })

  it("only a charge that can still be paid for the first time is open", () => {
    assert.deepStrictEqual(PaymentStatus.literals.filter(isOpen), ["creating", "pending", "unknown"])
  })
})
