/** The settings in which the runs of a report differ. */
import type { Comparison, SettingDifference } from '@shared/domain/comparison'
import { html, type Html } from '../html'
import { swatch } from '../swatch'

const KINDS: [SettingDifference['kind'], string][] = [
  ['data', 'Data'],
  ['setting', 'Settings'],
  ['environment', 'Computed on']
]

export function differencesSection({ runs, differences }: Comparison, names: ReadonlyMap<string, string>): Html {
  if (differences.length === 0)
    return html`<section>
      <h2>What differs</h2>
      <p class="hint">Nothing: the runs have the same settings and data.</p>
    </section>`
  return html`<section>
    <h2>What differs</h2>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <td></td>
            ${runs.map(({ id, color }) => html`<th>${swatch(color)}${names.get(id)}</th>`)}
          </tr>
        </thead>
        ${KINDS.map(([kind, title]) => {
          const own = differences.filter((difference) => difference.kind === kind)
          if (own.length === 0) return null
          return html`<tbody>
            <tr>
              <th class="kind" colspan="${runs.length + 1}">${title}</th>
            </tr>
            ${own.map(
              ({ key, values }) =>
                html`<tr>
                  <th>${key}</th>
                  ${values.map((value) => html`<td>${value === null ? '–' : String(value)}</td>`)}
                </tr>`
            )}
          </tbody>`
        })}
      </table>
    </div>
  </section>`
}
