/** `range-test DIR|DATASET`. */
import { presetConfig, presetMode } from '@shared/domain/presets'
import type { RangeTest, RangeTestEvent } from '@shared/domain/range-test'
import { StudioError } from '@shared/errors'
import { EXIT, type CommandContext, type ExitCode } from '../session'
import { findDataset, settingChanges, withChanges, type FitOptions } from './fit'
import { prepareRuntime } from './train'

const ROWS = 12
const COLUMNS = 64

export async function rangeTest(context: CommandContext, reference: string, options: FitOptions): Promise<ExitCode> {
  const { studio, output, onInterrupt } = context
  const { preset } = options
  const mode = options.mode ?? presetMode(preset)
  const changes = settingChanges(options, presetConfig(preset, mode))
  // A head by L-BFGS has no rate to test: who tests one means the other method.
  if (mode === 'head' && !changes.some(([key]) => key === 'head.method')) changes.push(['head.method', 'gradient'])
  if (options.backbone !== undefined) {
    changes.unshift(['backboneId', (await studio.models.resolve(options.backbone)).id])
  }
  withChanges(presetConfig(preset, mode), changes)
  const { dataset } = await findDataset(context, reference, options.seed)
  const { config: recommended } = await studio.runs.defaults(dataset.id, mode, preset)
  const config = withChanges(recommended, changes)
  if (config.mode === 'finetune') await prepareRuntime(context)
  const leaving = new AbortController()
  onInterrupt(() => leaving.abort())
  let last: RangeTestEvent | null = null
  for await (const event of studio.runs.rangeTest(dataset.id, config, leaving.signal)) last = event
  if (!last?.finished) throw new StudioError('job/cancelled', 'The range test was stopped.')
  const key = config.mode === 'head' ? 'head.learningRate' : 'fineTune.learningRate'
  output.result({ dataset: dataset.id, mode, setting: key, ...last.test }, describe(last.test, key))
  return EXIT.ok
}

function describe({ points, suggested, basis, steepest, stoppedAt }: RangeTest, key: string): string {
  const lines = [chart(points), '']
  if (suggested === null) lines.push('The loss never fell: there is no rate to suggest.')
  else lines.push(`suggested   ${shown(suggested)}   --set ${key}=${shown(suggested)}`)
  if (basis === 'ceiling') lines.push('(of a head that is trained already: a tenth of where the flat curve turns up)')
  if (steepest !== null) lines.push(`steepest    ${shown(steepest)}`)
  lines.push(stoppedAt === null ? 'the loss never ran away' : `ran away at ${shown(stoppedAt)}`)
  return lines.join('\n')
}

const shown = (rate: number): string => String(Number(rate.toPrecision(2)))

/** Loss over the logarithm of the rate. What lies above twice the first loss is cut off: it would flatten all the rest. */
function chart(points: RangeTest['points']): string {
  if (points.length < 2) return 'too few steps for a curve'
  const ceiling = Math.min(Math.max(...points.map(({ loss }) => loss)), 2 * points[0]!.loss)
  const floor = Math.min(...points.map(({ loss }) => loss))
  const first = Math.log(points[0]!.rate)
  const width = Math.log(points.at(-1)!.rate) - first
  const cells = Array.from({ length: ROWS }, () => Array.from({ length: COLUMNS }, () => ' '))
  for (const { rate, loss } of points) {
    const column = Math.round(((Math.log(rate) - first) / width) * (COLUMNS - 1))
    const height = (Math.min(loss, ceiling) - floor) / Math.max(ceiling - floor, 1e-12)
    cells[Math.round((1 - height) * (ROWS - 1))]![column] = '•'
  }
  const labels = cells.map((_, row) => (row === 0 ? ceiling : row === ROWS - 1 ? floor : null))
  const rows = cells.map((cell, row) => {
    const label = labels[row]
    return `${(label === null ? '' : label!.toFixed(3)).padStart(8)} │${cell.join('').trimEnd()}`
  })
  const [from, to] = [shown(points[0]!.rate), shown(points.at(-1)!.rate)]
  return [
    ...rows,
    `${' '.repeat(9)}└${'─'.repeat(COLUMNS)}`,
    `${' '.repeat(10)}${from}${to.padStart(COLUMNS - from.length)}`
  ].join('\n')
}
