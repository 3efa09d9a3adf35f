/** A confusion matrix as an SVG picture: rows are the truth, each shaded by its own share. */
import { html, type Html } from '../html'

/** Of more classes the names would not be read and the cells not be told apart. */
export const MOST_CLASSES = 60

const SIDE = 420
const NAMES = 110

export function matrix(title: string, classes: readonly string[], confusion: readonly (readonly number[])[]): Html {
  const cell = (SIDE - NAMES) / classes.length
  const font = Math.min(11, Math.max(5, cell * 0.8))
  return html`<svg
    viewBox="0 0 ${SIDE} ${SIDE}"
    role="img"
    aria-label="${title}. Rows are the truth, columns the guess."
  >
    ${confusion.map((row, truth) => {
      const support = row.reduce((sum, count) => sum + count, 0)
      const y = NAMES + truth * cell
      return html`<text
          class="tick"
          style="font-size: ${font}px"
          x="${NAMES - 5}"
          y="${round(y + cell / 2 + font / 3)}"
          text-anchor="end"
          >${shortened(classes[truth]!)}</text
        >
        ${row.map((count, guess) => {
          if (count === 0) return null
          const x = NAMES + guess * cell
          const share = count / support
          const hint = `${classes[truth]!} taken for ${classes[guess]!}: ${count} of ${support}`
          return html`<rect
              class="${truth === guess ? 'right' : 'wrong'}"
              x="${round(x)}"
              y="${round(y)}"
              width="${round(cell)}"
              height="${round(cell)}"
              fill-opacity="${share.toFixed(3)}"
              ><title>${hint}</title></rect
            >
            ${cell >= 12 && html`<text class="count${share > 0.55 ? ' on' : ''}" style="font-size: ${font}px" x="${round(x + cell / 2)}" y="${round(y + cell / 2 + font / 3)}" text-anchor="middle">${count}</text>`}`
        })}`
    })}
    ${classes.map((name, guess) => {
      const x = NAMES + (guess + 0.5) * cell + font / 3
      return html`<text
        class="tick"
        style="font-size: ${font}px"
        transform="translate(${round(x)} ${NAMES - 5}) rotate(-90)"
        >${shortened(name)}</text
      >`
    })}
    <rect class="frame" x="${NAMES}" y="${NAMES}" width="${SIDE - NAMES}" height="${SIDE - NAMES}" />
  </svg>`
}

const round = (value: number): string => String(Number(value.toFixed(2)))

const LONGEST = 18
const shortened = (name: string): string => (name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name)
