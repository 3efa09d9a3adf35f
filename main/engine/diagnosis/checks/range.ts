/** Whether the network sees values of the range, and colours in the order, that it was trained on. */
import { contractDifferences, rangeText } from '@shared/domain/contract-differences'
import { valueRange, type PreprocessingContract } from '@shared/domain/preprocessing'
import { KNOWN_CONTRACTS, type KnownContract } from '../../backbones/contract-proposal/known-contracts'
import { found, passed, type Check, type CheckResult } from '../check'
import type { Examination } from '../examination'
import { barsPicture } from '../picture'
import { batchOf, summaryOf, type Picture } from '../pictures'
import { openTransformTrial, type TransformFit } from '../transform-trial'

/** Pictures that each transform is tried on. */
const TRIED = 16
/** What a divergence has to be ahead by before it is believed: on EfficientNet-Lite0 its own has .03 to .3, wrong ranges above 1. */
const CLEARLY_WORSE = 0.25
/** A backbone's own contract is only doubted when another fits better by far. */
const BETTER_BY = 0.6
const BETTER_TIMES = 4
/** Highest absolute value of what was scaled once too often. */
const SCALED_TWICE = 0.05

export const rangeCheck: Check = {
  code: 'preprocessing/range',
  phase: 'Comparing what the network sees with what it was trained on',
  async run(examination) {
    const { contract } = examination
    const backbone = await examination.backbone()
    const own = backbone.info.contract
    // The backbone's own crop and size: only the values may differ.
    const pictures = (await examination.pictures(own)).slice(0, TRIED)
    if (pictures.length === 0) return [passed('preprocessing/range', 'No picture could be read to look at.')]
    const trial = await openTransformTrial(backbone, await examination.frozen())
    try {
      const different = contractDifferences(contract, own).map(({ aspect }) => aspect)
      const differs = different.includes('range') || different.includes('channel-order')
      const known = await trial.fit(pictures, own)
      const fits = { known, used: differs ? await trial.fit(pictures, valuesOf(contract, own)) : known }
      const view = { examination, own, pictures, fits, name: backbone.info.name }
      const range = different.includes('range')
        ? wrongRange(view)
        : ((await betterKnown(view, (known) => trial.fit(pictures, known))) ?? rightRange(view))
      const order = different.includes('channel-order')
        ? wrongOrder(view)
        : passed('preprocessing/channel-order', `Colours come as ${contract.colorOrder}, as it was trained on them.`)
      return [range, order]
    } finally {
      await trial.close()
    }
  }
}

interface View {
  examination: Examination
  own: PreprocessingContract
  pictures: readonly Picture[]
  fits: { used: TransformFit; known: TransformFit }
  name: string
}

/** The values of one contract in the geometry of another. */
const valuesOf = (
  { mean, std, colorOrder }: PreprocessingContract,
  geometry: PreprocessingContract
): PreprocessingContract => ({ ...geometry, mean, std, colorOrder })

function rightRange({ examination, own, pictures, fits }: View): CheckResult {
  const { min, max, mean } = summaryOf(batchOf(pictures, valuesOf(examination.contract, own)))
  const { confidence } = fits.used
  const sure = confidence === null ? '' : `; ${percent(confidence)} sure of ImageNet classes`
  return passed(
    'preprocessing/range',
    `${pictures.length} pictures reach it from ${short(min)} to ${short(max)}, mean ${short(mean)}: as in training${sure}.`
  )
}

function wrongRange({ examination, own, pictures, fits, name }: View): CheckResult {
  const { contract } = examination
  const { min, max, mean } = summaryOf(batchOf(pictures, valuesOf(contract, own)))
  const twice = Math.max(...valueRange(contract).map(Math.abs)) < SCALED_TWICE
  const differs = `The network sees values in ${rangeText(contract)}; '${name}' was trained on ${rangeText(own)}`
  const worse = excess(fits)
  return found('preprocessing/range', {
    severity: worse === null || worse > CLEARLY_WORSE ? 'severe' : 'warning',
    weight: 20 + 10 * Math.min(worse ?? 1, 5),
    title: twice ? `${differs}: they are scaled twice.` : `${differs}.`,
    evidence: {
      text: `Of ${pictures.length} real pictures: ${short(min)} to ${short(max)}, mean ${short(mean)}. ${compared(fits)}`,
      ...figures(fits),
      ...drawn(fits, ['as configured', 'as trained'])
    },
    repair: { label: "Use the backbone's own values", changes: ownValues(examination, own) }
  })
}

function wrongOrder({ examination, own, fits, name }: View): CheckResult {
  const { contract } = examination
  const worse = excess(fits)
  return found('preprocessing/channel-order', {
    severity: worse === null || worse > CLEARLY_WORSE / 4 ? 'severe' : 'warning',
    weight: 15 + 10 * Math.min(worse ?? 1, 5),
    title: `Colours come as ${contract.colorOrder}; '${name}' was trained on ${own.colorOrder}: red and blue are swapped.`,
    evidence: { text: compared(fits), ...figures(fits), ...drawn(fits, [contract.colorOrder, own.colorOrder]) },
    repair: { label: `Use ${own.colorOrder}`, changes: ownValues(examination, own) }
  })
}

/** A backbone whose contract was guessed, or set by hand, may itself be wrong. */
async function betterKnown(
  { own, fits, name }: View,
  fitOf: (contract: PreprocessingContract) => Promise<TransformFit>
): Promise<CheckResult | null> {
  const now = fits.known.divergence
  if (now === null || now < BETTER_BY) return null
  const tried: { known: KnownContract; contract: PreprocessingContract; fit: TransformFit }[] = []
  for (const known of KNOWN_CONTRACTS) {
    const contract = { ...own, mean: known.mean, std: known.std, colorOrder: known.colorOrder }
    tried.push({ known, contract, fit: await fitOf(contract) })
  }
  const best = tried.reduce((a, b) => (b.fit.divergence! < a.fit.divergence! ? b : a))
  const value = best.fit.divergence!
  if (now - value < BETTER_BY || now < BETTER_TIMES * value) return null
  return found('preprocessing/range', {
    severity: 'severe',
    weight: 20 + 10 * Math.min(now - value, 5),
    title: `'${name}' says that it takes values in ${rangeText(own)}, but answers as if it was trained on ${best.known.name}.`,
    evidence: {
      text: `${compared({ used: fits.known, known: best.fit })}`,
      ...figures({ used: fits.known, known: best.fit }),
      ...drawn({ used: fits.known, known: best.fit }, ['as it says', 'as it answers'])
    },
    repair: { label: `Use ${rangeText(best.contract)}`, changes: { contract: JSON.stringify(best.contract) } }
  })
}

/** How much further the batch-norms are off; null where there is none to ask. */
function excess({ used, known }: View['fits']): number | null {
  if (used.divergence !== null && known.divergence !== null) return used.divergence - known.divergence
  return null
}

function compared({ used, known }: View['fits']): string {
  const parts: string[] = []
  if (used.divergence !== null && known.divergence !== null) {
    parts.push(
      `What its first batch-norms meet is off by ${used.divergence.toFixed(2)} from what they remember of training ` +
        `(${known.divergence.toFixed(2)} with the right values).`
    )
  }
  if (used.confidence !== null && known.confidence !== null) {
    parts.push(
      `Of the ImageNet classes it is ${percent(used.confidence)} sure (${percent(known.confidence)}), ` +
        `entropy ${used.entropy!.toFixed(2)} nats (${known.entropy!.toFixed(2)})` +
        (used.confidence > known.confidence ? ', which says little: a wrong range can leave a network as sure.' : '.')
    )
  }
  return parts.length > 0 ? parts.join(' ') : 'The model is a closed file, so that only its contract can be compared.'
}

const figures = ({ used, known }: View['fits']): { value?: number; expected?: number } =>
  used.divergence !== null && known.divergence !== null
    ? { value: used.divergence, expected: known.divergence }
    : { value: used.confidence ?? undefined, expected: known.confidence ?? undefined }

function drawn({ used, known }: View['fits'], [first, second]: [string, string]): { picture?: string } {
  if (used.divergence !== null && known.divergence !== null) {
    const highest = Math.max(used.divergence, known.divergence, 1e-6)
    return {
      picture: barsPicture('off from what batch-norm remembers', [
        { label: first, value: used.divergence / highest, text: used.divergence.toFixed(2), wrong: true },
        { label: second, value: known.divergence / highest, text: known.divergence.toFixed(2) }
      ])
    }
  }
  if (used.confidence === null || known.confidence === null) return {}
  return {
    picture: barsPicture('sure of ImageNet classes', [
      { label: first, value: used.confidence, text: percent(used.confidence), wrong: true },
      { label: second, value: known.confidence, text: percent(known.confidence) }
    ])
  }
}

/** Only the values: what else was overridden stays. Where nothing else was, the whole override goes. */
function ownValues({ contract }: Examination, own: PreprocessingContract): Record<string, string | null> {
  const repaired = valuesOf(own, contract)
  return contractDifferences(repaired, own).length === 0 ? { contract: null } : { contract: JSON.stringify(repaired) }
}

const percent = (share: number): string => `${Math.round(share * 100)} %`
const short = (value: number): string => String(Number(value.toPrecision(3)))
