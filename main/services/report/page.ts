/** The page that a report is: one file with everything in it, which asks nothing of any network. */
import { RUN_COLORS } from '@shared/run-palette'
import { Html, html } from './html'

/** The policy lets nothing in but what the file itself holds. */
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"

export function page(title: string, body: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
        <title>${title}</title>
        <style>
          ${new Html(STYLE)}
        </style>
      </head>
      <body>
        <main>${body}</main>
      </body>
    </html> `.source
}

const colors = (theme: 'light' | 'dark'): string =>
  RUN_COLORS.map((pair, index) => `--run-${index}: ${pair[theme]};`).join(' ')

const LIGHT = `--bg: #fff; --text: #2e2e2e; --strong: #0f0f0f; --muted: #616161; --line: #e4e4e4; --accent: #0f766e; --wrong: #a14a06; ${colors('light')}`
const DARK = `--bg: #131313; --text: #dcdcdc; --strong: #fafafa; --muted: #9c9c9c; --line: #333; --accent: #2dd4bf; --wrong: #f5b640; ${colors('dark')}`

const STYLE = `
:root { color-scheme: light dark; ${LIGHT} }
@media (prefers-color-scheme: dark) { :root { ${DARK} } }
@media print { :root { color-scheme: light; ${LIGHT} } section { break-inside: avoid } }
* { box-sizing: border-box }
body { margin: 0; background: var(--bg); color: var(--text); font: 14px/20px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif }
main { max-width: 1180px; margin: 0 auto; padding: 32px 24px 64px }
h1, h2, h3 { color: var(--strong); font-weight: 600; margin: 0 }
h1 { font-size: 18px; line-height: 26px } h2 { font-size: 15px; margin-bottom: 4px } h3 { font-size: 14px; margin: 16px 0 8px }
header { margin-bottom: 8px } .verdict { font-size: 16px; line-height: 24px; color: var(--strong); margin: 8px 0 }
section { border-top: 1px solid var(--line); padding: 20px 0 }
.hint, .hint * { color: var(--muted); margin: 0 0 8px; font-weight: 400 }
figure { margin: 0; min-width: 0 } figcaption { color: var(--strong); margin-bottom: 4px }
svg { display: block; width: 100%; max-width: 640px; height: auto }
.swatch { display: inline-block; width: 26px; height: 8px; margin-right: 6px; vertical-align: middle }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 420px), 1fr)); gap: 20px 32px }
line.grid { stroke: var(--line); display: inline } .frame { fill: none; stroke: var(--line) }
.tick { fill: var(--muted); font-size: 11px } .name { fill: var(--text); font-size: 13px }
.line { fill: none; stroke-width: 1.6; stroke-linejoin: round } .dot { stroke: none }
.right { fill: var(--accent) } .wrong { fill: var(--wrong) } .count { fill: var(--text) } .count.on { fill: var(--bg) }
${RUN_COLORS.map((_, index) => `.line.run-${index} { stroke: var(--run-${index}) } .dot.run-${index} { fill: var(--run-${index}) }`).join(' ')}
.scroll { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin-top: 8px }
th, td { text-align: left; padding: 4px 20px 4px 0; border-bottom: 1px solid var(--line); vertical-align: top; max-width: 36em }
th, .number { white-space: nowrap }
thead th { color: var(--muted); font-weight: 400 } tbody th { font-weight: 500; color: var(--strong) }
th.kind { color: var(--muted); font-weight: 400; padding-top: 12px } .number { text-align: right }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(116px, 1fr)); gap: 12px }
.picture img, .picture .none { width: 100%; aspect-ratio: 1; object-fit: contain; display: grid; place-items: center; color: var(--muted); border: 1px solid var(--line); border-radius: 4px }
.picture figcaption { font-size: 12px; line-height: 16px; margin-top: 4px }
ul { margin: 0; padding-left: 18px }
footer { border-top: 1px solid var(--line); padding-top: 12px; color: var(--muted); font-size: 12px }
`
