/** The confusion matrices of a report. */
import type { Comparison } from '@shared/domain/comparison'
import { html, type Html } from '../html'
import { matrix, MOST_CLASSES } from '../svg/matrix'
import { swatch } from '../swatch'

export function confusionsSection({ runs, evaluations }: Comparison, names: ReadonlyMap<string, string>): Html | null {
  const drawn = runs.flatMap(({ id, color }, index) => {
    const evaluation = evaluations[index]
    if (!evaluation || evaluation.classes.length > MOST_CLASSES) return []
    const { classes, confusion } = evaluation
    const title = `Confusion matrix of ${names.get(id)!}`
    return [
      html`<figure>
        <figcaption>${swatch(color)}${names.get(id)}</figcaption>
        ${matrix(title, classes, confusion)}
      </figure>`
    ]
  })
  if (drawn.length === 0) return null
  return html`<section>
    <h2>Confusions</h2>
    <p class="hint">Rows are the truth, columns the guess; a cell is shaded by its share of the row.</p>
    <div class="grid">${drawn}</div>
  </section>`
}
