/** The weights of a file on a built-in architecture: the trainable twin of a model that could otherwise only be run as it is. */
import { StudioError } from '@shared/errors'
import type { Architecture } from '../architectures/index'
import type { NetworkGraph } from '../graph'
import { planMatch, type MatchPlan } from './plan'
import type { SourceTensor } from './source-tensor'

const NAMED = 8

export interface Match {
  graph: NetworkGraph
  /** What the person who imports should know. */
  notes: string[]
}

/**
 * @param tensors in the order in which they were made, optimiser's slots left out
 * @param size side of the input picture; the architecture's own when left out
 * @throws StudioError backbone/incomplete naming the variables that no tensor fits, backbone/corrupt when a value is not finite
 */
export async function matchWeights(
  architecture: Architecture,
  tensors: readonly SourceTensor[],
  size?: number | null
): Promise<Match> {
  const plan = planMatch(architecture, tensors)
  if (plan.missing.length > 0) {
    throw new StudioError('backbone/incomplete', `${missingSentence(architecture, plan)}.`, {
      architecture: architecture.id,
      missing: plan.missing.map(({ name }) => name)
    })
  }
  const values = new Map<string, Float32Array>()
  for (const [name, tensor] of plan.pairs) {
    const floats = await tensor.floats()
    if (!floats.every(Number.isFinite)) {
      throw new StudioError('backbone/corrupt', `The tensor '${tensor.name}' holds numbers that are not finite.`, {
        name
      })
    }
    values.set(name, floats)
  }
  const graph = architecture.build({
    weights: (name) => values.get(name)!,
    classes: plan.classes,
    ...(size ? { size } : {})
  })
  return { graph, notes: notesOf(architecture, plan) }
}

/** Without the full stop: '12 of 262 variables of MobileNetV2 are missing: …'. */
export function missingSentence({ name }: Architecture, { missing, wanted }: MatchPlan): string {
  const named = missing.slice(0, NAMED).map((variable) => `${variable.name} [${variable.shape.join(', ')}]`)
  const rest = missing.length > NAMED ? ` and ${missing.length - NAMED} more` : ''
  return `${missing.length} of the ${wanted} variables of ${name} have no tensor in the file: ${named.join(', ')}${rest}`
}

function notesOf({ name }: Architecture, { by, classes, unused }: MatchPlan): string[] {
  const notes = [`Its variables fill ${name}: it can be fine-tuned.`]
  if (by === 'order') notes.push('They were matched by shape, in the order in which they were made: names say nothing.')
  if (classes === 1001) notes.push('Its top has 1,001 classes: the first is the background, which is in no picture.')
  if (unused > 0) notes.push(`${unused} tensor${unused > 1 ? 's were' : ' was'} left over.`)
  return notes
}
