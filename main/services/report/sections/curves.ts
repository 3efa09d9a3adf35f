/** The curves of a report, each series that any of the runs has. */
import { unpackPoints } from '@shared/curves/pack'
import type { Comparison } from '@shared/domain/comparison'
import type { RunStore } from '../../../store/store'
import { html, type Html } from '../html'
import { lineChart, PLOT_COLUMNS, type Line } from '../svg/line-chart'

/** These first; what else there is comes by name. */
const FIRST = ['validation_loss', 'validation_accuracy', 'train_loss', 'train_accuracy', 'learning_rate']

/** What tells of the machine rather than of what was learned. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'rss_bytes',
  'images_per_second',
  'gradient_norm',
  'update_ratio',
  'wait_share'
])

const MOST_CHARTS = 24

export async function curvesSection(
  { runs }: Comparison,
  names: ReadonlyMap<string, string>,
  store: Pick<RunStore, 'curves' | 'seriesOf'>
): Promise<Html | null> {
  const runIds = runs.map(({ id }) => id)
  const series = (await store.seriesOf(runIds)).map(({ name }) => name).filter((name) => !LEFT_OUT.has(name))
  const ordered = [...FIRST.filter((name) => series.includes(name)), ...series.filter((name) => !FIRST.includes(name))]
  if (ordered.length === 0) return null
  const charts: Html[] = []
  for (const name of ordered.slice(0, MOST_CHARTS)) {
    const { curves } = await store.curves({
      runIds,
      groups: [],
      series: name,
      x: 'step',
      from: null,
      to: null,
      pixels: PLOT_COLUMNS,
      logX: false,
      smoothing: 0,
      band: 'range'
    })
    const lines = curves.flatMap(({ count, points }, index): Line[] => {
      const { id, color } = runs[index]!
      return count === 0 ? [] : [{ name: names.get(id)!, color, points: unpackPoints(points) }]
    })
    const title = name.replaceAll('_', ' ')
    charts.push(
      html`<figure>
        <figcaption>${title}</figcaption>
        ${lineChart(title, 'step', lines)}
      </figure>`
    )
  }
  const left = ordered.length - charts.length
  return html`<section>
    <h2>Curves</h2>
    <p class="hint">
      Every extreme is kept: what falls into one column of the picture is drawn from its lowest to its highest
      value.${left > 0 && ` ${left} more series are left out.`}
    </p>
    <div class="grid">${charts}</div>
  </section>`
}
