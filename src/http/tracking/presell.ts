import type { Bot } from "../../domain/bot.ts"
import { escapeHtml } from "../../domain/text.ts"

/**
 * The hosted presell page of a bot: plain HTML, phone first, one way on, which works without JavaScript too. A preview
 * counts nobody and leads nowhere.
 */
export const presellPage = (bot: Bot, seen: "visit" | "preview" = "visit"): string => {
  const { presell } = bot.tracking
  const title = escapeHtml(presell.title ?? bot.name)
  const color = presell.color ?? "#2aabee"
  const image =
    presell.image_url === undefined ? "" : `<img src="${escapeHtml(presell.image_url)}" alt="" fetchpriority="high">`
  const shared =
    presell.image_url === undefined ? "" : `<meta property="og:image" content="${escapeHtml(presell.image_url)}">`
  const way = seen === "visit" ? `rel="nofollow" href="../go/${bot.slug}"` : ""
  const script = seen === "visit" ? `<script async src="../t.js" data-bot="${bot.slug}"></script>\n` : ""
  return `<!doctype html>
<html lang="pt-BR">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>${title}</title>
<meta name="robots" content="noindex">
<meta property="og:title" content="${escapeHtml(presell.title ?? bot.name)}">${shared}
<style>
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:flex;align-items:center;justify-content:center;background:#f4f6f8;color:#1c2733;font:18px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{width:100%;max-width:480px;padding:24px;text-align:center}
img{width:100%;border-radius:16px;display:block;margin-bottom:20px}
h1{font-size:1.6em;line-height:1.25;margin:0 0 12px}
p{margin:0 0 14px;overflow-wrap:anywhere}
a.go{display:block;margin:24px 0 16px;padding:18px;border-radius:14px;background:${color};color:${inkOn(color)};font-weight:700;font-size:1.1em;text-decoration:none}
a.go:focus-visible{outline:3px solid #1c2733;outline-offset:3px}
footer{font-size:.75em;color:#5b6b7b}
@media(prefers-color-scheme:dark){body{background:#17212b;color:#f5f5f5}footer{color:#9aa9b8}a.go:focus-visible{outline-color:#f5f5f5}}
</style>
</head>
<body>
<main>
${image}<h1>${title}</h1>
${paragraphs(presell.text ?? "")}<a class="go" ${way}>${escapeHtml(presell.button ?? "Entrar no Telegram")}</a>
<footer>${paragraphs(presell.footer ?? "")}</footer>
</main>
${script}</body>
</html>
`
}

const paragraphs = (text: string): string =>
  text
    .split(/\n{2,}/)
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map((part) => `<p>${escapeHtml(part).replaceAll("\n", "<br>")}</p>\n`)
    .join("")

/** Black or white, whichever can be read on the color (relative luminance of WCAG, without its gamma). */
const inkOn = (color: string): string => {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16))
  return red * 0.299 + green * 0.587 + blue * 0.114 > 160 ? "#000" : "#fff"
}
