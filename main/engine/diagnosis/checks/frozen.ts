/** What is trainable, what is silently frozen, and what batch-norm does meanwhile. */
import type { TrainingConfig } from '@shared/domain/training-config'
import type { NetworkGraph } from '../../backbones/graph'
import { listBlocks } from '../../backbones/blocks'
import { adaptingMomentum } from '../../training/finetune/adapting-momentum'
import { normDivergence, openNormProbes } from '../../backbones/contract-proposal/norm-statistics'
import { found, passed, type Check, type CheckResult } from '../check'
import type { Examination } from '../examination'
import { learningPart } from '../learning-part'
import { batchOf } from '../pictures'
import { stepsOf } from './finetune-steps'

/** Pictures that a batch's own statistics need to be any good (Wu & He 2018: the error grows fast below 16). */
const FEWEST_FOR_STATISTICS = 16
/** Share of the moving statistics that may still be the old ones when training ends. */
const MOST_STALE = 0.05
/** Share of the rate below which a block only seems to learn. */
const NO_RATE = 1e-3

export const frozenCheck: Check = {
  code: 'training/frozen-backbone',
  phase: 'Looking at what learns, and at batch-norm',
  async run(examination) {
    const { info, features } = await examination.backbone()
    const { config } = examination
    if (config.mode === 'head') {
      const codes = ['training/batch-norm', 'training/batch-norm-momentum'] as const
      const text = 'Only the head learns: the backbone stays as it is, its batch-norm in inference mode.'
      return [passed('training/frozen-backbone', text), ...codes.map((code) => passed(code, text))]
    }
    if (!info.trainable || !features) return [silentlyFrozen(examination, info.name, info.form)]
    return [learningBlocks(config, features), ...(await batchNorm(examination, features))]
  }
}

/** A SavedModel or an ONNX file has no variable that a training could change. */
function silentlyFrozen(examination: Examination, name: string, form: string): CheckResult {
  const { rivals } = examination.job
  const twin = rivals.find((rival) => rival.trainable && rival.architecture !== null && sameFamily(rival.name, name))
  return found('training/frozen-backbone', {
    severity: 'severe',
    weight: 60,
    title: `'${name}' cannot be fine-tuned: it is run as the ${form === 'onnx' ? 'ONNX file' : 'SavedModel'} that it came in, all of it frozen.`,
    evidence: {
      text: 'None of its weights is a variable. Frameworks that accept it train the head alone, and say nothing.',
      value: 0
    },
    repair: twin
      ? { label: `Use its trainable twin, '${twin.name}'`, changes: { backboneId: twin.id } }
      : { label: 'Train the head only', changes: { mode: 'head' } }
  })
}

const sameFamily = (a: string, b: string): boolean => {
  const plain = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '')
  return plain(b).includes(plain(a)) || plain(a).includes(plain(b))
}

function learningBlocks({ fineTune }: TrainingConfig, graph: NetworkGraph): CheckResult {
  const all = listBlocks(graph).length
  const learning = fineTune.unfreeze === 'all' ? all : Math.min(all, fineTune.unfreeze)
  const slow = Array.from({ length: learning }, (_, index) => fineTune.layerDecay ** (index + 1)).filter(
    (share) => share < NO_RATE
  ).length
  if (slow === 0) return passed('training/frozen-backbone', `${learning} of ${all} blocks learn, and the head.`)
  return found('training/frozen-backbone', {
    severity: slow === learning ? 'severe' : 'warning',
    weight: 5,
    title: `${slow} of the ${learning} blocks that should learn hardly do: their rate falls below a thousandth.`,
    evidence: {
      text: `With a layer decay of ${fineTune.layerDecay}, the first of them learns at ${(fineTune.layerDecay ** learning).toExponential(1)} of the rate.`,
      value: fineTune.layerDecay,
      expected: 1
    },
    repair: { label: 'One rate for all blocks', changes: { 'fineTune.layerDecay': 1 } }
  })
}

async function batchNorm(examination: Examination, graph: NetworkGraph): Promise<CheckResult[]> {
  const { fineTune } = examination.config
  const norms = learningPart(graph, fineTune.unfreeze).nodes.filter(({ op }) => op === 'batchNorm').length
  const codes = ['training/batch-norm', 'training/batch-norm-momentum'] as const
  if (norms === 0) return codes.map((code) => passed(code, 'What learns has no batch-norm.'))
  if (fineTune.batchNorm !== 'adapt') {
    const how = fineTune.batchNorm === 'folded' ? 'folded into the convolutions' : 'in inference mode'
    return codes.map((code) => passed(code, `${norms} batch-norms learn ${how}: their statistics stay.`))
  }
  return [await drifting(examination, graph, norms), stale(examination, norms)]
}

async function drifting(examination: Examination, graph: NetworkGraph, norms: number): Promise<CheckResult> {
  const size = Math.min(examination.config.fineTune.batchSize, examination.trainCount)
  const text = `${norms} batch-norms normalise by the statistics of ${size} pictures at a time`
  if (size >= FEWEST_FOR_STATISTICS) return passed('training/batch-norm', `${text}, which is enough.`)
  const [small, large] = await divergences(examination, graph, size)
  return found('training/batch-norm', {
    severity: 'severe',
    weight: 10 + (FEWEST_FOR_STATISTICS - size) / 2,
    title: `Batch-norm adapts to batches of ${size}, whose statistics are mostly chance: what is trained is not what is tested.`,
    evidence: {
      text: `${text}. The statistics of such batches are ${small.toFixed(2)} off from those that it remembers, those of ${examination.probe.length} pictures ${large.toFixed(2)}.`,
      value: small,
      expected: large
    },
    repair: { label: 'Batch-norm in inference mode', changes: { 'fineTune.batchNorm': 'frozen' } }
  })
}

/** Of batches as small as the training's, on average, and of the whole probe. */
async function divergences(
  examination: Examination,
  graph: NetworkGraph,
  size: number
): Promise<[small: number, large: number]> {
  const own = (await examination.backbone()).info.contract
  const pictures = await examination.pictures(own)
  const probes = await openNormProbes(graph, await examination.frozen())
  try {
    if (probes.length === 0) return [NaN, NaN]
    const parts: number[] = []
    for (let start = 0; start + size <= pictures.length && parts.length < 4; start += size) {
      parts.push(await normDivergence(probes, batchOf(pictures.slice(start, start + size), own), size))
    }
    const whole = await normDivergence(probes, batchOf(pictures, own), pictures.length)
    return [parts.reduce((sum, value) => sum + value, 0) / Math.max(1, parts.length), whole]
  } finally {
    for (const { network } of probes) await network.dispose()
  }
}

/** Of the old statistics, m^steps is left at the end. */
function stale(examination: Examination, norms: number): CheckResult {
  const { config, trainCount } = examination
  const steps = stepsOf(config, trainCount) * config.fineTune.accumulate
  const momentum = adaptingMomentum(Math.max(1, Math.ceil(trainCount / config.fineTune.batchSize)))
  const share = momentum ** steps
  const text = `After ${steps} batches at a momentum of ${momentum.toFixed(3)}, ${(100 * share).toFixed(1)} % of the statistics of ${norms} batch-norms are still the old ones.`
  if (share <= MOST_STALE) return passed('training/batch-norm-momentum', text)
  return found('training/batch-norm-momentum', {
    severity: share > 0.2 ? 'severe' : 'warning',
    weight: 8,
    title:
      'The training is too short for its batch-norm statistics to arrive: it is tested on a mixture of old and new.',
    evidence: { text, value: share, expected: MOST_STALE },
    repair: { label: 'Batch-norm in inference mode', changes: { 'fineTune.batchNorm': 'frozen' } }
  })
}
