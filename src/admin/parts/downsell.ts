import type { FieldProblems } from "../../domain/admin.ts"
import type { DownsellView } from "../../domain/downsellInput.ts"
import { count, duration, formatBrl } from "../format.ts"
import { type Html, html, nothing } from "../html.ts"
import { check, input, select } from "./fields.ts"
import { badge, table } from "./ui.ts"

const units = [
  ["60", "minutos"],
  ["1", "segundos"],
  ["3600", "horas"],
  ["86400", "dias"]
] as const

export const triggers = [
  ["start", "Depois do /start, se não comprou"],
  ["pix", "Depois do PIX, se não pagou"]
] as const

/** What a downsell's form holds besides the message. */
export interface DownsellForm {
  readonly name: string
  readonly trigger: string
  readonly delay: string
  readonly unit: string
  readonly active: boolean
  readonly toBuyers: boolean
  readonly from: string
  readonly to: string
}

export const newDownsell: DownsellForm = {
  name: "",
  trigger: "pix",
  delay: "10",
  unit: "60",
  active: true,
  toBuyers: false,
  from: "",
  to: ""
}

export const downsellFormOf = (downsell: DownsellView): DownsellForm => {
  const seconds = downsell.delay_seconds
  const unit = [86_400, 3_600, 60].find((size) => seconds >= size && seconds % size === 0) ?? 1
  return {
    name: downsell.name,
    trigger: downsell.trigger,
    delay: String(seconds / unit),
    unit: String(unit),
    active: downsell.active,
    toBuyers: downsell.to_buyers,
    from: downsell.hours?.from ?? "",
    to: downsell.hours?.to ?? ""
  }
}

export const readDownsellForm = (form: URLSearchParams): DownsellForm => ({
  name: form.get("name") ?? "",
  trigger: form.get("trigger") ?? "",
  delay: form.get("delay") ?? "",
  unit: form.get("unit") ?? "60",
  active: form.has("active"),
  toBuyers: form.has("to_buyers"),
  from: form.get("hours.from") ?? "",
  to: form.get("hours.to") ?? ""
})

export const downsellInputOf = (given: DownsellForm, content: unknown): unknown => ({
  name: given.name.trim(),
  trigger: given.trigger,
  // What is no number is refused as one.
  delay_seconds: /^\d{1,8}$/.test(given.delay.trim()) ? Number(given.delay) * (Number(given.unit) || 1) : null,
  content,
  active: given.active,
  to_buyers: given.toBuyers,
  hours: given.from === "" && given.to === "" ? null : { from: given.from, to: given.to }
})

export const downsellFields = (given: DownsellForm, faults: FieldProblems): Html =>
  html`${input("name", "Nome", { value: given.name, faults, required: true, maxlength: 200, hint: "Só você vê." })}
    <div class="filters">
      ${select("trigger", "Quando", triggers, { value: given.trigger, faults })}
      ${input("delay", "Quanto tempo depois", { value: given.delay, faults, path: "delay_seconds", required: true, inputmode: "numeric" })}
      ${select("unit", "Unidade", units, { value: given.unit })}
    </div>
    <details ${given.from === "" && !given.toBuyers ? nothing : html`open`}>
      <summary>Mais regras</summary>
      <div class="filters">
        ${input("hours.from", "Só a partir das", { value: given.from, faults, placeholder: "09:00", maxlength: 5 })}
        ${input("hours.to", "Até as", { value: given.to, faults, placeholder: "22:00", maxlength: 5 })}
      </div>
      ${check("to_buyers", "Também para quem já comprou antes", given.toBuyers)}
    </details>
    ${check("active", "Ligado", given.active, "Desligado, não sai para ninguém.")}`

/** What follows one moment, in its order. */
export const timeLine = (slug: string, trigger: "start" | "pix", all: ReadonlyArray<DownsellView>): Html => {
  const own = all.filter((one) => one.trigger === trigger).toSorted((a, b) => a.delay_seconds - b.delay_seconds)
  if (own.length === 0) return html`<p class="muted">Nada sai depois.</p>`
  return html`<ol class="story">
      ${own.map(
        (one) =>
          html`<li>
            <b>${one.delay_seconds === 0 ? "na hora" : `${duration(one.delay_seconds)} depois`}</b>:
            <a href="/admin/downsells/${slug}/${one.id}">${one.name}</a>
            ${one.active ? nothing : badge("calm", "desligado")}
            ${one.hours === null ? nothing : html`<span class="muted">das ${one.hours.from} às ${one.hours.to}</span>`}
          </li>`
      )}
    </ol>
    ${table(
      trigger === "start" ? "Resultados depois do /start" : "Resultados depois do PIX",
      ["Downsell", "Esperando", "Enviados", "Cancelados", "Vendas", "Receita"],
      own.map(
        (one) =>
          html`<tr>
            <td>${one.name}</td>
            <td>${count(one.counts.pending)}</td>
            <td>${count(one.counts.sent)}</td>
            <td>${count(one.counts.canceled + one.counts.skipped + one.counts.expired)}</td>
            <td>${count(one.sales)}</td>
            <td class="nowrap">${formatBrl(one.revenue_cents)}</td>
          </tr>`
      )
    )}`
}
