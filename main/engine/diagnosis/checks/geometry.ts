/** Whether pictures are cut, resized and sized as the backbone was trained on them. */
import { contractDifferences, cropText, type ContractDifference } from '@shared/domain/contract-differences'
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import type { FrozenNetwork } from '../../executors/executor'
import { found, passed, type Check, type CheckResult } from '../check'
import type { Examination } from '../examination'
import { batchOf, meanDifference, type Picture } from '../pictures'
import { featureDistance } from '../transform-trial'

/** Pictures that features are compared on. */
const COMPARED = 16
/** Wider or taller than this is not square. */
const NOT_SQUARE = 1.15
/** Cosine distance of the features from which the answers change with it. */
const MATTERS = 0.12
/** Below which it makes no difference on these pictures. */
const NO_MATTER = 0.005
/** Share by which the side may differ before details are another size than in training. */
const FAR_SIZE = 1.3

export const geometryCheck: Check = {
  code: 'preprocessing/crop',
  phase: 'Comparing crop and resizing with the contract',
  async run(examination) {
    const { info } = await examination.backbone()
    const own = info.contract
    const differences = new Map(contractDifferences(examination.contract, own).map((one) => [one.aspect, one]))
    const opened = await openFeatures(examination, own.size)
    try {
      const results: CheckResult[] = []
      const [crop, resize, size] = [differences.get('crop'), differences.get('resize'), differences.get('size')]
      const { contract } = examination
      results.push(
        crop
          ? await wrongCrop(examination, crop, await compare(examination, opened, { ...own, ...cropOf(contract) }))
          : passed('preprocessing/crop', `Of each picture comes ${cropText(contract)}, as in training.`)
      )
      results.push(
        resize
          ? wrongFilter(examination, resize, await compare(examination, opened, { ...own, filter: contract.filter }))
          : passed('preprocessing/resize', `Resized by '${contract.filter}', with antialias and half-pixel centres.`)
      )
      results.push(
        size ? wrongSize(examination, own) : passed('preprocessing/size', `${own.size} × ${own.size}, as in training.`)
      )
      return results
    } finally {
      await opened?.dispose()
    }
  }
}

interface Comparison {
  /** Grey levels, mean over all pixels. */
  pixels: number
  /** Cosine; null where the network takes no such pictures. */
  features: number | null
  pictures: Picture[]
  /** What it is compared with. */
  own: PreprocessingContract
}

const cropOf = ({
  crop,
  cropFraction
}: PreprocessingContract): Pick<PreprocessingContract, 'crop' | 'cropFraction'> => ({
  crop,
  cropFraction
})

async function openFeatures(examination: Examination, size: number): Promise<FrozenNetwork | null> {
  const own = (await examination.backbone()).info.contract
  const geometry = ['crop', 'resize']
  if (!contractDifferences(examination.contract, own).some(({ aspect }) => geometry.includes(aspect))) return null
  return (await examination.sized(size)).openFeatures(await examination.frozen())
}

/** What one change of the backbone's own contract does to the same pictures. */
async function compare(
  examination: Examination,
  network: FrozenNetwork | null,
  changed: PreprocessingContract
): Promise<Comparison> {
  const own = (await examination.backbone()).info.contract
  const [golden, pictures] = [await examination.pictures(own), await examination.pictures(changed)]
  const pixels = meanDifference(golden, pictures)
  if (!network) return { pixels, features: null, pictures, own }
  const count = Math.min(COMPARED, golden.length)
  const answers = async (from: readonly Picture[]): Promise<Float32Array> =>
    (await network.run(batchOf(from.slice(0, count), own), count)).slice()
  const width = network.outputShape.reduce((a, b) => a * b, 1)
  return { pixels, features: featureDistance(await answers(golden), await answers(pictures), width), pictures, own }
}

const severityOf = (features: number | null): 'severe' | 'warning' | 'info' => {
  if (features === null) return 'warning'
  return features > MATTERS ? 'severe' : features < NO_MATTER ? 'info' : 'warning'
}

const changedBy = ({ pixels, features }: Omit<Comparison, 'own'>): string =>
  `Against the contract, pixels change by ${pixels.toFixed(1)} of 255 on average` +
  (features === null ? '.' : `, features by a cosine distance of ${features.toFixed(3)}.`)

function wrongCrop(
  examination: Examination,
  { used, known }: ContractDifference,
  { own, ...comparison }: Comparison
): CheckResult {
  const aspects = comparison.pictures.map(({ width, height }) => Math.max(width, height) / Math.min(width, height))
  const slanted = aspects.filter((aspect) => aspect > NOT_SQUARE).length
  const stretch = aspects.reduce((sum, aspect) => sum + aspect, 0) / Math.max(1, aspects.length)
  const shape =
    slanted === 0
      ? 'All pictures are square.'
      : `${slanted} of ${aspects.length} pictures are not square; on average one side is ${stretch.toFixed(2)} times the other.`
  const { features, pixels } = comparison
  return found('preprocessing/crop', {
    severity: severityOf(features),
    weight: 3 + 60 * (features ?? 0.05),
    title: `Of each picture comes ${used}; the backbone was trained on ${known}.`,
    evidence: { text: `${shape} ${changedBy(comparison)}`, value: features ?? pixels, expected: 0 },
    repair: repairOf(examination, own, 'Crop as in training', ['crop', 'cropFraction'])
  })
}

function wrongFilter(
  examination: Examination,
  { used, known }: ContractDifference,
  { own, ...comparison }: Comparison
): CheckResult {
  const { features, pixels } = comparison
  const rough = used === 'nearest' ? ', which leaves out pixels and makes edges jagged' : ''
  return found('preprocessing/resize', {
    severity: severityOf(features),
    weight: 2 + 60 * (features ?? 0.05),
    title: `Pictures are resized by '${used}'${rough}; the backbone was trained with '${known}'.`,
    evidence: { text: changedBy(comparison), value: features ?? pixels, expected: 0 },
    repair: repairOf(examination, own, `Resize by '${known}'`, ['filter'])
  })
}

function wrongSize(examination: Examination, own: PreprocessingContract): CheckResult {
  const { size } = examination.contract
  const factor = Math.max(size, own.size) / Math.min(size, own.size)
  const cost = (size / own.size) ** 2
  return found('preprocessing/size', {
    severity: factor > FAR_SIZE ? 'warning' : 'info',
    weight: 2 + 4 * (factor - 1),
    title: `Pictures come at ${size} × ${size}; the backbone was trained at ${own.size} × ${own.size}.`,
    evidence: {
      text: `Everything looks ${factor.toFixed(2)} times as ${size > own.size ? 'large' : 'small'} as it learned it; a pass costs ${cost.toFixed(2)} times as much.`,
      value: size,
      expected: own.size
    },
    repair: repairOf(examination, own, `Use ${own.size} × ${own.size}`, ['size'])
  })
}

/** The override goes where nothing else of it is left. */
function repairOf(
  { contract }: Examination,
  own: PreprocessingContract,
  label: string,
  keys: (keyof PreprocessingContract)[]
): { label: string; changes: Record<string, string | number | null> } {
  const repaired = { ...contract, ...Object.fromEntries(keys.map((key) => [key, own[key]])) }
  if (contractDifferences(repaired, own).length === 0) return { label, changes: { contract: null } }
  return {
    label,
    changes: Object.fromEntries(keys.map((key) => [`contract.${key}`, own[key] as string | number]))
  }
}
