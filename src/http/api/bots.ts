import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import {
  BotInput,
  BotPatch,
  BotView,
  PlanInput,
  PlanPatch,
  PlanView,
  PreviewInput,
  PreviewView
} from "../../domain/admin.ts"
import { MessageContent } from "../../domain/content.ts"
import { Bearer } from "../AdminAuth.ts"
import { problems } from "../problem.ts"
import { CleanQuery, digits, page } from "./query.ts"

const summary = (sentence: string) => OpenApi.annotations({ summary: sentence })

const slug = Schema.String.annotate({ description: "Slug do bot." })
const planId = digits("Número do plano.")
const key = Schema.String.annotate({ description: "start, pix, paid, expired, …" })

const writeRefusals = problems("bad_request", "not_found", "conflict", "too_large", "invalid", "unavailable")

const created = HttpApiSchema.status(201)

export class BotsGroup extends HttpApiGroup.make("bots")
  .add(
    HttpApiEndpoint.get("list", "/", { success: page(BotView, "BotPage") }).annotateMerge(summary("Lista os bots")),
    HttpApiEndpoint.post("create", "/", {
      payload: BotInput,
      success: BotView.pipe(created),
      error: writeRefusals
    }).annotateMerge(summary("Cria um bot: confere o token no Telegram e liga o webhook")),
    HttpApiEndpoint.get("get", "/:slug", {
      params: { slug },
      success: BotView,
      error: problems("not_found")
    }).annotateMerge(summary("Mostra um bot")),
    HttpApiEndpoint.patch("patch", "/:slug", {
      params: { slug },
      payload: BotPatch,
      success: BotView,
      error: writeRefusals
    }).annotateMerge(summary("Muda um bot; vale na hora, em todos os servidores"))
  )
  .middleware(CleanQuery)
  .middleware(Bearer)
  .prefix("/api/admin/bots")
  .annotateMerge(OpenApi.annotations({ title: "Bots", description: "Os bots e seus ajustes." })) {}

export class PlansGroup extends HttpApiGroup.make("plans")
  .add(
    HttpApiEndpoint.get("list", "/", {
      params: { slug },
      success: page(PlanView, "PlanPage"),
      error: problems("not_found")
    }).annotateMerge(summary("Lista os planos de um bot")),
    HttpApiEndpoint.post("add", "/", {
      params: { slug },
      payload: PlanInput,
      success: PlanView.pipe(created),
      error: writeRefusals
    }).annotateMerge(summary("Cria um plano")),
    HttpApiEndpoint.patch("patch", "/:id", {
      params: { slug, id: planId },
      payload: PlanPatch,
      success: PlanView,
      error: writeRefusals
    }).annotateMerge(summary("Muda um plano")),
    HttpApiEndpoint.delete("remove", "/:id", {
      params: { slug, id: planId },
      success: HttpApiSchema.NoContent,
      error: problems("not_found", "conflict", "invalid", "unavailable")
    }).annotateMerge(summary("Tira um plano de venda; o que já foi vendido continua"))
  )
  .middleware(CleanQuery)
  .middleware(Bearer)
  .prefix("/api/admin/bots/:slug/plans")
  .annotateMerge(OpenApi.annotations({ title: "Planos", description: "O que um bot vende, e o que entrega." })) {}

export class MessagesGroup extends HttpApiGroup.make("messages")
  .add(
    HttpApiEndpoint.get("get", "/:key", {
      params: { slug, key },
      success: MessageContent,
      error: problems("not_found")
    }).annotateMerge(summary("Mostra uma mensagem de um bot")),
    HttpApiEndpoint.put("put", "/:key", {
      params: { slug, key },
      payload: MessageContent,
      success: MessageContent,
      error: writeRefusals
    }).annotateMerge(summary("Grava uma mensagem de um bot: texto, até 3 mídias e botões")),
    HttpApiEndpoint.post("preview", "/:key/preview", {
      params: { slug, key },
      payload: PreviewInput,
      success: PreviewView,
      error: writeRefusals
    }).annotateMerge(summary("Manda a mensagem, gravada ou não, para um chat, e diz o que o Telegram achou dela"))
  )
  .middleware(CleanQuery)
  .middleware(Bearer)
  .prefix("/api/admin/bots/:slug/messages")
  .annotateMerge(OpenApi.annotations({ title: "Mensagens", description: "O que um bot diz em cada momento." })) {}
