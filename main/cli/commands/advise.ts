/** `advise DATASET`: which backbone is worth its time. */
import { DEFAULT_ADVICE_SECONDS, type Advice, type AdvicePoint } from '@shared/domain/advice'
import { StudioError } from '@shared/errors'
import { formatCount, formatDuration, formatNumber, formatPercent } from '@shared/text/format'
import { EXIT, type CommandContext, type ExitCode } from '../session'
import { table, type Cell } from '../table'
import { parseBudget } from './explain'
import { findDataset } from './fit'

export interface AdviseOptions {
  /** For example '10m', '90s', '1h' or seconds. */
  budget?: string
}

export async function advise(context: CommandContext, reference: string, options: AdviseOptions): Promise<ExitCode> {
  const { studio, output, onInterrupt } = context
  const budgetSeconds = options.budget === undefined ? DEFAULT_ADVICE_SECONDS : parseBudget(options.budget)
  const { dataset } = await findDataset(context, reference, undefined)
  await studio.devices.refresh()
  const { id } = await studio.advisor.start({ datasetId: dataset.id, budgetSeconds })
  onInterrupt({
    note: 'Ending with the answer so far … (Ctrl-C again to give up at once)',
    act: () => void studio.advisor.stop(id)
  })
  const advice = await studio.advisor.settled(id)
  if (advice.error) throw StudioError.fromData(advice.error)
  output.result(advice, describeAdvice(advice))
  return EXIT.ok
}

export function describeAdvice({ sentence, points, notes, images, screenImages, spentSeconds }: Advice): string {
  const heads = ['', 'backbone', 'ms/image', 'accuracy', '95 %', 'loses', 'as fast', 'on', 'parameters']
  const effort = `${formatCount(images)} pictures${
    screenImages === null ? '' : `, screened on ${formatCount(screenImages)}`
  }; ${formatDuration(spentSeconds)}.`
  return [sentence, table(heads, points.map(rowOf), [2, 3, 4, 5, 6, 8]), [effort, ...notes].join('\n')].join('\n\n')
}

/** A star marks the frontier. */
function rowOf(point: AdvicePoint): Cell[] {
  const { frontier, name, msPerImage, accuracy, loss, stage, parameters, error, testImages } = point
  return [
    frontier ? '*' : ' ',
    name,
    msPerImage === null ? null : formatNumber(Number(msPerImage.toPrecision(3))),
    accuracy && formatPercent(accuracy.value),
    accuracy && `${(100 * accuracy.low).toFixed(1)}–${(100 * accuracy.high).toFixed(1)}`,
    loss && (100 * loss.value).toFixed(1),
    loss && `${loss.speedup.toFixed(1)} ×`,
    error ?? (accuracy ? `${testImages} test images${stage === 'screened' ? ', screened' : ''}` : stage),
    parameters === null ? null : formatCount(parameters)
  ]
}
