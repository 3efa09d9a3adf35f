/** The runs of a report, with the scores of their test. */
import type { Comparison } from '@shared/domain/comparison'
import { formatDuration, formatNumber, formatPercent } from '@shared/text/format'
import { html, type Html } from '../html'
import { intervalPlot } from '../svg/interval-plot'
import { swatch } from '../swatch'

export function runsSection({ runs, evaluations }: Comparison, names: ReadonlyMap<string, string>): Html {
  const tested = runs.flatMap(({ id, color }, index) => {
    const evaluation = evaluations[index]
    if (!evaluation) return []
    const { accuracy, interval } = evaluation
    return [{ name: names.get(id)!, color, value: accuracy, low: interval[0], high: interval[1] }]
  })
  return html`<section>
    <h2>Test accuracy</h2>
    ${
      tested.length > 0
        ? html`<p class="hint">
              With 95 % Wilson intervals of each run alone. Whether two runs differ is told by the tests below.
            </p>
            <figure>${intervalPlot('Test accuracy', tested)}</figure>`
        : html`<p class="hint">None of the runs has a test result.</p>`
    }
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>run</th>
            <th>dataset</th>
            <th>backbone</th>
            <th>preset</th>
            <th class="number">best validation</th>
            <th class="number">test</th>
            <th class="number">loss</th>
            <th class="number">macro F1</th>
            <th class="number">time</th>
            <th>computed on</th>
            <th>state</th>
          </tr>
        </thead>
        <tbody>
          ${runs.map((run, index) => {
            const evaluation = evaluations[index]
            return html`<tr>
              <th>${swatch(run.color)}${names.get(run.id)}</th>
              <td>${run.datasetName}</td>
              <td>${run.imported ? '' : run.config.backboneId}</td>
              <td>${run.imported ? `from ${run.imported.source}` : run.config.preset}</td>
              <td class="number">${run.best && formatPercent(run.best.validationAccuracy)}</td>
              <td class="number">${evaluation && formatPercent(evaluation.accuracy)}</td>
              <td class="number">${evaluation && formatNumber(evaluation.loss)}</td>
              <td class="number">${evaluation && formatNumber(evaluation.macroF1)}</td>
              <td class="number">${run.seconds && formatDuration(run.seconds.total)}</td>
              <td>
                ${run.environment?.device}${run.environment?.fallback && html` <em>(${run.environment.fallback})</em>`}
              </td>
              <td>${run.state}</td>
            </tr>`
          })}
        </tbody>
      </table>
    </div>
  </section>`
}
