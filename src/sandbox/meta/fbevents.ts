/**
 * The stub of Meta's browser library: the queue that pages begin with, the cookies, and hits to `/tr/`. As the real one
 * it takes `eventID` from the fourth argument only.
 */
export const fbeventsSource = (base: string): string => `(function () {
  var page = window.fbq, ids = [];
  if (!page || page.stub) return;
  page.stub = true;
  function read(name) {
    var found = document.cookie.match(new RegExp("(?:^|; )" + name + "=([^;]*)"));
    return found ? found[1] : "";
  }
  function write(name, value) {
    document.cookie = name + "=" + value + ";path=/;max-age=7776000;samesite=lax";
  }
  if (!read("_fbp")) write("_fbp", "fb.1." + Date.now() + "." + Math.floor(1e9 + Math.random() * 9e9));
  var click = new URLSearchParams(location.search).get("fbclid");
  if (click && read("_fbc").split(".").slice(3).join(".") !== click) write("_fbc", "fb.1." + Date.now() + "." + click);
  function hit(id, name, data, options) {
    var query = new URLSearchParams({ id: id, ev: name, dl: location.href, rl: document.referrer, ts: String(Date.now()) });
    if (options && options.eventID) query.set("eid", options.eventID);
    if (read("_fbp")) query.set("fbp", read("_fbp"));
    if (read("_fbc")) query.set("fbc", read("_fbc"));
    for (var key in data || {}) if (key !== "eventID") query.set("cd[" + key + "]", String(data[key]));
    fetch("${base}/tr/?" + query, { mode: "no-cors", keepalive: true }).catch(function () {});
  }
  var consent = true;
  function run(command, a, b, c, d) {
    if (command === "init") { if (ids.indexOf(a) < 0) ids.push(a); return; }
    if (command === "consent") { consent = a === "grant"; return; }
    if (!consent) return;
    if (command === "track" || command === "trackCustom") ids.forEach(function (id) { hit(id, a, b, c); });
    if (command === "trackSingle" || command === "trackSingleCustom") hit(a, b, c, d);
  }
  page.callMethod = function () { run.apply(null, arguments); };
  (page.queue || []).splice(0).forEach(function (call) { run.apply(null, call); });
})();
`
