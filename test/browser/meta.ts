import { Effect } from "effect"
import type { Page } from "../support/browser.ts"

/** What Meta's library reported: the query of one call to `tr`. */
export type Hit = Readonly<Record<string, string>>

/**
 * Meta's Pixel as a page meets it (facts/tracking, F.3): the queue, the cookies it writes, `eventID` as the fourth
 * argument and only there, and one call to `tr` per event.
 */
const library = `(function () {
  var fbq = window.fbq, pixels = {}
  var cookie = function (name) { var m = new RegExp("(?:^|; )" + name + "=([^;]*)").exec(document.cookie); return m && m[1] }
  var put = function (name, value) { document.cookie = name + "=" + value + "; path=/; max-age=7776000; samesite=lax" }
  if (!cookie("_fbp")) put("_fbp", "fb.1." + Date.now() + "." + String(Math.random()).slice(2, 12))
  var clicked = new URLSearchParams(location.search).get("fbclid")
  if (clicked && (cookie("_fbc") || "").split(".").slice(3).join(".") !== clicked) put("_fbc", "fb.1." + Date.now() + "." + clicked)
  var hit = function (id, name, data, options) {
    var q = { id: id, ev: name, eid: (options && options.eventID) || "", dl: location.href, rl: document.referrer, ts: Date.now(), fbp: cookie("_fbp") || "", fbc: cookie("_fbc") || "" }
    for (var k in data || {}) q["cd[" + k + "]"] = data[k]
    for (var u in pixels[id]) q["ud[" + u + "]"] = pixels[id][u]
    new Image().src = "https://www.facebook.com/tr/?" + new URLSearchParams(q)
  }
  var commands = {
    init: function (id, data) { pixels[id] = data || {} },
    track: function (name, data, options) { for (var id in pixels) hit(id, name, data, options) },
    trackSingle: function (id, name, data, options) { if (pixels[id]) hit(id, name, data, options) },
    trackSingleCustom: function (id, name, data, options) { if (pixels[id]) hit(id, name, data, options) },
    set: function () {}, consent: function () {}
  }
  fbq.callMethod = function (command) { commands[command].apply(null, [].slice.call(arguments, 1)) }
  fbq.queue.forEach(function (call) { fbq.callMethod.apply(null, call) })
  fbq.queue = []
})()`

/** Answers for Meta and Telegram in this browser, and tells what came to them. */
export const standIns = Effect.fnUntraced(function* (page: Page) {
  const hits: Array<Hit> = []
  const opened: Array<string> = []
  yield* Effect.promise(async () => {
    const context = page.context()
    await context.route("https://connect.facebook.net/**", (route) =>
      route.fulfill({ contentType: "text/javascript", body: library })
    )
    await context.route("https://www.facebook.com/tr/**", (route) => {
      hits.push(Object.fromEntries(new URL(route.request().url()).searchParams))
      return route.fulfill({ status: 200, contentType: "image/gif", body: "" })
    })
    await context.route("https://t.me/**", (route) => {
      opened.push(route.request().url())
      return route.fulfill({ contentType: "text/html", body: "<title>Telegram</title>" })
    })
  })
  return { hits, opened }
})
