// The little that HTML and htmx do not do by themselves. Every page works without it.
"use strict"

// Filters take effect when one is chosen; without this script their button does it.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-auto]")
  if (form !== null && event.target.matches("select, input[type=date]")) form.requestSubmit()
})

// What cannot be undone is asked about once more.
document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm
  if (question !== undefined && !window.confirm(question)) event.preventDefault()
})

document.querySelector("nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" })

// Insert a variable or a pair of tags at the cursor.
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-insert]")
  if (button === null) return
  const area = document.getElementById(button.dataset.into)
  if (area === null) return
  const [before, after = ""] = button.dataset.insert.split("|")
  const { selectionEnd, selectionStart, value } = area
  area.setRangeText(before + value.slice(selectionStart, selectionEnd) + after, selectionStart, selectionEnd, "end")
  area.focus()
  area.dispatchEvent(new Event("input", { bubbles: true }))
})

// Copy what is pasted elsewhere; without a clipboard it is marked, ready to be copied by hand.
for (const button of document.querySelectorAll("button[data-copy]")) {
  const source = document.getElementById(button.dataset.copy)
  const words = button.textContent
  button.hidden = false
  button.setAttribute("aria-live", "polite")
  button.addEventListener("click", async () => {
    source.select()
    const copied = await navigator.clipboard?.writeText(source.value).then(
      () => true,
      () => false
    )
    button.textContent = copied === true ? "Copiado" : "Selecionado"
    setTimeout(() => (button.textContent = words), 2000)
  })
}

// A file chosen is put where it could also be pasted.
for (const place of document.querySelectorAll("[data-file-into]")) {
  place.hidden = false
  place.querySelector("input").addEventListener("change", async (event) => {
    document.getElementById(place.dataset.fileInto).value = (await event.target.files[0]?.text()) ?? ""
  })
}

// How far an upload has come.
document.addEventListener("htmx:xhr:progress", (event) => {
  const bar = event.target.querySelector("progress[data-upload]")
  if (bar === null || !event.detail.lengthComputable) return
  bar.hidden = false
  bar.max = event.detail.total
  bar.value = event.detail.loaded
})

// A refusal of the server is a part of the page too.
document.addEventListener("htmx:beforeSwap", (event) => {
  if ([409, 413, 422, 503].includes(event.detail.xhr.status)) {
    event.detail.shouldSwap = true
    event.detail.isError = false
  }
})

// The log as it is written.
const live = document.querySelector("[data-live]")
if (live !== null) {
  const state = document.querySelector("[data-live-state]")
  const pause = document.querySelector("[data-live-pause]")
  const kept = 300
  let source
  const open = () => {
    source = new EventSource(live.dataset.live)
    source.addEventListener("open", () => (state.textContent = "Ligado: as linhas aparecem aqui na hora."))
    source.addEventListener("error", () => (state.textContent = "Sem ligação com o servidor; tentando de novo…"))
    source.addEventListener("line", (event) => {
      const line = JSON.parse(event.data)
      const item = document.createElement("li")
      item.className = line.level
      for (const [name, words] of [
        ["time", line.time],
        ["b", line.word],
        ["span", line.sentence]
      ]) {
        const piece = document.createElement(name)
        piece.textContent = words
        item.append(piece, " ")
      }
      live.prepend(item)
      while (live.children.length > kept) live.lastElementChild.remove()
    })
  }
  pause?.addEventListener("click", () => {
    const stopped = source.readyState === EventSource.CLOSED
    if (stopped) open()
    else source.close()
    pause.textContent = stopped ? "Pausar" : "Continuar"
    state.textContent = stopped ? "Ligando…" : "Pausado: nada novo aparece."
  })
  open()
}
