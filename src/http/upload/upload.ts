import { NodeHttpServerRequest } from "@effect/platform-node"
import { Effect, Option, Schema, type Scope } from "effect"
import type { HttpServerRequest } from "effect/http"
import { MediaKind } from "../../domain/contentModel.ts"
import { maxFileBytes, tooLarge as tooLargeFile } from "../../domain/mediaFile.ts"
import type { SpooledFile } from "../../media/MediaStore.ts"
import { type Spool, type SpoolError, whyOf } from "../../media/spool.ts"
import { type Problem, problem } from "../problem.ts"
import { nodeRequest } from "../request.ts"
import { beingPatient } from "../server/patience.ts"
import { FormError, type FormProblem, readForm } from "./body.ts"

export interface Upload {
  readonly file: SpooledFile
  readonly fileName: string
  readonly kind: MediaKind | undefined
  /** What else the form held. */
  readonly fields: Readonly<Record<string, string>>
}

type Refusal = Problem<"bad_request" | "too_large" | "invalid" | "unavailable">

// Room for boundaries and the small fields.
const overhead = 64 * 1024

// 50 MB over a bad line: 90 kB/s.
const patience = "10 minutes"

const large = problem("too_large", tooLargeFile(undefined).message)
const notForm = problem(
  "bad_request",
  "O corpo do pedido precisa ser multipart/form-data, com o arquivo no campo file."
)
const cut = problem("bad_request", "O envio do arquivo foi interrompido ou está malformado.")
const slow = problem("bad_request", "O envio do arquivo demorou demais.")
const oneFile = "Envie um arquivo por vez, no campo file."
const noFile = problem("invalid", "Envie o arquivo no campo file.", { file: "É obrigatório." })
const several = problem("invalid", oneFile, { file: oneFile })
const badKind = problem("invalid", "O tipo da mídia não existe.", {
  kind: `Deve ser um destes: ${MediaKind.literals.join(", ")}.`
})

const isKind = Schema.is(MediaKind)

/** One file of a form on its way to disk: a piece of it in memory at a time. The file goes with the scope. */
export const readUpload = (
  request: HttpServerRequest.HttpServerRequest,
  spool: Spool["Service"]
): Effect.Effect<Upload, Refusal, Scope.Scope> => {
  const source = nodeRequest(request)
  if (!/^multipart\/form-data\b/i.test(source.headers["content-type"] ?? "")) return Effect.fail(notForm)
  if (Number(source.headers["content-length"] ?? 0) > maxFileBytes + overhead) return Effect.fail(large)
  return Effect.gen(function* () {
    yield* letCome(request)
    const sink = yield* Effect.mapError(spool.open(maxFileBytes), ({ why }) => spoolRefusals[why])
    const form = yield* Effect.tryPromise({
      try: (signal) => readForm(source, sink, { maxBytes: maxFileBytes + 2 * overhead, signal }),
      catch: (error) => (error instanceof FormError ? formRefusals[error.problem] : spoolRefusals[whyOf(error)])
    })
    const kind = form.fields["kind"] ?? ""
    if (form.file === undefined) return yield* Effect.fail(noFile)
    if (kind !== "" && !isKind(kind)) return yield* Effect.fail(badKind)
    const file = yield* Effect.tryPromise({ try: () => sink.finish(), catch: (error) => spoolRefusals[whyOf(error)] })
    return {
      file,
      fileName: form.file.name,
      kind: isKind(kind) ? kind : undefined,
      fields: form.fields
    } satisfies Upload as Upload
  }).pipe(
    Effect.timeoutOption(patience),
    Effect.flatMap(Option.match({ onNone: () => Effect.fail(slow), onSome: (upload) => Effect.succeed(upload) })),
    beingPatient(source.socket)
  )
}

/** curl and others ask first whether a large body is welcome; the platform answers only for bodies it reads itself. */
const letCome = (request: HttpServerRequest.HttpServerRequest) =>
  Effect.sync(() => {
    const asked = /^100-continue$/i.test(request.headers["expect"] ?? "")
    const response = NodeHttpServerRequest.toServerResponse(request)
    if (asked && "writeContinue" in response) response.writeContinue()
  })

const formRefusals: Readonly<Record<FormProblem, Refusal>> = {
  malformed: cut,
  cut,
  too_large: large,
  several_files: several
}

const spoolRefusals: Readonly<Record<SpoolError["why"], Refusal>> = {
  too_long: large,
  cut,
  disk: problem("unavailable", "Não consegui guardar o arquivo: o disco falhou ou está cheio.")
}
