// Shows what the simulator's server says (`/live`: which element has which content) and tells it what was clicked.

const notice = document.getElementById("notice")
let noticeTimer

const say = (text) => {
  notice.textContent = text
  clearTimeout(noticeTimer)
  noticeTimer = setTimeout(() => (notice.textContent = ""), 4000)
}

/** The markup a child had when it was put in: what the person changed since (an opened line, a spoiler) stays. */
const given = new WeakMap()

const patch = (target, html) => {
  const template = document.createElement("template")
  template.innerHTML = html
  const known = new Map([...target.children].filter((child) => child.id !== "").map((child) => [child.id, child]))
  const children = [...template.content.children].map((child) => {
    const old = known.get(child.id)
    if (old !== undefined && (old.matches(".phone") || given.get(old) === child.outerHTML)) return old
    given.set(child, child.outerHTML)
    return child
  })
  const atEnd = target.scrollHeight - target.scrollTop - target.clientHeight < 80
  const keep = new Set(children)
  for (const child of Array.from(target.children)) if (!keep.has(child)) child.remove()
  children.forEach((child, index) => {
    if (target.children[index] !== child) target.insertBefore(child, target.children[index] ?? null)
  })
  if (atEnd && target.matches(".messages, #log")) target.scrollTop = target.scrollHeight
  for (const image of target.querySelectorAll("img")) {
    if (!image.complete && atEnd) image.addEventListener("load", () => (target.scrollTop = target.scrollHeight))
  }
}

const live = new EventSource("live")
live.addEventListener("message", ({ data }) => {
  const { id, html } = JSON.parse(data)
  const target = document.getElementById(id)
  if (target !== null) patch(target, html)
})
live.addEventListener("error", () => say("A demonstração parou. Ligue-a de novo no terminal."))
live.addEventListener("open", () => say(""))

const send = async (action, body) => {
  try {
    const answer = await fetch(`__sandbox/${action}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body)
    })
    if (!answer.ok) say((await answer.json()).message)
  } catch {
    say("A demonstração não respondeu.")
  }
}

document.addEventListener("click", async (event) => {
  const key = event.target.closest("button")
  if (key === null) return
  if (key.dataset.spoiler !== undefined) key.classList.toggle("seen")
  if (key.dataset.copy !== undefined) {
    await navigator.clipboard.writeText(key.dataset.copy).then(
      () => say("Copiado"),
      () => say("O navegador não deixou copiar")
    )
  }
  if (key.dataset.do === undefined) return
  key.disabled = true
  await send(key.dataset.do, JSON.parse(key.dataset.body))
  key.disabled = false
})

document.addEventListener("submit", async (event) => {
  event.preventDefault()
  const form = event.target
  const { value } = form.elements.text
  form.reset()
  await send(form.dataset.do, { ...JSON.parse(form.dataset.body), text: value })
})

const until = (ms) => {
  const seconds = Math.round((ms - Date.now()) / 1000)
  if (seconds <= 0) return "agora"
  return seconds < 90 ? `em ${seconds} s` : `em ${Math.round(seconds / 60)} min`
}

setInterval(() => {
  for (const time of document.querySelectorAll("time[data-due]")) time.textContent = until(Number(time.dataset.due))
}, 1000)
