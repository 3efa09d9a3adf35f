/** Pictures that one of two runs got right and the other wrong. */
import { readFile } from 'node:fs/promises'
import type { Flips, FlipKind } from '@shared/domain/flips'
import type { Prediction } from '@shared/domain/evaluation'
import type { Run } from '@shared/domain/run'
import { formatPercent } from '@shared/text/format'
import { html, type Html } from '../html'
import { swatch } from '../swatch'

/** Of each kind; a thumbnail takes some 10 kB of the file. */
export const MOST_PICTURES = 24

export interface FlipContext {
  flips(kind: FlipKind, limit: number): Promise<Flips>
  /** @throws StudioError image/not-found */
  thumbnailFile(imageId: number): Promise<string>
}

export async function flipsSection(
  a: Run,
  b: Run,
  names: ReadonlyMap<string, string>,
  context: FlipContext
): Promise<Html | null> {
  const [onlyB, onlyA] = await Promise.all([
    context.flips('only-b', MOST_PICTURES),
    context.flips('only-a', MOST_PICTURES)
  ])
  if (onlyA.total + onlyB.total === 0) return null
  const part = async (winner: Run, loser: Run, { total, flips }: Flips, right: 'a' | 'b'): Promise<Html | null> => {
    if (total === 0) return null
    const shown = await Promise.all(
      flips.map(async (flip) =>
        picture(flip[right], flip[right === 'a' ? 'b' : 'a'], await thumbnail(flip.a.image.id, context))
      )
    )
    return html`<h3>
        ${swatch(winner.color)}${names.get(winner.id)} right, ${swatch(loser.color)}${names.get(loser.id)} wrong:
        ${total}
      </h3>
      <div class="pictures">${shown}</div>
      ${total > shown.length && html`<p class="hint">And ${total - shown.length} more.</p>`}`
  }
  return html`<section>
    <h2>Where they disagree</h2>
    ${await part(b, a, onlyB, 'b')} ${await part(a, b, onlyA, 'a')}
  </section>`
}

function picture(right: Prediction, wrong: Prediction, source: string | null): Html {
  return html`<figure class="picture">
    ${source ? html`<img src="${source}" alt="${right.image.path}" />` : html`<div class="none">no picture</div>`}
    <figcaption>
      ${right.truth}<br /><span class="hint">taken for ${wrong.predicted}, ${formatPercent(wrong.confidence, 0)}</span>
    </figcaption>
  </figure>`
}

/** Null where the picture is gone: the report says so rather than fail. */
async function thumbnail(imageId: number, { thumbnailFile }: FlipContext): Promise<string | null> {
  try {
    return `data:image/webp;base64,${(await readFile(await thumbnailFile(imageId))).toString('base64')}`
  } catch {
    return null
  }
}
