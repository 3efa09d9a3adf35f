/** Proposes a preprocessing contract for a model of unknown origin, by trying the known ones, and says how sure it is. */
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import type { Executor, FrozenNetwork } from '../../executors/executor'
import type { NetworkGraph } from '../graph'
import { informationOf } from './answers'
import { deadLeaves } from './dead-leaves'
import { contractOf, isAlike, KNOWN_CONTRACTS, type KnownContract } from './known-contracts'
import { normDivergence, openNormProbes } from './norm-statistics'

const PICTURES = 8
/** Fewer classes than this are no classes, but features. */
const FEWEST_CLASSES = 100
/** How much worse a divergence, or an information, has to be to divide the certainty by e. */
const DIVERGENCE_UNIT = 0.15
const INFORMATION_UNIT = 0.25
/**
 * The divergence at which it is as likely that the network was trained on none of these contracts. Measured on EfficientNet-Lite0:
 * 0.03 to 0.09 under its own, 0.3 to 0.7 under others of the same order, above 2 where the range is another.
 */
const NONE_FITS = 0.8
/** Below this the measured order of the contracts is chance, and custom is the better guide. */
const NONE = 0.02
/** Answers alone never make sure: a wrong range can leave a network just as confident. */
const MOST_BY_ANSWERS = 0.7
const BY_CUSTOM = 0.3
/** Nats that what is customary is ahead by: answers differ by little, and most models follow custom. */
const CUSTOM_HEAD_START = 0.25
const FEWEST_PICTURES = 8
/** Factors below this bring bytes to the order of 1: 1 / 255, 1 / 127.5, 1 / (255 · 0.225). */
const BYTE_FACTOR = 0.02

export interface ContractProposal {
  /** Of the known contract. */
  id: string
  contract: PreprocessingContract
  /**
   * 0–1: how much speaks for this one and those that cannot be told from it, among all that were tried and, where a divergence
   * was measured, that it is none of them.
   */
  certainty: number
  /** One sentence. */
  reason: string
  /** What was measured; null when nothing could be. */
  score: { of: 'norm-divergence' | 'information'; value: number } | null
}

export interface ProposalSubject {
  /** The network, when it is layers. */
  graph: NetworkGraph | null
  /** Runs the graph. */
  executor: Executor
  /** Side of the pictures. */
  size: number
  /** Of a model in a foreign form: it itself, open; best with its class scores as output. Not disposed of. */
  network?: FrozenNetwork | null
  /** Who wrote it, as far as its form tells. */
  form?: 'onnx' | 'saved-model' | null
  layout?: 'NHWC' | 'NCHW'
  /**
   * Real pictures, size × size × 3 of red, green, blue, 0–255: only from those can answers be judged. At least 8, else answers
   * are not asked for.
   */
  pictures?: readonly Uint8Array[]
}

/** The most likely first; one for each known contract. @throws StudioError backbone/corrupt, device/no-executor */
export async function proposeContract(subject: ProposalSubject): Promise<ContractProposal[]> {
  return (await byNorms(subject)) ?? (await byAnswers(subject)) ?? byCustom(subject)
}

async function byNorms(subject: ProposalSubject): Promise<ContractProposal[] | null> {
  const { graph, executor, size } = subject
  const probes = graph ? await openNormProbes(graph, executor) : []
  try {
    if (probes.length === 0) return null
    const pictures = deadLeaves(PICTURES, size)
    const values: number[] = []
    for (const known of KNOWN_CONTRACTS) values.push(await normDivergence(probes, applied(pictures, known), PICTURES))
    const first = probes.length === 1 ? 'its first batch-norm meets' : `its first ${probes.length} batch-norms meet`
    const ranked = rank(size, values, {
      of: 'norm-divergence',
      unit: DIVERGENCE_UNIT,
      most: 1,
      none: NONE_FITS,
      because: (value) =>
        `${first} what they remember of training, but for a divergence of ${value.toFixed(2)} ` +
        `(0 is a perfect match; above ${NONE_FITS} it is likelier that no contract tried here is right)`
    })
    return ranked[0]!.certainty < NONE ? customFirst(ranked, customOf(subject)) : ranked
  } finally {
    for (const { network } of probes) await network.dispose()
  }
}

async function byAnswers(subject: ProposalSubject): Promise<ContractProposal[] | null> {
  const { graph, executor, network, size, pictures = [] } = subject
  if (pictures.length < FEWEST_PICTURES) return null
  const own = graph ? await executor.load(graph) : null
  try {
    const answering = own ?? network
    if (!answering || answering.outputShape.reduce((a, b) => a * b, 1) < FEWEST_CLASSES) return null
    const values: number[] = []
    for (const known of KNOWN_CONTRACTS) {
      const answers = await answering.run(applied(pictures, known), pictures.length)
      const information =
        informationOf(answers, pictures.length) + (known.id === customOf(subject).id ? CUSTOM_HEAD_START : 0)
      // Infinite values come of a range that is far off.
      values.push(Number.isFinite(information) ? -information : Infinity)
    }
    if (!values.some(Number.isFinite)) return null
    return rank(size, values, {
      of: 'information',
      unit: INFORMATION_UNIT,
      most: MOST_BY_ANSWERS,
      none: Infinity,
      because: (value) =>
        `its answers tell pictures apart best so: ${(-value).toFixed(2)} nats of ${Math.log(pictures.length).toFixed(2)}`
    })
  } finally {
    await own?.dispose()
  }
}

/** Nothing can be measured on features alone: what is customary where the file comes from. */
function byCustom(subject: ProposalSubject): ContractProposal[] {
  const { id, why } = customOf(subject)
  return KNOWN_CONTRACTS.map((known) => ({
    id: known.id,
    contract: contractOf(known, subject.size),
    certainty: known.id === id ? BY_CUSTOM : 0,
    reason: known.id === id ? `A guess: nothing could be measured; ${why}.` : 'Nothing could be measured.',
    score: null
  })).sort((a, b) => b.certainty - a.certainty)
}

/** Of contracts that all do not fit: the customary one, for what it is. */
function customFirst(ranked: ContractProposal[], { id, why }: ReturnType<typeof customOf>): ContractProposal[] {
  const nearest = ranked[0]!.score!.value.toFixed(2)
  const custom = ranked.find((proposal) => proposal.id === id)!
  const reason =
    `A guess, for ${why}: what its batch-norms remember of training fits none of the contracts that were tried ` +
    `(the nearest is off by ${nearest}, where ${NONE_FITS} is too much).`
  return [{ ...custom, reason }, ...ranked.filter((proposal) => proposal !== custom)]
}

function customOf({ graph, form, layout }: ProposalSubject): { id: string; why: string } {
  if (graph && rescalesBytes(graph)) return { id: 'raw', why: 'its first layer rescales values of 0 to 255' }
  if (form === 'saved-model') return { id: 'zero-to-one', why: 'modules of TensorFlow Hub take pictures so' }
  if (layout === 'NCHW') {
    return { id: 'standardised', why: 'models with channels first mostly come from PyTorch, which takes pictures so' }
  }
  return { id: 'minus-one-to-one', why: 'most models of Keras take pictures so' }
}

/** Keras' Rescaling(1 / 255) or (1 / 127.5), before any layer with weights. */
function rescalesBytes({ nodes }: NetworkGraph): boolean {
  const input = nodes.find(({ op }) => op === 'input')
  const first = nodes.find((node) => 'input' in node && node.input === input?.name)
  return first?.op === 'affine' && first.scale.every((factor) => Math.abs(factor) < BYTE_FACTOR)
}

interface Measure {
  of: 'norm-divergence' | 'information'
  unit: number
  most: number
  /** The value that speaks as much for none of them. */
  none: number
  because: (value: number) => string
}

/** @param values of each known contract, the lower the better */
function rank(size: number, values: readonly number[], { of, unit, most, none, because }: Measure): ContractProposal[] {
  const least = Math.min(...values)
  const shares = values.map((value) => Math.exp((least - value) / unit))
  const sum = shares.reduce((total, share) => total + share, Math.exp((least - none) / unit))
  return KNOWN_CONTRACTS.map((known, index) => {
    const alike = KNOWN_CONTRACTS.filter((other) => isAlike(known, other))
    const share = alike.reduce((total, other) => total + shares[KNOWN_CONTRACTS.indexOf(other)]!, 0)
    const certainty = (most * share) / sum
    const others = alike.filter((other) => other !== known).map(({ id }) => `'${id}'`)
    const same = others.length > 0 ? ` (${others.join(', ')} would be nearly the same)` : ''
    const value = values[index]!
    return {
      id: known.id,
      contract: contractOf(known, size),
      certainty,
      reason: `${words(certainty)}: with ${known.name}${same}, ${because(value)}.`,
      score: { of, value: of === 'information' ? -value : value }
    }
  }).sort((a, b) => values[index(a)]! - values[index(b)]!)
}

const index = ({ id }: ContractProposal): number => KNOWN_CONTRACTS.findIndex((known) => known.id === id)

const words = (certainty: number): string =>
  certainty > 0.9 ? 'Almost certain' : certainty > 0.6 ? 'Likely' : certainty > 0.3 ? 'Possible' : 'Unlikely'

function applied(pictures: readonly Uint8Array[], { colorOrder, mean, std }: KnownContract): Float32Array {
  const size = pictures[0]!.length
  const batch = new Float32Array(pictures.length * size)
  pictures.forEach((pixels, picture) => {
    for (let place = 0; place < size; place += 3) {
      for (let channel = 0; channel < 3; channel++) {
        const value = pixels[place + (colorOrder === 'RGB' ? channel : 2 - channel)]!
        batch[picture * size + place + channel] = (value - mean[channel]!) / std[channel]!
      }
    }
  })
  return batch
}
