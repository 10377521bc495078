// From a seller's page to the bot: one view when somebody sees the page, one click on the way. It holds nothing secret
// and needs nothing of the page it stands on. Written for the oldest in-app browsers that open Telegram links.
;(function () {
  "use strict"
  var script = document.currentScript
  var bot = script && script.getAttribute("data-bot")
  var page = (window.funil = window.funil || { bots: {}, consent: consentForAll })
  if (!bot || page.bots[bot]) return

  var base = script.src.replace(/\/t\.js(?:[?#].*)?$/, "")
  var go = base + "/go/" + bot
  var standard =
    /^(PageView|ViewContent|Search|AddToCart|AddToWishlist|InitiateCheckout|AddPaymentInfo|Purchase|Lead|CompleteRegistration|Contact|CustomizeProduct|Donate|FindLocation|Schedule|StartTrial|SubmitApplication|Subscribe)$/
  var answer, pixel, clicked, banner, retried

  page.bots[bot] = decide
  decorateAll()
  whenSeen(view)
  document.addEventListener("click", onClick, true)
  document.addEventListener("auxclick", onClick, true)

  function consentForAll(agreed) {
    for (var name in window.funil.bots) window.funil.bots[name](agreed)
  }

  /** A page that is only prepared, in a tab that nobody looks at, was not seen. */
  function whenSeen(run) {
    var again = function () {
      whenSeen(run)
    }
    if (document.prerendering) document.addEventListener("prerenderingchange", again, { once: true })
    else if (document.visibilityState === "hidden") document.addEventListener("visibilitychange", again, { once: true })
    else run()
  }

  function view() {
    var agreed = read("consent")
    var body = {
      bot: bot,
      url: location.href.slice(0, 8000),
      referrer: document.referrer.slice(0, 2000) || null,
      session: read("session"),
      fbp: cookie("_fbp"),
      fbc: cookie("_fbc"),
      consent: agreed === null ? null : agreed === "yes"
    }
    // As text, so that a page of another host needs no preflight.
    fetch(base + "/api/track/view", {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body: JSON.stringify(body),
      credentials: "same-origin",
      keepalive: true
    })
      .then(function (response) {
        return response.ok ? response.json() : Promise.reject(response.status)
      })
      .then(seen)
      .catch(function () {
        if (retried) return
        retried = true
        setTimeout(view, 2000)
      })
  }

  function seen(told) {
    answer = told
    keep("session", told.session)
    decorateAll()
    if (told.pixel) startPixel(told.pixel)
    if (told.consent === "ask" && script.getAttribute("data-consent") !== "manual") ask()
  }

  function startPixel(given) {
    if (pixel) return
    pixel = given
    if (!window.fbq) {
      var fbq = (window.fbq = function () {
        if (fbq.callMethod) fbq.callMethod.apply(fbq, arguments)
        else fbq.queue.push(arguments)
      })
      if (!window._fbq) window._fbq = fbq
      fbq.push = fbq
      fbq.loaded = true
      fbq.version = "2.0"
      fbq.queue = []
      var library = document.createElement("script")
      library.async = true
      library.src = "https://connect.facebook.net/en_US/fbevents.js"
      document.head.appendChild(library)
    }
    // Meta's own guesses at what a button means would count beside ours.
    window.fbq("set", "autoConfig", false, pixel.id)
    window.fbq("init", pixel.id, { external_id: pixel.external_id })
    track(pixel.view, answer.event_id)
  }

  function track(name, eventID) {
    if (!name) return
    window.fbq(standard.test(name) ? "trackSingle" : "trackSingleCustom", pixel.id, name, {}, { eventID: eventID })
  }

  function onClick(event) {
    var link = event.target && event.target.closest && event.target.closest("a[href]")
    if (!link || !decorate(link)) return
    if (!pixel || clicked) return
    clicked = true
    track(pixel.click, answer.click_event_id)
  }

  function decorateAll() {
    for (var i = 0; i < document.links.length; i++) decorate(document.links[i])
  }

  /** Links to the bot carry the session; before there is one, what the page's own address says. */
  function decorate(link) {
    if (!leadsToBot(link.href)) return false
    if (answer) {
      var marks = ["_fbp", "_fbc"].map(function (name) {
        var value = pixel && cookie(name)
        return value ? "&" + name.slice(1) + "=" + encodeURIComponent(value) : ""
      })
      link.href = answer.bot_url + marks.join("")
    } else if (link.href === go && location.search.length < 4000) link.href = go + location.search
    return true
  }

  function leadsToBot(href) {
    if (href === go || href.indexOf(go + "?") === 0 || href.indexOf(go + "#") === 0) return true
    var direct = /^https?:\/\/(?:t\.me|telegram\.me|telegram\.dog)\/(\w+)\/?(?:[?#]|$)/i.exec(href)
    return !!(direct && answer && direct[1].toLowerCase() === String(answer.bot_username).toLowerCase())
  }

  function decide(agreed) {
    keep("consent", agreed ? "yes" : "no")
    if (banner) banner.remove()
    whenSeen(view)
  }

  function ask() {
    if (banner) return
    banner = document.createElement("div")
    banner.setAttribute("role", "dialog")
    banner.id = "funil-consent"
    banner.style.cssText =
      "position:fixed;left:0;right:0;bottom:0;z-index:2147483647;padding:16px;background:#fff;color:#222;" +
      "font:16px/1.4 system-ui,sans-serif;box-shadow:0 -2px 12px rgba(0,0,0,.25);text-align:center"
    banner.appendChild(
      document.createTextNode("Podemos usar cookies para medir nossos anúncios? Você decide, e o acesso é o mesmo. ")
    )
    banner.appendChild(choice("Aceitar", true))
    banner.appendChild(choice("Recusar", false))
    document.body.appendChild(banner)
  }

  function choice(label, agreed) {
    var button = document.createElement("button")
    button.textContent = label
    button.style.cssText = "margin:8px;padding:10px 20px;font:inherit;cursor:pointer"
    button.addEventListener("click", function () {
      decide(agreed)
    })
    return button
  }

  function cookie(name) {
    var found = new RegExp("(?:^|; )" + name + "=([^;]*)").exec(document.cookie)
    return found ? found[1] : null
  }

  function read(key) {
    try {
      return localStorage.getItem("funil:" + bot + ":" + key)
    } catch {
      return null
    }
  }

  function keep(key, value) {
    try {
      localStorage.setItem("funil:" + bot + ":" + key, value)
    } catch {
      // No storage: the session lives in the links of this page.
    }
  }
})()
