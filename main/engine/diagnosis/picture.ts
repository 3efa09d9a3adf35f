/** Evidence as a picture: bars in an SVG data address, in greys and teal that read on light and on dark. */

export interface Bar {
  label: string
  /** 0–1. */
  value: number
  text: string
  /** The one that the finding is about: amber and hatched. */
  wrong?: boolean
}

const ROW = 18
const LABEL = 92
const WIDTH = 320
const BAR = WIDTH - LABEL - 64

export function barsPicture(title: string, bars: readonly Bar[]): string {
  const height = (bars.length + 1) * ROW
  const rows = bars.map(({ label, value, text, wrong }, index) => {
    const top = (index + 1) * ROW
    const width = Math.max(1, Math.min(Math.max(value, 0), 1) * BAR)
    return (
      `<text x="0" y="${top + 13}" fill="#808890">${escape(label)}</text>` +
      `<rect x="${LABEL}" y="${top + 4}" width="${BAR}" height="10" rx="2" fill="#808890" fill-opacity=".16"/>` +
      `<rect x="${LABEL}" y="${top + 4}" width="${width.toFixed(1)}" height="10" rx="2" fill="${wrong ? 'url(#h)' : '#14958a'}"/>` +
      `<text x="${LABEL + BAR + 8}" y="${top + 13}" fill="#808890">${escape(text)}</text>`
    )
  })
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" ` +
    `font-family="system-ui, sans-serif" font-size="11"><defs><pattern id="h" width="5" height="5" ` +
    `patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="5" height="5" fill="#c98a1b"/>` +
    `<rect width="2" height="5" fill="#a06a0c"/></pattern></defs>` +
    `<text x="0" y="12" fill="#808890">${escape(title)}</text>${rows.join('')}</svg>`
  return `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escape = (text: string): string => text.replace(/[&<>"]/g, (character) => ENTITIES[character]!)
