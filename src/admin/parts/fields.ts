import type { FieldProblems } from "../../domain/admin.ts"
import { type Html, html, nothing } from "../html.ts"

export interface FieldOptions {
  readonly value?: string
  readonly hint?: string | Html
  readonly faults?: FieldProblems
  /** The path under which a fault of this field comes, when it is not its name. */
  readonly path?: string
  readonly type?: "text" | "password" | "number" | "date" | "datetime-local" | "search" | "url" | "color"
  readonly required?: boolean
  /** Where two forms of a page have a field of this name. */
  readonly scope?: string
  readonly placeholder?: string
  readonly maxlength?: number
  readonly inputmode?: "decimal" | "numeric"
  readonly attributes?: Html
}

const idOf = (name: string, scope = "f") => `${scope}-${name.replaceAll(/[^\w-]/g, "-")}`

const around = (name: string, label: string, options: FieldOptions, control: (described: Html) => Html): Html => {
  const id = idOf(name, options.scope)
  const fault = options.faults?.[options.path ?? name]
  const ids = [...(fault === undefined ? [] : [`${id}-fault`]), ...(options.hint === undefined ? [] : [`${id}-hint`])]
  const described = html`${ids.length === 0 ? nothing : html`aria-describedby="${ids.join(" ")}"`}
  ${fault === undefined ? nothing : html`aria-invalid="true"`}`
  return html`<div class="field">
    <label for="${id}">${label}</label>
    ${control(described)}
    ${options.hint === undefined ? nothing : html`<p class="hint" id="${id}-hint">${options.hint}</p>`}
    ${fault === undefined ? nothing : html`<p class="fault" id="${id}-fault">${fault}</p>`}
  </div>`
}

export const input = (name: string, label: string, options: FieldOptions = {}): Html =>
  around(
    name,
    label,
    options,
    (described) =>
      html`<input
        id="${idOf(name, options.scope)}"
        name="${name}"
        type="${options.type ?? "text"}"
        value="${options.value ?? ""}"
        maxlength="${options.maxlength ?? 2000}"
        ${options.required === true ? html`required` : nothing}
        ${options.placeholder === undefined ? nothing : html`placeholder="${options.placeholder}"`}
        ${options.inputmode === undefined ? nothing : html`inputmode="${options.inputmode}"`}
        autocomplete="${options.type === "password" ? "new-password" : "off"}"
        ${options.attributes}
        ${described}
      />`
  )

/** Something to be pasted elsewhere. Its button appears only where a script can copy. */
export const copyable = (name: string, label: string, value: string, hint?: string): Html =>
  html`<div class="field">
    <label for="${idOf(name)}">${label}</label>
    <div class="copy">
      <input
        id="${idOf(name)}"
        value="${value}"
        readonly
        ${hint === undefined ? nothing : html`aria-describedby="${idOf(name)}-hint"`}
      />
      <button type="button" data-copy="${idOf(name)}" hidden>Copiar</button>
    </div>
    ${hint === undefined ? nothing : html`<p class="hint" id="${idOf(name)}-hint">${hint}</p>`}
  </div>`

export const area = (name: string, label: string, options: FieldOptions & { readonly rows?: number } = {}): Html =>
  around(
    name,
    label,
    options,
    (described) =>
      // A line break right after the tag is not part of the text: one of ours, so that the seller's first stays.
      html`<textarea
        id="${idOf(name, options.scope)}"
        name="${name}"
        rows="${options.rows ?? 8}"
        ${options.attributes}
        ${described}
      >
${options.value ?? ""}</textarea>`
  )

export const select = (
  name: string,
  label: string,
  choices: ReadonlyArray<readonly [value: string, words: string]>,
  options: FieldOptions = {}
): Html =>
  around(
    name,
    label,
    options,
    (described) =>
      html`<select id="${idOf(name, options.scope)}" name="${name}" ${options.attributes} ${described}>
        ${choices.map(
          ([value, words]) =>
            html`<option value="${value}" ${value === (options.value ?? "") ? html`selected` : nothing}>
              ${words}
            </option>`
        )}
      </select>`
  )

export const check = (name: string, label: string, checked: boolean, hint?: string): Html =>
  html`<div class="field check">
    <label><input type="checkbox" name="${name}" value="1" ${checked ? html`checked` : nothing} /> ${label}</label>
    ${hint === undefined ? nothing : html`<p class="hint">${hint}</p>`}
  </div>`

/** Faults that belong to no field of the form. */
export const otherFaults = (faults: FieldProblems, known: (path: string) => boolean): Html => {
  const rest = Object.entries(faults).filter(([path]) => !known(path))
  return rest.length === 0
    ? nothing
    : html`<div class="notice bad" role="alert">${rest.map(([, words]) => html`<p>${words}</p>`)}</div>`
}
