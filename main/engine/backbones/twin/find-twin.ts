/** Which of the built-in architectures a file's variables belong to. */
import { ARCHITECTURES, architectureOf, type Architecture } from '../architectures/index'
import type { NetworkGraph } from '../graph'
import { matchWeights, missingSentence } from './match-weights'
import { planMatch, type MatchPlan } from './plan'
import type { SourceTensor } from './source-tensor'

export interface Twin {
  /** Null when no architecture fits; the notes say why. */
  graph: NetworkGraph | null
  /** Its id. */
  architecture: string | null
  notes: string[]
}

export interface TwinOptions {
  /** Side of the pictures that the file wants; null when it takes any. */
  size: number | null
  /** Id of the architecture, when the user knows it. */
  architecture?: string | undefined
}

/**
 * Tries them all, unless one is named. Without a name, a file that fits none is no error: it can still be run as it is.
 *
 * @throws StudioError backbone/not-found when the named one does not exist, backbone/incomplete when it does not fit,
 *   backbone/corrupt when values are not finite
 */
export async function findTwin(tensors: readonly SourceTensor[], options: TwinOptions): Promise<Twin> {
  if (options.architecture !== undefined) {
    const architecture = architectureOf(options.architecture)
    return { architecture: architecture.id, ...(await matchWeights(architecture, tensors, options.size)) }
  }
  const plans = ARCHITECTURES.map((architecture) => ({ architecture, plan: planMatch(architecture, tensors) }))
  const complete = plans.filter(({ plan }) => plan.missing.length === 0).sort(byFit)
  const [best, second] = complete
  if (!best) return { graph: null, architecture: null, notes: [whyNone(plans)] }
  if (second && byFit(best, second) === 0) {
    const names = complete.filter((other) => byFit(best, other) === 0).map(({ architecture }) => architecture.name)
    const note = `Its variables fit ${names.join(' and ')} alike; name one of them to have a network that can be fine-tuned.`
    return { graph: null, architecture: null, notes: [note] }
  }
  return { architecture: best.architecture.id, ...(await matchWeights(best.architecture, tensors, options.size)) }
}

interface Candidate {
  architecture: Architecture
  plan: MatchPlan
}

/** Fewer tensors left over, then names rather than order. */
function byFit({ plan: a }: Candidate, { plan: b }: Candidate): number {
  return a.unused - b.unused || Number(a.by === 'order') - Number(b.by === 'order')
}

function whyNone(plans: readonly Candidate[]): string {
  const share = ({ plan }: Candidate): number => plan.missing.length / plan.wanted
  const nearest = plans.reduce((best, other) => (share(other) < share(best) ? other : best))
  const none = 'It can be used as it is, but not fine-tuned: its variables fill none of the built-in architectures.'
  return share(nearest) > 0.5 ? none : `${none} ${missingSentence(nearest.architecture, nearest.plan)}.`
}
