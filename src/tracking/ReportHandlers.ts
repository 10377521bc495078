import { Context, Effect, Layer } from "effect"
import { HttpClient } from "effect/http"
import { Bots } from "../bots/Bots.ts"
import { Config } from "../config.ts"
import { ReportFactsRepo } from "../repo/ReportFactsRepo.ts"
import { makeFacebook } from "./destinations/facebook.ts"
import { destinationHttpLayer } from "./destinations/http.ts"
import { makeUtmify } from "./destinations/utmify.ts"
import type { OutboxBatch, OutboxHandler } from "./Outbox.ts"

/** Who tells Meta and UTMify what is queued for them (`Reports`). */
export class ReportHandlers extends Context.Service<ReportHandlers, ReadonlyMap<string, OutboxHandler | OutboxBatch>>()(
  "funil/tracking/ReportHandlers"
) {
  static readonly layer = Layer.effect(
    ReportHandlers,
    Effect.gen(function* () {
      const needs = {
        config: yield* Config,
        bots: yield* Bots,
        facts: yield* ReportFactsRepo,
        client: yield* HttpClient.HttpClient
      }
      return new Map<string, OutboxHandler | OutboxBatch>([
        ["facebook", makeFacebook(needs)],
        ["utmify", makeUtmify(needs)]
      ])
    })
  ).pipe(Layer.provide([destinationHttpLayer, ReportFactsRepo.layer]))
}
