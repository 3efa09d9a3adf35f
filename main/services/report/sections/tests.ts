/** Whether the differences are real: each run against the best one, and groups of seeds. */
import type { Comparison, PairTest } from '@shared/domain/comparison'
import { formatCount } from '@shared/text/format'
import { formatP, formatRange } from '../../compare/words'
import { html, type Html } from '../html'

export function testsSection(
  { best, seedGroups, sameTestSet }: Comparison,
  names: ReadonlyMap<string, string>
): Html | null {
  if (!best || best.tests.length === 0) return null
  return html`<section>
    <h2>Is it real?</h2>
    <p class="hint">
      ${sameTestSet ? 'On the same test images' : 'The test sets differ: on the images that two runs have in common'}:
      accuracy of ${names.get(best.runId)} less that of the other, with a 95 % interval by paired bootstrap; McNemar’s
      test, p corrected for the number of comparisons (Holm).
    </p>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>against</th>
            <th class="number">images</th>
            <th class="number">points</th>
            <th>95 %</th>
            <th class="number">only ${names.get(best.runId)}</th>
            <th class="number">only the other</th>
            <th>p</th>
            <th>corrected</th>
          </tr>
        </thead>
        <tbody>
          ${best.tests.map((test) => testRow(test, names))}
        </tbody>
      </table>
    </div>
    ${
      seedGroups &&
      html`<h3>Over seeds</h3>
        <ul>
          ${seedGroups.groups.map(
            ({ name, seeds, mean }) =>
              html`<li>
                ${name}: mean accuracy ${(mean * 100).toFixed(1)} % over ${seeds.length}
                seed${seeds.length === 1 ? '' : 's'}
              </li>`
          )}
        </ul>`
    }
  </section>`
}

function testRow(
  { a, count, difference, onlyA, onlyB, p, corrected, bootstrap }: PairTest,
  names: ReadonlyMap<string, string>
): Html {
  return html`<tr>
    <th>${names.get(a)}</th>
    <td class="number">${formatCount(count)}</td>
    <td class="number">${(difference * 100).toFixed(1)}</td>
    <td>${formatRange(bootstrap).replace('95 % ', '')}</td>
    <td class="number">${onlyB}</td>
    <td class="number">${onlyA}</td>
    <td>${formatP(p)}</td>
    <td>${formatP(corrected)}</td>
  </tr>`
}
