import type { GroupView, StepView } from "../../metrics/model.ts"
import { count, dayOf, formatBrl, percent } from "../format.ts"
import { type Html, html } from "../html.ts"

const names: Readonly<Record<StepView["event"], string>> = {
  presell_view: "Viram a página",
  to_bot_click: "Clicaram para o bot",
  bot_start: "Entraram no bot",
  pix_created: "Geraram o PIX",
  pix_paid: "Pagaram"
}

/** A bar of a share from 0 to 1; what it says also stands beside it in words. */
export const bar = (share: number): Html =>
  html`<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
    <rect width="${Math.max(0, Math.min(100, share * 100)).toFixed(2)}" height="10" />
  </svg>`

export const funnelChart = (steps: ReadonlyArray<StepView>): Html => {
  const most = Math.max(1, ...steps.map((step) => step.unique))
  return html`<ol class="funnel">
    ${steps.map(
      (step, index) =>
        html`<li>
          <div class="row spread">
            <span>${names[step.event]}</span>
            <span class="number"
              ><b>${count(step.unique)}</b>
              ${index === 0 || step.step_conversion === 0 || steps[index - 1]?.unique === 0 ? "" : html`<span class="muted">${percent(step.step_conversion)} da etapa anterior</span>`}</span
            >
          </div>
          ${bar(step.unique / most)}
        </li>`
    )}
  </ol>`
}

const width = 640
const height = 160
const floor = 136
const roof = 16

/** Revenue of each day of the period, also of those without a sale. */
export const revenueChart = (days: ReadonlyArray<string>, groups: ReadonlyArray<GroupView>): Html => {
  const byDay = new Map(groups.map((group) => [group.key, group]))
  const values = days.map((day) => byDay.get(day)?.revenue_cents ?? 0)
  const most = Math.max(...values, 1)
  const step = width / days.length
  const every = Math.ceil(days.length / 8)
  const total = values.reduce((sum, value) => sum + value, 0)
  return html`<svg
      class="chart"
      viewBox="0 0 ${width} ${height}"
      role="img"
      aria-label="Receita por dia: ${formatBrl(total)} em ${days.length} dias; o melhor dia teve ${formatBrl(Math.max(...values))}"
    >
      <line x1="0" x2="${width}" y1="${floor}" y2="${floor}" />
      <text x="0" y="11">${formatBrl(Math.max(...values))}</text>
      ${values.map((value, index) => {
        const tall = (value / most) * (floor - roof)
        return html`<rect
            x="${(index * step + step * 0.14).toFixed(1)}"
            y="${(floor - tall).toFixed(1)}"
            width="${(step * 0.72).toFixed(1)}"
            height="${tall.toFixed(1)}"
            rx="2"
            ><title>${dayOf(days[index] ?? "")}: ${formatBrl(value)}</title></rect
          >
          ${
            index % every === 0
              ? html`<text x="${(index * step + step / 2).toFixed(1)}" y="${height - 6}" text-anchor="middle"
                  >${dayOf(days[index] ?? "")}</text
                >`
              : ""
          }`
      })}
    </svg>
    <details>
      <summary>Ver em números</summary>
      <div class="scroll" role="region" aria-label="Receita por dia" tabindex="0">
        <table>
          <thead>
            <tr>
              <th scope="col">Dia</th>
              <th scope="col" class="number">Receita</th>
            </tr>
          </thead>
          <tbody>
            ${days.map(
              (day, index) =>
                html`<tr>
                  <td>${dayOf(day)}</td>
                  <td class="number">${formatBrl(values[index] ?? 0)}</td>
                </tr>`
            )}
          </tbody>
        </table>
      </div>
    </details>`
}
