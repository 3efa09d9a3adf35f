/** Whether a smaller backbone would do as well in less time; and whether this one has learned anything at all. */
import type { Rival } from '@shared/worker-protocol/doctor'
import { loadBackbone, type LoadedBackbone } from '../../backbones/load-backbone'
import { found, passed, skipped, type Check, type CheckResult } from '../check'
import type { Examination } from '../examination'
import { barsPicture } from '../picture'
import { crossValidate, shareOf } from '../quick-head'

/** Times that a rival has to be faster to be worth a word. */
const FASTER = 2
/** Share of right answers that it may cost. */
const MAY_COST = 0.01
/** Rivals tried, and seconds that the features of one may take. */
const MOST_RIVALS = 2
const MOST_SECONDS = 8
/** Pictures in a timed pass. */
const TIMED = 8
const ROUNDS = 3

export const oversizedCheck: Check = {
  code: 'model/oversized',
  phase: 'Comparing with smaller backbones at hand',
  async run(examination) {
    const { info } = await examination.backbone()
    if (info.provenance?.how === 'random') return [untrained(info.name, examination.config)]
    const trained = passed('model/untrained', `'${info.name}' comes with weights that were trained.`)
    const rivals = smaller(examination.job.rivals, info.multiplyAdds, examination)
    if (rivals.length === 0) {
      return [trained, skipped('model/oversized', 'There is no smaller backbone here to compare it with.')]
    }
    return [trained, await compare(examination, rivals)]
  }
}

/** Of all that a run can have against it this weighs most; where the whole backbone learns, it is at least not hopeless. */
function untrained(name: string, { mode, fineTune }: Examination['config']): CheckResult {
  const learns = mode === 'finetune' && fineTune.unfreeze === 'all'
  return found('model/untrained', {
    severity: 'severe',
    weight: 50,
    title: learns
      ? `The weights of '${name}' were never trained: all it comes to know is in these pictures.`
      : `The weights of '${name}' were never trained: its features say little, and no head can mend that.`,
    evidence: { text: 'It was made of random weights.' },
    repair: { label: 'Use the embedded backbone', changes: { backboneId: 'efficientnet-lite0' } }
  })
}

/** Those that multiply at most half as much, the largest of them first: it is the likeliest to be as good. */
function smaller(rivals: readonly Rival[], own: number | null, { sample }: Examination): Rival[] {
  if (own === null) return []
  return rivals
    .filter(({ form, multiplyAdds }) => form === 'graph' && multiplyAdds !== null && multiplyAdds * FASTER <= own)
    .filter(({ msPerImage }) => msPerImage === null || (msPerImage * sample.length) / 1000 <= MOST_SECONDS)
    .sort((a, b) => b.multiplyAdds! - a.multiplyAdds!)
    .slice(0, MOST_RIVALS)
}

interface Measured {
  name: string
  id: string
  ms: number
  right: Uint8Array
}

async function compare(examination: Examination, rivals: readonly Rival[]): Promise<CheckResult> {
  const { classes, config } = examination
  const runtime = examination.headRuntime()
  const own = await examination.backbone()
  const sized = await examination.sized(examination.contract.size)
  const right = await crossValidate(runtime, await examination.features(), classes.length, config.seed)
  const mine: Measured = { name: own.info.name, id: own.info.id, ms: await passTime(examination, sized), right }
  const others: Measured[] = []
  for (const { id, name } of rivals) {
    if (examination.signal.aborted) break
    const backbone = await loadBackbone(examination.train.backbonesDirectories, id)
    const set = await examination.featuresOf(backbone, backbone.info.contract)
    // Cross-validation pairs rows: both have to have them all.
    if (set.labels.length !== right.length) continue
    others.push({
      name,
      id,
      ms: await passTime(examination, backbone),
      right: await crossValidate(runtime, set, classes.length, config.seed)
    })
  }
  return judge(mine, others)
}

export function judge(mine: Measured, others: readonly Measured[]): CheckResult {
  const better = others
    .filter(({ ms }) => mine.ms / ms >= FASTER)
    .map((other) => ({ ...other, ...costOf(mine.right, other.right) }))
    .filter(({ cost }) => cost <= MAY_COST)
    .sort((a, b) => a.cost - b.cost)[0]
  const accuracy = shareOf(mine.right)
  if (!better) {
    const tried = others.map(({ name, ms, right }) => `'${name}' ${percent(shareOf(right))} at ${ms.toFixed(1)} ms`)
    return passed(
      'model/oversized',
      `A quick head is right in ${percent(accuracy)} at ${mine.ms.toFixed(1)} ms a picture; smaller: ${tried.join(', ') || 'none'}.`
    )
  }
  const times = (mine.ms / better.ms).toFixed(1)
  const change = better.cost > 0 ? `loses ${points(better.cost)}` : `gains ${points(-better.cost)}`
  return found('model/oversized', {
    severity: 'warning',
    weight: 1,
    title: `'${better.name}' does as well here and is ${times} times as fast as '${mine.name}'.`,
    evidence: {
      text:
        `On ${mine.right.length} pictures it ${change} points (95 % interval of the loss ${points(better.low)} to ${points(better.high)}): ` +
        `${percent(shareOf(better.right))} at ${better.ms.toFixed(1)} ms a picture against ${percent(accuracy)} at ${mine.ms.toFixed(1)} ms.`,
      value: mine.ms,
      expected: better.ms,
      picture: barsPicture('ms a picture', [
        { label: mine.name.slice(0, 16), value: 1, text: mine.ms.toFixed(1), wrong: true },
        { label: better.name.slice(0, 16), value: better.ms / mine.ms, text: better.ms.toFixed(1) }
      ])
    },
    repair: { label: `Use '${better.name}'`, changes: { backboneId: better.id } }
  })
}

/** Of the same rows, paired: mean loss of the second, and its normal interval. */
function costOf(mine: Uint8Array, other: Uint8Array): { cost: number; low: number; high: number } {
  const count = mine.length
  const differences = Array.from(mine, (value, row) => value - other[row]!)
  const cost = differences.reduce((sum, value) => sum + value, 0) / count
  const variance = differences.reduce((sum, value) => sum + (value - cost) ** 2, 0) / Math.max(1, count - 1)
  const half = 1.96 * Math.sqrt(variance / count)
  return { cost, low: cost - half, high: cost + half }
}

/** Milliseconds a picture, the best of three passes after one to warm up. */
async function passTime(examination: Examination, backbone: LoadedBackbone): Promise<number> {
  const network = await backbone.openFeatures(await examination.frozen())
  try {
    const size = network.inputShape.reduce((a, b) => a * b, 1)
    let best = Infinity
    for (let round = 0; round <= ROUNDS; round++) {
      const begun = performance.now()
      await network.run(new Float32Array(TIMED * size), TIMED)
      if (round > 0) best = Math.min(best, (performance.now() - begun) / TIMED)
    }
    return best
  } finally {
    await network.dispose()
  }
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`
const points = (share: number): string => (100 * share).toFixed(1)
