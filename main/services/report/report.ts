/** A comparison as one file to send to somebody: it opens offline, in any browser. */
import { writeFile } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import type { Comparison } from '@shared/domain/comparison'
import type { FlipRequest, Flips } from '@shared/domain/flips'
import { StudioError } from '@shared/errors'
import type { RunStore } from '../../store/store'
import { distinctNames } from '../compare/words'
import { html } from './html'
import { page } from './page'
import { confusionsSection } from './sections/confusions'
import { curvesSection } from './sections/curves'
import { differencesSection } from './sections/differences'
import { flipsSection } from './sections/flips'
import { runsSection } from './sections/runs'
import { testsSection } from './sections/tests'

export interface ReportContext {
  runs: Pick<RunStore, 'curves' | 'seriesOf'>
  compare(runIds: readonly string[]): Promise<Comparison>
  flips(request: FlipRequest, offset: number, limit: number): Promise<Flips>
  thumbnailFile(imageId: number): Promise<string>
  version: string
  now?(): Date
}

export class ReportService {
  constructor(private readonly context: ReportContext) {}

  /** The page. @throws StudioError run/not-found, compare/too-few */
  async page(runIds: readonly string[]): Promise<string> {
    const { context } = this
    const comparison = await context.compare(runIds)
    const { runs, verdict } = comparison
    const names = distinctNames(runs)
    const title = `${runs.map(({ id }) => names.get(id)!).join(', ')}: a comparison`
    const [curves, flips] = await Promise.all([
      curvesSection(comparison, names, context.runs),
      this.flipsOf(comparison)
    ])
    const made = (context.now?.() ?? new Date()).toISOString().slice(0, 16).replace('T', ' ')
    return page(
      title,
      html`<header>
          <h1>${runs.length} runs compared</h1>
          <p class="verdict">${verdict}</p>
        </header>
        ${runsSection(comparison, names)} ${testsSection(comparison, names)} ${curves}
        ${differencesSection(comparison, names)} ${confusionsSection(comparison, names)} ${flips}
        <footer>Made by Whetstone ${context.version} on ${made} UTC. Everything that is shown is in this file.</footer>`
    )
  }

  /**
   * @param file absolute; one that is there is replaced
   * @throws StudioError run/not-found, compare/too-few, export/failed
   */
  async write(runIds: readonly string[], file: string): Promise<{ file: string; bytes: number }> {
    if (!isAbsolute(file))
      throw new StudioError('export/failed', `Give the whole path of a file, not '${file}'.`, { file })
    const text = await this.page(runIds)
    try {
      await writeFile(file, text)
    } catch (error) {
      const message = `${file} cannot be written: ${(error as Error).message}.`
      throw new StudioError('export/failed', message, { file }, { cause: error })
    }
    return { file, bytes: Buffer.byteLength(text) }
  }

  /** Of the best run and the one next to it. */
  private async flipsOf({ runs, best, evaluations }: Comparison) {
    if (!best) return null
    const accuracy = (index: number): number => evaluations[index]?.accuracy ?? -1
    const winner = runs.find(({ id }) => id === best.runId)
    const next = runs
      .map((run, index) => ({ run, accuracy: accuracy(index) }))
      .filter(({ run, accuracy }) => run !== winner && accuracy >= 0)
      .sort((a, b) => b.accuracy - a.accuracy)[0]?.run
    if (!winner || !next) return null
    const { context } = this
    return flipsSection(next, winner, distinctNames(runs), {
      flips: (kind, limit) => context.flips({ a: next.id, b: winner.id, kind }, 0, limit),
      thumbnailFile: (imageId) => context.thumbnailFile(imageId)
    })
  }
}
